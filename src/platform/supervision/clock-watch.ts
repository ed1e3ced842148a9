import diagnostics from 'node:diagnostics_channel';
import { Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { aheadMs, dateOfAnswer } from './clock-readings';

interface UndiciRequest {
  readonly origin?: string | URL;
}
interface UndiciAnswer {
  readonly request: UndiciRequest;
  readonly response: { readonly headers: readonly (Buffer | string)[] };
}

export interface SeenClock {
  readonly name: string;
  /** How far our clock is ahead of it, ms. */
  readonly aheadMs: number;
  readonly seenAt: Date;
}

/** The value of a header in the flat list of names and values as it came. */
function headerOf(headers: readonly (Buffer | string)[], name: string): string | undefined {
  for (let i = 0; i + 1 < headers.length; i += 2)
    if (headers[i]?.toString('latin1').toLowerCase() === name) return headers[i + 1]?.toString('latin1');
  return undefined;
}

/**
 * Reads the clocks of neighbours that are trusted to have a right one, from the `Date` of answers that we receive anyhow.
 * Peers are not asked: their clocks are their own affair.
 */
@Injectable()
export class ClockWatch implements OnModuleInit, OnApplicationShutdown {
  private readonly trusted = new Map<string, string>();
  private readonly seen = new Map<string, SeenClock>();
  private readonly sentAt = new WeakMap<object, number>();

  /** From now on answers of this address tell the time. `name` is shown: `psc`, `dmp`. */
  trust(name: string, url: string): void {
    this.trusted.set(new URL(url).origin, name);
  }

  clocks(): SeenClock[] {
    return [...this.seen.values()];
  }

  onModuleInit(): void {
    diagnostics.subscribe('undici:request:create', this.sent);
    diagnostics.subscribe('undici:request:headers', this.answered);
  }

  onApplicationShutdown(): void {
    diagnostics.unsubscribe('undici:request:create', this.sent);
    diagnostics.unsubscribe('undici:request:headers', this.answered);
  }

  private readonly sent = (message: unknown): void => {
    const { request } = message as { request: UndiciRequest };
    if (this.nameOf(request)) this.sentAt.set(request, Date.now());
  };

  private readonly answered = (message: unknown): void => {
    const { request, response } = message as UndiciAnswer;
    const name = this.nameOf(request);
    const sentMs = this.sentAt.get(request);
    const date = name && headerOf(response.headers, 'date');
    if (!name || sentMs === undefined || !date) return;
    const theirsMs = dateOfAnswer(date, headerOf(response.headers, 'age'));
    if (theirsMs === undefined) return;
    const receivedMs = Date.now();
    this.seen.set(name, {
      name,
      aheadMs: aheadMs({ theirsMs, grainMs: 999, sentMs, receivedMs }),
      seenAt: new Date(receivedMs),
    });
  };

  private nameOf({ origin }: UndiciRequest): string | undefined {
    return origin === undefined ? undefined : this.trusted.get(typeof origin === 'string' ? origin : origin.origin);
  }
}
