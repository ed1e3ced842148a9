import type { AuditEvent } from '../../audit';
import { configureLogging } from '../../platform/logging';
import { TlsRefusals } from './tls-refusals';

describe('refused TLS connections', () => {
  let now: number;
  let events: AuditEvent[];
  let refusals: TlsRefusals;

  beforeEach(() => {
    configureLogging({ level: 'silent' });
    now = 0;
    events = [];
    refusals = new TlsRefusals({ record: (event) => Promise.resolve(void events.push(event)) }, () => now);
  });

  it('are recorded one by one at an ordinary pace', () => {
    for (let count = 0; count < 30; count++) {
      refusals.note('ECONNRESET', { address: '192.0.2.1' });
      now += 5_000;
    }
    expect(events).toHaveLength(30);
    expect(events[0]).toMatchObject({
      kind: 'pki.certificate-refused',
      outcome: 'refused',
      facts: { reason: 'ECONNRESET' },
    });
  });

  it('of a flood are counted, and the next record says how many; another origin is still recorded', () => {
    for (let count = 0; count < 10_000; count++) refusals.note('ECONNRESET', { address: '192.0.2.1' });
    expect(events).toHaveLength(20);
    refusals.note('revoked', { peer: 'CN=other' });
    expect(events.at(-1)?.facts).toEqual({ reason: 'revoked', notRecordedBefore: 9_980 });
    now += 60_000;
    refusals.note('ECONNRESET', { address: '192.0.2.1' });
    expect(events.at(-1)?.facts).toEqual({ reason: 'ECONNRESET' });
  });

  it('from ever new addresses are bounded together', () => {
    for (let count = 0; count < 5_000; count++) refusals.note('ECONNRESET', { address: `2001:db8::${count}` });
    expect(events).toHaveLength(200);
  });

  it('that cannot be recorded end nothing', async () => {
    const failing = new TlsRefusals({ record: () => Promise.reject(new Error('no database')) });
    failing.note('revoked', {});
    await new Promise((resolve) => setImmediate(resolve));
  });
});
