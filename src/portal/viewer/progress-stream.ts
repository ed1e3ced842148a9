import type { Request, Response } from 'express';
import { GatewayError } from '../../platform/errors';
import type { ViewerGrant, ViewerGrants } from '../../viewer';

/** Most often that the page is told of progress. */
const tellEveryMs = 200;
/** The session is looked at again, and the connection kept alive. */
const beatMs = 15_000;

function summaryOf(grant: ViewerGrant): string {
  const studies = [...grant.sources.values()].map((source) => source.progress());
  const all = studies.flatMap(({ series }) => series);
  const sum = (of: (each: (typeof all)[number]) => number) => all.reduce((total, each) => total + of(each), 0);
  return JSON.stringify({
    studies,
    expected: sum(({ expected }) => expected),
    arrived: sum(({ arrived }) => arrived),
    failed: sum(({ failed }) => failed),
    trouble: studies.find(({ trouble }) => trouble)?.trouble,
  });
}

/** Whether the login that opened the page still stands: it may have ended elsewhere. */
function isLoggedIn(request: Request): Promise<boolean> {
  return new Promise((resolve) => {
    request.session.reload((error: unknown) => resolve(!error && request.session.user !== undefined));
  });
}

/** Server-sent events: what has arrived, until the page leaves or the grant ends (`ended`). */
export function streamProgress(grant: ViewerGrant, grants: ViewerGrants, request: Request, response: Response): void {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  let pending: NodeJS.Timeout | undefined;
  const tell = () => {
    pending = undefined;
    response.write(`data: ${summaryOf(grant)}\n\n`);
  };
  const stops = [...grant.sources.values()].map((source) =>
    source.onProgress(() => (pending ??= setTimeout(tell, tellEveryMs))),
  );
  const stopEnd = grants.onEnd(grant.id, () => response.end('event: ended\ndata: {}\n\n'));
  const beat = setInterval(() => void check(), beatMs);
  const check = async () => {
    try {
      if (!(await isLoggedIn(request))) return grants.close(grant.id);
      // The page is looked at: the grant stays open.
      grants.ofSession(grant.id, grant.sessionId);
      response.write(': \n\n');
    } catch (error) {
      if (!GatewayError.of(error)) response.end();
    }
  };
  response.once('close', () => {
    clearInterval(beat);
    clearTimeout(pending);
    for (const stop of [...stops, stopEnd]) stop();
  });
  tell();
}
