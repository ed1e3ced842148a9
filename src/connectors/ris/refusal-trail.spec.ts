import type { AuditEvent, AuditTrail } from '../../audit';
import { configureLogging } from '../../platform/logging';
import { RefusalTrail } from './refusal-trail';

describe('trail of refused connections', () => {
  beforeAll(() => configureLogging({ level: 'silent' }));

  it('records so many a minute, and then tells how many it left out', () => {
    const events: AuditEvent[] = [];
    let now = 0;
    const trail = { record: async (event: AuditEvent) => void events.push(event) } as unknown as AuditTrail;
    const refusals = new RefusalTrail(trail, () => now);
    for (let count = 0; count < 1_000; count += 1) refusals.record({ reason: 'handshake', address: '192.0.2.1' });
    expect(events).toHaveLength(30);
    now = 60_000;
    refusals.record({ reason: 'message-too-large', peer: 'CN=ris', detail: 12 });
    expect(events.slice(30)).toEqual([
      {
        kind: 'intake.connection-refused',
        outcome: 'refused',
        actor: { address: undefined, peer: 'CN=ris' },
        facts: { reason: 'message-too-large', detail: 12, omittedBefore: 970 },
      },
    ]);
  });

  it('survives a trail that fails', async () => {
    const trail = { record: () => Promise.reject(new Error('down')) } as unknown as AuditTrail;
    new RefusalTrail(trail).record({ reason: 'not-mllp' });
    await new Promise((resolve) => setImmediate(resolve));
  });
});
