/* The list of exams: counts as lines come into sight, search as one types, keys. Everything else works without. */
(() => {
  const table = document.getElementById('exams');
  const rows = table ? [...table.tBodies[0].rows] : [];
  const batchMax = 20;

  /* Series and images, read from the manifests of the lines that are looked at. */
  const waiting = new Set();
  let asking = false;
  const show = (row, text, title) => {
    const cell = row.querySelector('.counts');
    cell.textContent = text;
    if (title) cell.title = title;
  };
  const number = (value) => value.toLocaleString('fr-FR');
  const [aSeries, manySeries, anImage, manyImages] = table?.dataset.counted.split('|') ?? [];
  const inWords = ({ series, images }) =>
    `${series} ${series > 1 ? manySeries : aSeries}, ${number(images)} ${images > 1 ? manyImages : anImage}`;
  /* What of a line is searched, until it changes; and the search, once there is one. */
  const texts = new Map();
  let narrow = () => {};
  /* The line that the keys act on. */
  let current = -1;
  const byId = new Map(rows.map((row) => [row.dataset.exam, row]));
  const addModality = (row, modalities) => {
    const cell = row.cells[2];
    if (cell.textContent.trim() !== '' || modalities.length === 0) return;
    const mark = document.createElement('span');
    mark.className = 'modality';
    mark.textContent = modalities.join(' ');
    cell.append(mark);
  };
  async function ask() {
    if (asking || waiting.size === 0) return;
    asking = true;
    const batch = [...waiting].slice(0, batchMax);
    for (const id of batch) waiting.delete(id);
    for (const id of batch) show(byId.get(id), table.dataset.counting);
    try {
      const answer = await fetch(table.dataset.counts, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': table.dataset.csrf, Accept: 'application/json' },
        body: JSON.stringify({ exams: batch }),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      for (const count of (await answer.json()).counts) {
        const row = byId.get(count.exam);
        if (count.code) show(row, table.dataset.failed, count.message);
        else show(row, `${count.series} / ${number(count.images)}`, inWords(count));
        if (count.modalities) addModality(row, count.modalities);
        const plainAct = row.querySelector('.act[data-plain]');
        if (plainAct && count.description) plainAct.textContent = count.description;
        texts.delete(row);
      }
      narrow();
    } catch {
      for (const id of batch) show(byId.get(id), table.dataset.failed);
    }
    asking = false;
    void ask();
  }
  if (table && 'IntersectionObserver' in window) {
    let timer;
    const seen = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          if (isIntersecting) waiting.add(target.dataset.exam);
          else waiting.delete(target.dataset.exam);
        }
        clearTimeout(timer);
        timer = setTimeout(() => {
          for (const id of waiting) seen.unobserve(byId.get(id));
          void ask();
        }, 120);
      },
      { rootMargin: '200px' },
    );
    for (const row of rows) if ('count' in row.dataset) seen.observe(row);
  }

  /* Search in the list: words in any order, without accents. They may be a name, so that they never leave the page. */
  const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const search = document.getElementById('texte');
  const count = document.getElementById('exam-count');
  const nothing = document.querySelector('.nothing');
  if (search && table) {
    search.closest('.live').hidden = false;
    const textOf = (row) => {
      if (!texts.has(row)) {
        const cells = [1, 2, 3, 4, 5].map((cell) => row.cells[cell].textContent);
        texts.set(row, plain([...cells, row.dataset.words].join(' ')));
      }
      return texts.get(row);
    };
    const chip = document.querySelector('.text-chip');
    const [one, many, of] = search.dataset.texts.split('|');
    const whole = count.textContent;
    narrow = () => {
      const words = plain(search.value).split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const matches = words.every((word) => textOf(row).includes(word));
        row.hidden = !matches;
        if (matches) shown += 1;
      }
      if (rows[current]?.hidden) leave();
      chip.hidden = words.length === 0;
      chip.querySelector('.words').textContent = search.value.trim();
      count.textContent = words.length === 0 ? whole : `${shown} ${shown > 1 ? many : one} ${of} ${rows.length}`;
      nothing.hidden = shown > 0;
    };
    const clear = () => {
      search.value = '';
      narrow();
    };
    search.addEventListener('input', narrow);
    chip.querySelector('button').addEventListener('click', () => {
      clear();
      search.focus();
    });
    search.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') event.preventDefault();
      if (event.key === 'Escape') clear();
    });
  }

  /* Keys: up and down along the lines, Enter for the images, C for the report, / for the search. */
  const leave = () => {
    rows[current]?.classList.remove('current');
    current = -1;
  };
  const select = (index) => {
    leave();
    current = index;
    const row = rows[index];
    row.classList.add('current');
    (row.querySelector('a.images') ?? row.querySelector('a, summary'))?.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'nearest' });
  };
  const step = (by) => {
    for (let index = current + by; index >= 0 && index < rows.length; index += by)
      if (!rows[index].hidden) return select(index);
  };

  /* Keys of one letter can be turned off (WCAG 2.1.4): spoken words would press them. The viewer asks the same setting. */
  const letterKeys = document.getElementById('letter-keys');
  const lettersAreOn = () => localStorage.getItem('drimbox-letter-keys') !== 'off';
  if (letterKeys) {
    letterKeys.closest('label').hidden = false;
    letterKeys.checked = lettersAreOn();
    letterKeys.addEventListener('change', () => {
      if (letterKeys.checked) localStorage.removeItem('drimbox-letter-keys');
      else localStorage.setItem('drimbox-letter-keys', 'off');
    });
  }

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const inField = event.target.closest('input:not([type=checkbox]), select, textarea');
    if (event.key === '/' && !inField && search && lettersAreOn()) {
      event.preventDefault();
      search.focus();
    } else if (!inField && (event.key === 'ArrowDown' || event.key === 'ArrowUp') && rows.length > 0) {
      event.preventDefault();
      step(event.key === 'ArrowDown' ? 1 : -1);
    } else if (!inField && event.key.toLowerCase() === 'c' && rows[current] && lettersAreOn()) {
      rows[current].querySelector('a.report')?.click();
    } else if (event.key === 'ArrowDown' && event.target === search) {
      event.preventDefault();
      leave();
      step(1);
    }
  });

  /* What is ticked: two exams to compare, one or more to import or to export. */
  const compare = document.getElementById('compare');
  if (compare) {
    const update = () => {
      const chosen = [...table.querySelectorAll('input[name=examens]:checked')];
      const haveImages = chosen.every((box) => !('reportOnly' in box.dataset));
      compare.disabled = chosen.length !== 2 || !haveImages;
      document.getElementById('import').disabled = chosen.length === 0 || !haveImages;
      document.getElementById('export').disabled = chosen.length === 0;
    };
    table.addEventListener('change', update);
    window.addEventListener('pageshow', update);
    update();
  }

  /* A manifest or an archive brought by the patient. */
  const upload = document.querySelector('[data-upload]');
  if (upload) {
    upload.hidden = false;
    const input = upload.querySelector('input');
    const status = upload.querySelector('.upload-status');
    input.addEventListener('change', async () => {
      const [file] = input.files;
      if (!file) return;
      status.textContent = status.dataset.working;
      const answer = await fetch(upload.dataset.upload, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/octet-stream',
          'X-CSRF-Token': upload.dataset.csrf,
          Accept: 'application/json',
        },
        body: file,
      }).catch(() => undefined);
      if (answer?.ok) return upload.dataset.after ? location.assign(upload.dataset.after) : location.reload();
      const problem = await answer?.json().catch(() => undefined);
      status.textContent = problem?.message ?? status.dataset.failed;
      input.value = '';
    });
  }
})();
