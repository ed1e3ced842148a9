import type { ServerResponse } from 'node:http';
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
    isLossy: studies.some(({ isLossy }) => isLossy),
  });
}

/** Server-sent events: what has arrived, until the page leaves or the grant ends (`ended`). */
export function streamProgress(
  grant: ViewerGrant,
  grants: Pick<ViewerGrants, 'onEnd' | 'keepOpen'>,
  response: ServerResponse,
): void {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  let pending: NodeJS.Timeout | undefined;
  /** A page that reads slowly misses what is out of date when it has caught up, never what is true then. */
  const isOpen = () => !response.writableEnded && !response.destroyed;
  const tell = () => {
    pending = undefined;
    if (!isOpen()) return;
    response.off('drain', tellSoon);
    if (response.writableNeedDrain) response.once('drain', tellSoon);
    else response.write(`data: ${summaryOf(grant)}\n\n`);
  };
  const tellSoon = () => {
    if (isOpen()) pending ??= setTimeout(tell, tellEveryMs);
  };
  const stops = [...grant.sources.values()].map((source) => source.onProgress(tellSoon));
  const stopAll = () => {
    clearInterval(beat);
    clearTimeout(pending);
    response.off('drain', tellSoon);
    for (const stop of stops.splice(0)) stop();
  };
  const stopEnd = grants.onEnd(grant.id, () => {
    stopAll();
    if (isOpen()) response.end('event: ended\ndata: {}\n\n');
  });
  const beat = setInterval(() => {
    // The page is looked at: the grant stays open.
    if (isOpen() && grants.keepOpen(grant.id) && !response.writableNeedDrain) response.write(': \n\n');
  }, beatMs);
  response.once('close', () => {
    stopAll();
    stopEnd();
  });
  tell();
}
