import { setTimeout as pause } from 'node:timers/promises';
import type { Response } from 'express';
import { GatewayError } from '../../../platform/errors';

const lookEveryMs = 700;
const beatEveryLooks = 20;
/** The browser opens it again by itself; a connection forgotten somewhere ends. */
const looksMax = 1_200;

export interface Followed {
  readonly imports: readonly { readonly isUnderWay: boolean }[];
}

/**
 * Server-sent events: the state of the imports whenever it changes, until none is under way (`ended`), or the page leaves.
 * @param look asks for the state; its refusal (patient closed, logged out) ends the stream
 */
export async function streamImports(response: Response, look: () => Promise<Followed>): Promise<void> {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  const left = new AbortController();
  response.once('close', () => left.abort());
  let told = '';
  try {
    for (let looks = 0; looks < looksMax && !left.signal.aborted; looks++) {
      const state = await look();
      const text = JSON.stringify(state);
      if (text !== told) response.write(`data: ${text}\n\n`);
      else if (looks % beatEveryLooks === 0) response.write(': \n\n');
      told = text;
      if (state.imports.every(({ isUnderWay }) => !isUnderWay)) break;
      await pause(lookEveryMs, undefined, { signal: left.signal });
    }
    if (!left.signal.aborted) response.end('event: ended\ndata: {}\n\n');
  } catch (error) {
    if (left.signal.aborted) return;
    if (GatewayError.of(error)) response.end('event: ended\ndata: {}\n\n');
    else response.destroy();
  }
}
