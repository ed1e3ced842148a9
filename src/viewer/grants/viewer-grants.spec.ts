import type { ViewerPatient, ViewerStudySource } from '../dicomweb/study-source';
import { grantCookie, keyFrom } from './grant-cookie';
import { ViewerGrants } from './viewer-grants';

const someone: ViewerPatient = {
  matricule: '269054958815780',
  oid: '1.2.250.1.213.1.4.8',
  birthFamilyName: 'NOM',
  firstGivenName: 'PRENOM',
  birthDate: '19690501',
  gender: 'F',
};

describe('grants', () => {
  let now = 0;
  let closed: string[] = [];
  let grants: ViewerGrants;
  beforeEach(() => {
    [now, closed] = [1_000_000, []];
    grants = new ViewerGrants({ grantIdleMinutes: 5, grantsPerSessionMax: 2 }, () => now);
  });
  afterEach(() => grants.onApplicationShutdown());

  const source = (uid: string, patient = someone) =>
    ({
      study: { studyInstanceUid: uid, patient, series: [] },
      close: () => closed.push(uid),
    }) as unknown as ViewerStudySource;
  const open = (sessionId: string, ...sources: ViewerStudySource[]) =>
    grants.open({ sessionId, professional: { id: '8', name: 'X' }, sources });
  const unknown = expect.objectContaining({ code: 'viewer.grant-unknown' });
  const failureOf = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error;
    }
  };

  it('belong to one session, and to whoever has the key', () => {
    const { grant, key } = open('s1', source('1'));
    expect(grants.ofSession(grant.id, 's1')).toBe(grant);
    expect(grants.byKey(grant.id, key)).toBe(grant);
    expect(failureOf(() => grants.ofSession(grant.id, 's2'))).toEqual(unknown);
    expect(failureOf(() => grants.byKey(grant.id, `${key}x`))).toEqual(unknown);
    expect(failureOf(() => grants.byKey(grant.id, undefined))).toEqual(unknown);
    expect(failureOf(() => grants.byKey('other', key))).toEqual(unknown);
  });
  it('end when nobody uses them, and not before', () => {
    const { grant, key } = open('s1', source('1'));
    now += 5 * 60_000;
    grants.byKey(grant.id, key);
    now += 5 * 60_000;
    grants.byKey(grant.id, key);
    now += 5 * 60_000 + 1;
    expect(failureOf(() => grants.byKey(grant.id, key))).toEqual(unknown);
    expect(closed).toEqual(['1']);
  });
  it('end with their session, and only theirs', () => {
    open('s1', source('1'));
    const other = open('s2', source('2'));
    grants.closeSession('s1');
    expect([closed, grants.count]).toEqual([['1'], 1]);
    grants.byKey(other.grant.id, other.key);
  });
  it('follow their professional into a new session of the same browser, and nobody else', () => {
    const mine = open('s1', source('1'));
    const theirs = grants.open({
      sessionId: 's1',
      professional: { id: '9', name: 'Y' },
      sources: [source('2')],
    });
    const other = open('s2', source('3'));
    grants.moveSession({ from: 's1', to: 's3', professionalId: '8' });
    expect(grants.ofSession(mine.grant.id, 's3')).toBe(mine.grant);
    expect(grants.byKey(mine.grant.id, mine.key)).toBe(mine.grant);
    for (const session of ['s1', 's2'])
      expect(failureOf(() => grants.ofSession(mine.grant.id, session))).toEqual(unknown);
    expect(failureOf(() => grants.byKey(theirs.grant.id, theirs.key))).toEqual(unknown);
    expect([closed, [...grants.sessions].sort()]).toEqual([['2'], ['s2', 's3']]);
    grants.closeSession('s3');
    expect(closed).toEqual(['2', '1']);
    grants.byKey(other.grant.id, other.key);
  });
  it('end with the context of their patient, and tell the page at once', () => {
    const request = { sessionId: 's1', professional: { id: '8', name: 'X' } };
    const { grant } = grants.open({ ...request, contextId: 'c1', sources: [source('1')] });
    const other = grants.open({ ...request, contextId: 'c2', sources: [source('2')] });
    const told: string[] = [];
    grants.onEnd(grant.id, () => told.push('first'));
    const leave = grants.onEnd(other.grant.id, () => told.push('second'));
    leave();
    grants.closeContext('c1');
    grants.close(other.grant.id);
    expect([closed, told]).toEqual([['1', '2'], ['first']]);
  });
  it('hold the marks of their reader, on images that they show', () => {
    const study = { studyInstanceUid: '1', patient: someone, series: [{ instances: [{ sopInstanceUid: '1.1' }] }] };
    const { grant } = open('s1', { study, close: () => undefined } as unknown as ViewerStudySource);
    const mark = (sopInstanceUid: string, isMarked: boolean, session = 's1') =>
      grants.mark(grant.id, session, { sopInstanceUid, isMarked });
    expect([...mark('1.1', true).marks]).toEqual(['1.1']);
    expect(failureOf(() => mark('1.2', true))).toMatchObject({ code: 'viewer.not-granted' });
    expect(failureOf(() => mark('1.1', false, 's2'))).toEqual(unknown);
    expect([...mark('1.1', false).marks]).toEqual([]);
  });
  it('let the longest unused of a session go when there are too many', () => {
    open('s1', source('1'));
    now++;
    open('s1', source('2'));
    now++;
    open('s1', source('3'));
    expect(closed).toEqual(['1']);
  });
  it('never join two patients', () => {
    const twin = { ...someone, matricule: '269054958815779' };
    expect(failureOf(() => open('s1', source('1'), source('2', twin)))).toMatchObject({
      code: 'viewer.patients-differ',
    });
    expect([closed, grants.count]).toEqual([['1', '2'], 0]);
    const unnamed = { ...someone, matricule: undefined, birthDate: '19690502' };
    expect(failureOf(() => open('s1', source('1'), source('2', unnamed)))).toMatchObject({
      code: 'viewer.patients-differ',
    });
    expect(open('s1', source('1'), source('2')).grant.sources.size).toBe(2);
  });
  it('show something', () => {
    expect(failureOf(() => open('s1'))).toMatchObject({ code: 'viewer.no-study' });
    const many = ['1', '2', '3', '4', '5'].map((uid) => source(uid));
    expect(failureOf(() => open('s1', ...many))).toMatchObject({ code: 'viewer.no-study' });
  });
});

describe('the cookie of a grant', () => {
  it('goes to the path of its grant only, and comes back whole', () => {
    const cookie = grantCookie('G', 'k'.repeat(43));
    expect(cookie).toMatch(/Path=\/dicomweb\/G; Secure; HttpOnly; SameSite=Strict$/);
    expect(keyFrom(`a=b; ${cookie.split(';')[0]}; c=d`)).toBe('k'.repeat(43));
  });
  it.each([undefined, '', 'x=y', '__Secure-drimbox-view=', '__Secure-drimbox-view=short', '__Secure-drimbox-view=é'])(
    'is absent from %s',
    (header) => expect(keyFrom(header)).toBeUndefined(),
  );
});
