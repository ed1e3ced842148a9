import { GatewayError } from '../../platform/errors';
import { viewerErrors } from '../viewer.errors';
import { Arrivals } from './arrivals';
import type { ViewerStudy } from './study-source';

const study = {
  studyInstanceUid: '1',
  patient: { birthFamilyName: '', firstGivenName: '', birthDate: '', gender: '' },
  series: [
    { seriesInstanceUid: '1.1', instances: ['a', 'b'].map((uid) => ({ sopInstanceUid: uid, sopClassUid: '1' })) },
  ],
} as ViewerStudy;
const never = new AbortController().signal;
const failure = new GatewayError(viewerErrors.imageUnavailable);

describe('arrivals', () => {
  it('release those who wait, whoever came first', async () => {
    const arrivals = new Arrivals(study);
    const waits = Promise.all([arrivals.wait('a', never), arrivals.wait('a', never)]);
    arrivals.arrived('a', 10);
    await waits;
    await arrivals.wait('a', never);
    expect(arrivals.progress()).toMatchObject({ bytes: 10, series: [{ expected: 2, arrived: 1, failed: 0 }] });
  });
  it('count an instance once', () => {
    const arrivals = new Arrivals(study);
    for (let time = 0; time < 3; time++) arrivals.arrived('a', 10);
    arrivals.failed('a', failure);
    expect(arrivals.progress().series[0]).toMatchObject({ arrived: 1, failed: 0 });
  });
  it('fail those who wait, and those who ask later, until another attempt succeeds', async () => {
    const arrivals = new Arrivals(study);
    const wait = arrivals.wait('b', never);
    arrivals.failed('b', failure);
    await expect(wait).rejects.toBe(failure);
    await expect(arrivals.wait('b', never)).rejects.toBe(failure);
    arrivals.arrived('b', 1);
    await arrivals.wait('b', never);
    expect(arrivals.progress().series[0]).toMatchObject({ arrived: 1, failed: 0 });
  });
  it('let a caller leave', async () => {
    const arrivals = new Arrivals(study);
    const leaving = new AbortController();
    const wait = arrivals.wait('a', leaving.signal);
    leaving.abort(new Error('left'));
    await expect(wait).rejects.toThrow('left');
    await expect(arrivals.wait('a', leaving.signal)).rejects.toThrow('left');
  });
  it('know nothing of an instance that is not listed', async () => {
    await expect(new Arrivals(study).wait('z', never)).rejects.toThrow();
  });
});
