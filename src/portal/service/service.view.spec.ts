import type { Alarm } from '../../audit/alarms';
import type { HealthReport } from '../../platform/health';
import type { PortalRole, PortalUser } from '../session/portal-user';
import { alarmNotice, alarmView, mayAcknowledge, serviceView } from './service.view';

const at = new Date('2026-11-21T05:00:00Z');
const report = (name: string, more: Partial<HealthReport> = {}): HealthReport => ({
  name,
  critical: false,
  level: 'up',
  summary: 'ok',
  since: at.toISOString(),
  runbook: name,
  ...more,
});
const user = (...roles: PortalRole[]): PortalUser => ({ provider: 'psc', id: '1', name: 'X', roles });
const alarm = (name: string, more: Partial<Alarm> = {}): Alarm => ({
  id: '1',
  name,
  severity: 'critical',
  summary: 's',
  raisedAt: at,
  ...more,
});

describe('the page of the service', () => {
  it('shows troubles first, and says whether the gateway is ready', () => {
    const down = report('pacs-salle', { level: 'down', runbook: 'pacs', advice: 'a' });
    const view = serviceView([report('viewer'), down, report('psc', { level: 'warning' })], at);
    expect(view.checks.map(({ label, guide }) => [label, guide])).toEqual([
      ['PACS « salle »', '/service/aide/pacs'],
      ['Pro Santé Connect', '/service/aide/psc'],
      ['Visionneuse', '/service/aide/viewer'],
    ]);
    expect(view).toMatchObject({ tone: 'bad', verdict: '1 élément en panne, 1 à surveiller.' });
    expect(view.readiness).toContain('est prête');
    expect(serviceView([report('database', { level: 'down', critical: true })], at).readiness).toContain('pas prête');
    expect(serviceView([report('viewer')], at)).toMatchObject({ tone: 'good', verdict: 'Tout fonctionne.' });
  });

  it('does not say the same trouble twice', () => {
    const [now, before] = [
      report('a', { level: 'down', summary: 'Panne.', lastError: 'Panne.' }),
      report('b', { lastError: 'Panne.' }),
    ];
    expect(serviceView([now, before], at).checks.map(({ lastError }) => lastError)).toEqual([undefined, 'Panne.']);
  });
});

describe('the line of alarms', () => {
  it('stands on every page of those who watch, but on that of the service', () => {
    const alarms = [alarm('dmp')];
    for (const role of ['operator', 'auditor', 'administrator'] as const)
      expect(alarmNotice(user(role), alarms, '/publications')).toMatchObject({ tone: 'bad', names: 'DMP' });
    expect(alarmNotice(user(), alarms, '/publications')).toBeUndefined();
    expect(alarmNotice(undefined, alarms, '/')).toBeUndefined();
    expect(alarmNotice(user('operator'), alarms, '/service')).toBeUndefined();
    expect(alarmNotice(user('operator'), [], '/')).toBeUndefined();
  });

  it('is calm when somebody has everything in hand', () => {
    const inHand = { acknowledgedAt: at, acknowledgedBy: 'X' };
    const tone = (...alarms: Alarm[]) => alarmNotice(user('operator'), alarms, '/')?.tone;
    expect(tone(alarm('dmp', inHand))).toBe('calm');
    expect(tone(alarm('dmp', inHand), alarm('peers', { severity: 'warning' }))).toBe('warn');
    expect(alarmNotice(user('operator'), [alarm('dmp', inHand)], '/')?.names).toBe('DMP (prise en compte)');
  });

  it('is for operators and administrators to act upon', () => {
    expect([user('auditor'), user('operator'), user('administrator'), undefined].map(mayAcknowledge)).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(alarmView(alarm('pacs-x', { clearedAt: new Date(at.getTime() + 5_000) }))).toMatchObject({
      lastedMs: 5_000,
      guide: '/service/aide/pacs',
    });
  });
});
