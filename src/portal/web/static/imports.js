/* Imports as they go: a stream of events, or the same asked every few seconds where no stream holds. Works without, by reloading. */
(() => {
  const list = document.getElementById('imports');
  if (!list?.dataset.stream) return;
  const pollMs = 3000;
  const failuresMax = 3;
  const hint = document.querySelector('.live-hint');
  hint.hidden = false;
  document.querySelector('.refresh').hidden = true;

  /* Buttons and reasons change with the state: the page tells them, so they are never written twice. */
  async function redraw() {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } }).catch(() => undefined);
    if (!answer?.ok) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const focused = document.activeElement?.closest('.import-card')?.id;
    list.replaceChildren(...page.getElementById('imports').childNodes);
    if (focused) document.getElementById(focused)?.querySelector('button, a')?.focus();
  }
  async function show({ imports }) {
    let isChanged = false;
    for (const { id, state, done, total, text } of imports) {
      const card = document.getElementById(`import-${id}`);
      isChanged ||= card?.dataset.state !== state;
      if (!card) continue;
      const bar = card.querySelector('progress');
      bar.max = total;
      bar.value = done;
      card.querySelector('.count').textContent = text;
    }
    if (isChanged) await redraw();
    return imports.some(({ isUnderWay }) => isUnderWay);
  }

  async function poll() {
    let goesOn = true;
    try {
      const answer = await fetch(list.dataset.state, { headers: { Accept: 'application/json' } });
      if (answer.ok) goesOn = await show(await answer.json());
      else if (answer.status < 500) return location.reload();
    } catch {
      /* the network is away: asked again */
    }
    if (goesOn) setTimeout(poll, pollMs);
    else hint.hidden = true;
  }

  if (!('EventSource' in window)) return void poll();
  const stream = new EventSource(list.dataset.stream);
  let failures = 0;
  stream.onmessage = (event) => {
    failures = 0;
    void show(JSON.parse(event.data));
  };
  stream.addEventListener('ended', () => {
    stream.close();
    void poll();
  });
  stream.onerror = () => {
    failures += 1;
    if (stream.readyState !== EventSource.CLOSED && failures < failuresMax) return;
    stream.close();
    void poll();
  };
})();
