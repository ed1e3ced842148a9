import type { Response } from 'express';
import type { ViewerGrant, ViewerGrants } from '../../viewer';

/** Most often that the page is told of progress. */
const tellEveryMs = 200;
/** The connection is kept alive, and the grant with it: it ends with its session, which is watched elsewhere. */
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

/** Server-sent events: what has arrived, until the page leaves or the grant ends (`ended`). */
export function streamProgress(grant: ViewerGrant, grants: ViewerGrants, response: Response): void {
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
  const beat = setInterval(() => {
    // The page is looked at: the grant stays open.
    if (grants.keepOpen(grant.id)) response.write(': \n\n');
  }, beatMs);
  response.once('close', () => {
    clearInterval(beat);
    clearTimeout(pending);
    for (const stop of [...stops, stopEnd]) stop();
  });
  tell();
}
