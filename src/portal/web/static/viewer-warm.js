/**
 * While the list of exams is read, the viewer's files come and are compiled: the first click then opens a warm viewer.
 * The page names them: <script src="/static/viewer-warm.js" defer></script>.
 */
(() => {
  const fetchAll = async () => {
    const answer = await fetch('/view-files', { credentials: 'same-origin' });
    if (!answer.ok) return;
    for (const href of await answer.json()) {
      const link = document.createElement('link');
      const as = href.endsWith('.js') ? 'script' : href.endsWith('.css') ? 'style' : 'fetch';
      Object.assign(link, { rel: 'prefetch', as, href });
      document.head.append(link);
    }
  };
  const start = () => void fetchAll().catch(() => undefined);
  if ('requestIdleCallback' in window) window.requestIdleCallback(start, { timeout: 3000 });
  else setTimeout(start, 1000);
})();
