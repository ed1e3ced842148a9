/** The page around the viewer: starts it, shows the first image meanwhile, tells of arrival, lets the series grow. */
(() => {
  const { grant, comparing } = document.body.dataset;
  const byId = (id) => document.getElementById(id);
  const frame = byId('viewer');
  const wait = byId('wait');
  const bar = byId('bar');
  const count = byId('count');
  const arrival = bar.closest('.arrival');
  const viewer = () => frame.contentWindow?.drimboxViewer;

  const preview = byId('preview');
  if (preview) {
    const shown = () => performance.mark('drimbox-preview');
    if (preview.complete && preview.naturalWidth > 0) shown();
    else preview.addEventListener('load', shown, { once: true });
    preview.addEventListener('error', () => preview.remove(), { once: true });
  }

  window.addEventListener('drimbox-painted', () => {
    performance.mark('drimbox-painted');
    wait.hidden = true;
  });
  const started = () => {
    if (comparing !== undefined) viewer()?.link(byId('link').getAttribute('aria-pressed') === 'true');
  };
  window.addEventListener('drimbox-started', started);
  if (viewer()?.isStarted()) started();

  /** A series is described again when what arrived since is worth it: twice as much, or all of it. */
  const told = new Map();
  function growSeries({ studyInstanceUid, series }) {
    const known = viewer()?.known?.() ?? {};
    for (const { seriesInstanceUid: uid, arrived, expected, failed } of series) {
      const here = known[uid];
      if (here === undefined || here >= arrived) continue;
      const last = Math.max(here, told.get(uid) ?? 0);
      if (arrived <= last || !(arrived + failed >= expected || arrived >= 2 * last)) continue;
      told.set(uid, arrived);
      viewer().grow(studyInstanceUid, uid);
    }
  }

  let latest;
  function show(progress) {
    latest = progress;
    const { arrived, expected, failed, trouble } = progress;
    const done = arrived + failed >= expected;
    bar.max = Math.max(1, expected);
    bar.value = arrived;
    arrival.classList.toggle('done', done);
    count.textContent = `${arrived} / ${expected} ${count.dataset.images}`;
    count.title = done && failed === 0 ? arrival.dataset.complete : '';
    byId('trouble').textContent = trouble ?? '';
    if (done) window.dispatchEvent(new CustomEvent('drimbox-arrived'));
  }

  setInterval(() => {
    if (latest && viewer()?.isStarted()) latest.studies.forEach(growSeries);
  }, 300);

  const events = new EventSource(`/view/${grant}/progress`);
  events.onmessage = ({ data }) => show(JSON.parse(data));
  const end = () => {
    events.close();
    // What is shown goes too, not only what could still be asked for.
    for (const each of document.querySelectorAll('iframe, .keys img, #preview')) each.remove();
    byId('ended').hidden = false;
  };
  events.addEventListener('ended', end);
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED) end();
  };

  /** Somebody who reads images that are all here asks the gateway for nothing: without this the session would end as idle. */
  const presenceEveryMs = 60_000;
  let presentAt = Date.now();
  function atWork() {
    if (Date.now() - presentAt < presenceEveryMs || !frame.isConnected) return;
    presentAt = Date.now();
    const headers = { 'X-CSRF-Token': byId('key-images').dataset.csrf };
    fetch(`/view/${grant}/presence`, { method: 'POST', headers, credentials: 'same-origin' }).catch(() => undefined);
  }
  const watchWork = (where) => {
    for (const kind of ['pointerdown', 'keydown', 'wheel'])
      where.addEventListener(kind, atWork, { capture: true, passive: true });
  };
  watchWork(window);
  const watchFrame = () => watchWork(frame.contentWindow);
  frame.addEventListener('load', watchFrame);
  if (frame.contentDocument?.readyState === 'complete') watchFrame();

  byId('link')?.addEventListener('click', ({ currentTarget: button }) => {
    const linked = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(linked));
    viewer()?.link(linked);
  });
  /** One report at a time beside the images. */
  const reportButtons = [...document.querySelectorAll('button.report')];
  for (const button of reportButtons) {
    button.addEventListener('click', () => {
      const shows = button.getAttribute('aria-pressed') !== 'true';
      const pane = byId('report-pane');
      for (const each of reportButtons) each.setAttribute('aria-pressed', String(each === button && shows));
      for (const inside of pane.querySelectorAll('iframe')) {
        inside.hidden = inside.dataset.number !== button.dataset.report;
        if (!inside.hidden) inside.src ||= inside.dataset.src;
      }
      pane.hidden = !shows;
    });
  }
})();
