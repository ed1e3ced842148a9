import { randomBytes } from 'node:crypto';
import { GatewayError } from '../../platform/errors';
import { viewerErrors } from '../viewer.errors';
import type { InvokeRequest } from './invoke-request';

const keptMsMax = 15 * 60_000;
const keptMax = 2_000;

/** Links followed by somebody who still has to log in: kept a short while under an opaque address, used once. */
export class PendingInvokes {
  private readonly byId = new Map<string, { request: InvokeRequest; until: number }>();

  constructor(private readonly now: () => number = Date.now) {}

  keep(request: InvokeRequest): string {
    const now = this.now();
    for (const [id, { until }] of this.byId) {
      if (until > now && this.byId.size < keptMax) break;
      this.byId.delete(id);
    }
    const id = randomBytes(24).toString('base64url');
    this.byId.set(id, { request, until: now + keptMsMax });
    return id;
  }

  /** Whether it may still be taken. */
  has(id: string): boolean {
    return (this.byId.get(id)?.until ?? 0) > this.now();
  }

  /** @throws GatewayError `invokeExpired` */
  take(id: string): InvokeRequest {
    const kept = this.byId.get(id);
    this.byId.delete(id);
    if (!kept || kept.until <= this.now()) throw new GatewayError(viewerErrors.invokeExpired);
    return kept.request;
  }
}
