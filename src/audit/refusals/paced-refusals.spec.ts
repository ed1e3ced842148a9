import { configureLogging } from '../../platform/logging';
import { AuditEvent } from '../trail/audit-event';
import { MemoryAuditTrail } from '../trail/audit-trail';
import { PacedRefusals } from './paced-refusals';

const options = { kind: 'pki.certificate-refused', room: 'test' } as const;
/** Every refusal is one record or part of a count; a record that only tells a count stands for none by itself. */
const told = (events: readonly AuditEvent[]) =>
  events.reduce((sum, { actor, facts }) => sum + (actor.address ? 1 : 0) + Number(facts?.notRecordedBefore ?? 0), 0);

describe('refusals at a pace', () => {
  let trail: MemoryAuditTrail;
  let refusals: PacedRefusals;
  const flood = (count: number, address = '192.0.2.1') => {
    for (let number = 0; number < count; number++) refusals.note(address, { actor: { address } });
  };

  beforeEach(() => {
    configureLogging({ level: 'silent' });
    jest.useFakeTimers();
    trail = new MemoryAuditTrail();
    refusals = new PacedRefusals(trail, options);
  });
  afterEach(() => void jest.useRealTimers());

  it('are recorded for another origin while one hammers, and none is lost at the stop', async () => {
    flood(10_000);
    flood(1, '192.0.2.2');
    flood(100);
    await refusals.close();
    await refusals.close();
    expect(trail.events.filter(({ actor }) => actor.address === '192.0.2.2')).toHaveLength(1);
    expect(trail.events).toHaveLength(22);
    expect(told(trail.events)).toBe(10_101);
    for (const { kind, outcome } of trail.events)
      expect([kind, outcome]).toEqual(['pki.certificate-refused', 'refused']);
  });

  it('are told a minute later when nothing else comes', async () => {
    flood(50);
    await jest.advanceTimersByTimeAsync(59_000);
    expect(trail.events).toHaveLength(20);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(trail.events.at(-1)).toEqual({ ...event, actor: {}, facts: { notRecordedBefore: 30 } });
    await jest.advanceTimersByTimeAsync(600_000);
    expect(trail.events).toHaveLength(21);
  });

  it('from ever new origins are bounded together', async () => {
    for (let number = 0; number < 5_000; number++) flood(1, `2001:db8::${number}`);
    await refusals.close();
    expect(trail.events).toHaveLength(201);
    expect(told(trail.events)).toBe(5_000);
  });

  it('that the trail does not take are told when it is back', async () => {
    const record = trail.record.bind(trail);
    trail.record = () => Promise.reject(new Error('no database'));
    flood(3);
    await expect(refusals.record('x', { actor: {} })).rejects.toThrow('no database');
    await jest.advanceTimersByTimeAsync(60_000);
    trail.record = record;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(trail.events).toEqual([{ ...event, actor: {}, facts: { notRecordedBefore: 4 } }]);
  });
});

const event = { kind: 'pki.certificate-refused', outcome: 'refused' } as const;
