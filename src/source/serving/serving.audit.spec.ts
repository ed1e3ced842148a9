import { MemoryAuditTrail } from '../../audit';
import { GatewayError } from '../../platform/errors';
import { servingErrors } from './serving.errors';
import { ServingAudit } from './serving.audit';

const peer = (certificateSha256: string) => ({ subject: 'CN=x', certificateSha256, address: '192.0.2.1' });
const refusal = new GatewayError(servingErrors.peerNotListed);

describe('refusals at the door', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('are recorded at a pace for each certificate; those left out are counted in the next record', async () => {
    const trail = new MemoryAuditTrail();
    const audit = new ServingAudit(trail);
    for (let count = 0; count < 1_000; count++) await audit.refusedAtDoor(peer('a'), refusal);
    expect(trail.events).toHaveLength(20);
    await audit.refusedAtDoor(peer('b'), refusal);
    expect(trail.events).toHaveLength(21);
    expect(trail.events.at(-1)).toMatchObject({
      kind: 'serving.refused',
      errorCode: 'serving.peer-not-listed',
      actor: { peerCertificateSha256: 'b' },
      facts: { notRecordedBefore: 980 },
    });
  });

  it('left out at the end of a flood are told a minute later, or when the gateway stops', async () => {
    const trail = new MemoryAuditTrail();
    const audit = new ServingAudit(trail);
    for (let count = 0; count < 50; count++) await audit.refusedAtDoor(peer('a'), refusal);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(trail.events.at(-1)).toMatchObject({ actor: {}, facts: { notRecordedBefore: 30 } });
    const told = trail.events.length;
    for (let count = 0; count < 50; count++) await audit.refusedAtDoor(peer('a'), refusal);
    await audit.onApplicationShutdown();
    await audit.onApplicationShutdown();
    const left = trail.events
      .slice(told)
      .reduce((sum, { facts }) => sum + 1 + Number(facts?.notRecordedBefore ?? 0), 0);
    // Every refusal is one record or part of a count; the summary itself is one more record.
    expect(left).toBe(50 + 1);
  });
});
