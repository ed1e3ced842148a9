/** Key images beside the viewer: those of the exam's notes, and those that the reader marks. */
(() => {
  const { grant } = document.body.dataset;
  const byId = (id) => document.getElementById(id);
  const panel = byId('key-images');
  const markButton = byId('mark');
  const viewer = () => byId('viewer').contentWindow?.drimboxViewer;
  let marks = [];

  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  function draw({ groups, marks: marked }) {
    marks = marked;
    const images = new Set(groups.flatMap((group) => group.images.map(({ uid }) => uid)));
    byId('key-count').textContent = images.size > 0 ? `(${images.size})` : '';
    panel.replaceChildren(
      ...groups.map(({ title, text, images: shown }) =>
        element(
          'div',
          { className: 'group' },
          element('h2', {}, title),
          ...(text ? [element('p', {}, text)] : []),
          element(
            'div',
            { className: 'row' },
            ...shown.map(({ uid, label, address }) => {
              const picture = element('img', { src: address, alt: '', loading: 'lazy' });
              const button = element('button', { type: 'button' }, picture, element('span', {}, label));
              button.dataset.uid = uid;
              return button;
            }),
          ),
        ),
      ),
    );
    if (groups.length === 0) panel.append(element('p', { className: 'soft' }, panel.dataset.none));
    tellMark();
  }

  /** The button says what it would do to the image being looked at. */
  function tellMark() {
    const isMarked = marks.includes(viewer()?.current?.()?.sopInstanceUid);
    markButton.setAttribute('aria-pressed', String(isMarked));
    markButton.textContent = isMarked ? markButton.dataset.unmark : markButton.dataset.mark;
  }

  async function ask(path, options) {
    const answer = await fetch(`/view/${grant}/${path}`, { credentials: 'same-origin', ...options });
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) draw(said);
    else byId('trouble').textContent = said.message ?? said.title ?? '';
  }

  async function toggle() {
    const instance = viewer()?.current?.()?.sopInstanceUid;
    if (!instance) return;
    const body = JSON.stringify({ instance, marked: !marks.includes(instance) });
    const headers = {
      'Content-Type': 'application/json',
      'X-CSRF-Token': panel.dataset.csrf,
      Accept: 'application/json',
    };
    await ask('marks', { method: 'POST', headers, body });
  }

  const refresh = () => void ask('key-images').catch(() => undefined);
  window.addEventListener('drimbox-arrived', refresh, { once: true });
  window.addEventListener('drimbox-painted', refresh, { once: true });
  window.addEventListener('drimbox-image', tellMark);
  window.addEventListener('drimbox-mark', () => void toggle());
  markButton.addEventListener('click', () => void toggle());
  byId('keys').addEventListener('click', ({ currentTarget: button }) => {
    panel.hidden = !panel.hidden;
    button.setAttribute('aria-expanded', String(!panel.hidden));
  });
  panel.addEventListener('click', ({ target }) => {
    const uid = target.closest('button')?.dataset.uid;
    if (uid) viewer()?.show(uid);
  });
})();
