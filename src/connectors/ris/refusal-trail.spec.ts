import { type AuditTrail, MemoryAuditTrail } from '../../audit';
import { configureLogging } from '../../platform/logging';
import { RefusalTrail } from './refusal-trail';

describe('trail of refused connections', () => {
  beforeAll(() => configureLogging({ level: 'silent' }));

  it('records so many of each sender a minute, and tells how many it left out, at the stop at the latest', async () => {
    const trail = new MemoryAuditTrail();
    let now = 0;
    const refusals = new RefusalTrail(trail, () => now);
    const refused = { kind: 'intake.connection-refused', outcome: 'refused' };
    for (let count = 0; count < 1_000; count += 1) refusals.record({ reason: 'handshake', address: '192.0.2.1' });
    expect(trail.events).toHaveLength(20);
    // Another one, whose certificate was refused, is not hidden by it.
    refusals.record({ reason: 'message-too-large', peer: 'CN=ris', detail: 12 });
    expect(trail.events.slice(20)).toEqual([
      {
        ...refused,
        actor: { address: undefined, peer: 'CN=ris' },
        facts: { reason: 'message-too-large', detail: 12, notRecordedBefore: 980 },
      },
    ]);
    for (let count = 0; count < 7; count += 1) refusals.record({ reason: 'handshake', address: '192.0.2.1' });
    await refusals.close();
    expect(trail.events.slice(21)).toEqual([{ ...refused, actor: {}, facts: { notRecordedBefore: 7 } }]);
    now = 60_000;
    refusals.record({ reason: 'handshake', address: '192.0.2.1' });
    expect(trail.events.at(-1)?.facts).toEqual({ reason: 'handshake' });
  });

  it('survives a trail that fails', async () => {
    const trail = { record: () => Promise.reject(new Error('down')) } as unknown as AuditTrail;
    new RefusalTrail(trail).record({ reason: 'not-mllp' });
    await new Promise((resolve) => setImmediate(resolve));
  });
});
