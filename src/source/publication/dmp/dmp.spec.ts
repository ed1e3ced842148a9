import type { DmpOutcome } from '../../../connectors/dmp';
import type { ReportRequest } from '../../intake';
import { professionalOf, rolesOf } from './caller';
import { failureOf } from './dmp-failure';

describe('roles for the VIHF', () => {
  const coded = (code: string, displayName = '') => ({ code, codeSystem: '1', displayName });
  it.each([
    [
      'G15_10/SM44',
      'Médecin - Radio-diagnostic (SM)',
      [
        ['10', 'Médecin'],
        ['SM44', 'Radio-diagnostic (SM)'],
      ],
    ],
    ['G15_86', 'Manipulateur', [['86', 'Manipulateur']]],
    [
      'G15_10/SM26',
      '',
      [
        ['10', '10'],
        ['SM26', 'SM26'],
      ],
    ],
    ['else', 'Autre', [['10', 'Médecin']]],
  ])('of %s', (code, label, expected) => {
    expect(rolesOf(coded(code, label)).map((role) => [role.code, role.label])).toEqual(expected);
  });

  it('of a report that tells none are those of a physician', () => expect(rolesOf(undefined)).toHaveLength(1));

  it('are those of the sender where the report names the same person', () => {
    const request = {
      sender: { professionalId: '8002', family: 'B', given: 'C' },
      report: {
        patient: { ins: { matricule: 'm', oid: 'o' } },
        acts: [],
        authors: [
          { id: { national: '8001' }, role: coded('G15_21') },
          { id: { national: '8002' }, role: coded('G15_10/SM44') },
        ],
      },
    } as unknown as ReportRequest;
    const { professional, ins } = professionalOf(request);
    expect(professional).toMatchObject({ nationalId: '8002', familyName: 'B', givenName: 'C' });
    expect(professional.roles.map(({ code }) => code)).toEqual(['10', 'SM44']);
    expect(ins).toEqual({ matricule: 'm', oid: 'o' });
  });
});

describe('an outcome of the DMP', () => {
  const error = (code: string) => ({ code, context: 'why', severity: 'error' as const, location: '' });
  it.each<[DmpOutcome<unknown>, object | undefined]>([
    [{ kind: 'accepted', value: 1, warnings: [] }, undefined],
    [
      { kind: 'refused', code: 'X', text: 'why', errors: [error('X'), error('Y')] },
      { kind: 'refused', reason: { code: 'X', detail: 'why\nY why' }, mayBeDone: false },
    ],
    [
      { kind: 'partial', value: 1, errors: [error('Z')], warnings: [] },
      { kind: 'later', mayBeDone: true, reason: { code: 'dmp.partial', detail: 'Z why' } },
    ],
    [
      { kind: 'malformed', detail: 'd' },
      { kind: 'later', mayBeDone: true, outage: false },
    ],
    [
      { kind: 'try-again', reason: 'unreachable', mayHaveBeenDone: false, detail: 'd' },
      { kind: 'later', mayBeDone: false, outage: true },
    ],
    [
      { kind: 'try-again', reason: 'timeout', mayHaveBeenDone: true, detail: 'd' },
      { kind: 'later', mayBeDone: true, outage: true },
    ],
    [
      { kind: 'try-again', reason: 'cut', mayHaveBeenDone: true, detail: 'd' },
      { kind: 'later', mayBeDone: true, outage: false },
    ],
    [
      { kind: 'try-again', reason: 'tls', mayHaveBeenDone: false, detail: 'd' },
      { kind: 'later', mayBeDone: false, outage: false },
    ],
  ])('%j is understood', (outcome, expected) => {
    const failure = failureOf({ ...outcome, messageId: 'm' });
    if (expected) expect(failure).toMatchObject({ ...expected, messageId: 'm' });
    else expect(failure).toBeUndefined();
  });
});
