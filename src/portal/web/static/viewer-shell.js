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

  const waitText = byId('wait-text');
  let painted = false;
  window.addEventListener('drimbox-painted', () => {
    performance.mark('drimbox-painted');
    painted = true;
    wait.hidden = true;
  });

  /** In place of waiting: what is wrong, or that there is nothing to see. `isAside` leaves the viewer in reach. */
  function tellInstead(text, { isAside = false, isFault = false } = {}) {
    wait.hidden = false;
    wait.classList.toggle('told', text !== undefined);
    wait.classList.toggle('aside', isAside);
    wait.querySelector('.retry').hidden = !isFault;
    const said = text ?? waitText.dataset.opening;
    if (waitText.textContent !== said) waitText.textContent = said;
  }
  const started = () => {
    if (comparing !== undefined) viewer()?.link(byId('link').getAttribute('aria-pressed') === 'true');
  };
  window.addEventListener('drimbox-started', started);
  if (viewer()?.isStarted()) started();

  /** A series is described again when what arrived since is worth it: twice as much, or all of it. */
  const told = new Map();
  /** Series that the viewer may have given up when they failed: they are described to it again. */
  const revived = new Set();
  const grown = new Map();
  function growSeries({ studyInstanceUid, series }) {
    const known = viewer()?.known?.() ?? {};
    for (const { seriesInstanceUid: uid, arrived, expected, failed } of series) {
      const here = known[uid] ?? (revived.has(uid) ? 0 : undefined);
      if (here === undefined || here >= arrived) continue;
      const last = Math.max(here, told.get(uid) ?? 0);
      if (arrived <= last || !(arrived + failed >= expected || arrived >= 2 * last)) continue;
      told.set(uid, arrived);
      void viewer()
        .grow(studyInstanceUid, uid)
        .then(() => grown.set(uid, arrived));
    }
  }

  /** Series of which the viewer has every image: only of those may it make a volume. */
  function tellComplete({ studies }) {
    const known = viewer().known();
    const isThere = ({ seriesInstanceUid: uid, arrived, expected }) =>
      arrived >= expected && Math.max(known[uid] ?? 0, grown.get(uid) ?? 0) >= arrived;
    const complete = studies.flatMap(({ series }) => series.filter(isThere));
    viewer().complete?.(complete.map(({ seriesInstanceUid }) => seriesInstanceUid));
  }

  /** Something that is no image paints nothing that the page could wait for. */
  const patienceMs = 15_000;
  let settledAt;
  function tellKind({ studies, trouble, expected, arrived, failed }) {
    if (painted || wait.hidden || arrived === 0 || !viewer()?.hung) return;
    const { kind, series: uid } = viewer().hung();
    const shown = studies.flatMap(({ series }) => series).find(({ seriesInstanceUid }) => seriesInstanceUid === uid);
    const isHere = shown && shown.arrived + shown.failed >= shown.expected;
    const isSettled = arrived + failed >= expected;
    settledAt = isSettled ? (settledAt ?? Date.now()) : undefined;
    const isLate = isSettled && Date.now() - settledAt > patienceMs;
    if (kind === 'document' && isHere) wait.hidden = true;
    else if (kind === 'image' && isLate && failed === 0) wait.hidden = Date.now() - settledAt > 4 * patienceMs;
    else if ((kind === 'unsupported' && isHere) || isLate) {
      const text = failed > 0 ? (trouble ?? waitText.dataset.none) : waitText.dataset.unsupported;
      tellInstead(text, { isAside: true, isFault: failed > 0 });
    }
  }

  /** The viewer gave up on an exam of which nothing came. */
  let isAwaitingFirst = false;
  function startAgain() {
    isAwaitingFirst = false;
    told.clear();
    revived.clear();
    frame.contentWindow.location.reload();
  }

  const csrf = () => ({ 'X-CSRF-Token': byId('key-images').dataset.csrf });
  async function retry() {
    for (const { series } of latest?.studies ?? [])
      for (const { seriesInstanceUid: uid, failed } of series) {
        if (failed === 0) continue;
        revived.add(uid);
        told.delete(uid);
      }
    isAwaitingFirst ||= !painted && latest?.arrived === 0;
    if (!painted) tellInstead(undefined);
    await fetch(`/view/${grant}/retry`, { method: 'POST', headers: csrf(), credentials: 'same-origin' });
  }
  for (const button of document.querySelectorAll('.retry'))
    button.addEventListener('click', () => {
      // It comes back when something failed again.
      button.hidden = true;
      retry().catch(() => latest && show(latest));
    });

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
    byId('lossy').hidden = !progress.isLossy;
    if (isAwaitingFirst && arrived > 0) startAgain();
    const isInVain = done && arrived === 0 && failed > 0;
    if (!painted && isInVain) tellInstead(trouble ?? waitText.dataset.none, { isFault: true });
    // Said once: in the place of the images, or beside them.
    byId('trouble').textContent = (!isInVain && trouble) || '';
    byId('retry').hidden = isInVain || failed === 0;
    if (done) window.dispatchEvent(new CustomEvent('drimbox-arrived'));
  }

  setInterval(() => {
    if (!latest) return;
    tellKind(latest);
    if (!viewer()?.isStarted()) return;
    latest.studies.forEach(growSeries);
    tellComplete(latest);
  }, 300);

  const events = new EventSource(`/view/${grant}/progress`);
  events.onmessage = ({ data }) => show(JSON.parse(data));
  const end = () => {
    events.close();
    // What is shown goes too, not only what could still be asked for.
    for (const each of document.querySelectorAll('iframe, .keys img, #preview')) each.remove();
    byId('ended').hidden = false;
    byId('ended').focus();
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
    fetch(`/view/${grant}/presence`, { method: 'POST', headers: csrf(), credentials: 'same-origin' }).catch(
      () => undefined,
    );
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
