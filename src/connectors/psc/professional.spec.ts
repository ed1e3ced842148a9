import { professionalOf, workSituationsOf } from './professional';
import { chooseSituation, PscSession, SessionSeal, situationOf } from './psc-session';

const activity = (structureId: string, more = {}) => ({
  ancienIdentifiantDeLaStructure: structureId,
  raisonSocialeSite: `S${structureId}`,
  codeSecteurDactivite: 'SA01',
  ...more,
});
const exercice = (...activities: object[]) => ({
  codeProfession: '10',
  codeSavoirFaire: 'SM44',
  nomDexercice: 'ESSAI',
  prenomDexercice: 'CAMILLE',
  activities,
});

describe('the claims of Pro Santé Connect', () => {
  it('give every activity of every practice', () => {
    const claims = {
      SubjectRefPro: {
        exercices: [exercice(activity('1'), activity('2')), exercice(activity('3', { codeSecteurDactivite: 'SA07' }))],
      },
    };
    expect(workSituationsOf(claims).map((one) => `${one.structureId} ${one.sector} ${one.profession}`)).toEqual([
      '1 SA01 10',
      '2 SA01 10',
      '3 SA07 10',
    ]);
  });

  it.each<[string, unknown]>([
    ['absent', undefined],
    ['a text', 'SubjectRefPro'],
    ['null', null],
    ['without practice', {}],
    ['with practices that are none', { exercices: ['x', null, 3] }],
    ['without structure identifier', { exercices: [exercice({ raisonSocialeSite: 'S' }, activity(''))] }],
    ['with an identifier beyond measure', { exercices: [exercice(activity('9'.repeat(301)))] }],
  ])('give no situation when the reference is %s', (_, reference) => {
    expect(workSituationsOf({ SubjectRefPro: reference })).toEqual([]);
  });

  it('stop at two hundred situations', () => {
    const many = Array.from({ length: 300 }, () => exercice(activity('1'), activity('2')));
    expect(workSituationsOf({ SubjectRefPro: { exercices: many } })).toHaveLength(200);
  });

  it.each<[string, object, string | undefined, string | undefined]>([
    ['an RPPS identifier', { SubjectNameID: '899900000017' }, '899900000017', '99900000017'],
    ['an ADELI identifier', { SubjectNameID: '0999000017' }, '0999000017', undefined],
    ['an employee identifier', { SubjectNameID: '3123456789/123' }, '3123456789/123', undefined],
    ['nothing', {}, undefined, undefined],
  ])('name a professional by %s', (_, claims, subjectNameId, rpps) => {
    const found = professionalOf({ sub: 'x', ...claims });
    expect(found?.subjectNameId).toBe(subjectNameId);
    expect(found?.rpps).toBe(rpps);
  });
});

describe('a session', () => {
  const session: PscSession = {
    version: 1,
    professional: { subject: 'x', subjectNameId: '899900000017', roles: [] },
    situations: workSituationsOf({ SubjectRefPro: { exercices: [exercice(activity('1'), activity('2'))] } }),
    idToken: 'id',
    accessToken: 'acces-secret',
    accessTokenEndsAtMs: 0,
    loggedInAtMs: 0,
  };

  it('acts for one of its own structures only', () => {
    expect(situationOf(session)).toBeUndefined();
    expect(situationOf(chooseSituation(session, '2') ?? session)?.structureId).toBe('2');
    expect(chooseSituation(session, '3')).toBeUndefined();
  });

  it('is stored sealed, never twice alike, and opens with its key only', () => {
    const seal = new SessionSeal('clef');
    const sealed = seal.seal(session);
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('acces-secret');
    expect(seal.seal(session)).not.toBe(sealed);
    expect(seal.open(sealed)).toEqual(session);
    expect(new SessionSeal('autre').open(sealed)).toBeUndefined();
  });

  it('does not open when one byte changed or some are missing', () => {
    const seal = new SessionSeal('clef');
    const bytes = Buffer.from(seal.seal(session), 'base64url');
    for (const at of [0, 12, 28, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] ^= 1;
      expect(seal.open(changed.toString('base64url'))).toBeUndefined();
    }
    for (const length of [0, 10, 28, bytes.length - 1])
      expect(seal.open(bytes.subarray(0, length).toString('base64url'))).toBeUndefined();
  });
});
