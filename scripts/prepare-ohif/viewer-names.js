/**
 * Names, in French, for what OHIF draws without one: buttons that hold a picture only, pictures, and wrappers that say of themselves
 * what belongs to the button inside them (WCAG 2.1, 1.1.1 and 4.1.2).
 */
(() => {
  /** The first that fits. */
  const names = [
    ['[data-cy="MeasurementTools-split-button-secondary"] button', 'Autres mesures'],
    ['[data-cy="MoreTools-split-button-secondary"] button', 'Autres outils'],
    ['button[data-cy="undo-btn"]', 'Annuler'],
    ['button[data-cy="redo-btn"]', 'Rétablir'],
    ['button:has([id="icon-settings"])', 'Réglages'],
    ['button:has([id="icon-more"])', 'Actions sur la série'],
    ['button:has([id="panelMeasurement-btn"])', 'Mesures'],
  ];

  const isNamed = (element) =>
    Boolean(element.getAttribute('aria-label') || element.title || element.textContent.trim());

  function nameButtons() {
    for (const [selector, name] of names)
      for (const button of document.querySelectorAll(selector))
        if (!isNamed(button)) button.setAttribute('aria-label', name);
  }

  /** What a button opens bears the button's name. */
  function nameDialogs() {
    for (const dialog of document.querySelectorAll('[role="dialog"][id]:not([aria-label], [aria-labelledby])')) {
      const button = document.querySelector(`button[aria-controls="${CSS.escape(dialog.id)}"]`);
      const name = button && (button.getAttribute('aria-label') || button.textContent.trim());
      if (name) dialog.setAttribute('aria-label', name);
    }
  }

  /** What opens is said by the button; a wrapper without one becomes a button. */
  function mendWrappers() {
    for (const wrapper of document.querySelectorAll('[type="button"][aria-expanded]:not(button):not([role])')) {
      const button = wrapper.querySelector('button');
      if (button) {
        for (const name of ['aria-haspopup', 'aria-expanded', 'aria-controls']) {
          const value = wrapper.getAttribute(name);
          if (value !== null && button.getAttribute(name) !== value) button.setAttribute(name, value);
          wrapper.removeAttribute(name);
        }
      } else {
        wrapper.setAttribute('role', 'button');
        wrapper.tabIndex = 0;
        if (!isNamed(wrapper)) wrapper.setAttribute('aria-label', 'Options d’affichage');
      }
    }
  }

  /** No button stands within another: an exam folds by the button inside, a series opens by a double click, or by Enter. */
  function mendNested() {
    for (const outer of document.querySelectorAll('[data-orientation][role="button"]:has([data-state] button)')) {
      outer.removeAttribute('role');
      outer.removeAttribute('tabindex');
    }
    for (const series of document.querySelectorAll('[data-cy^="study-browser-thumbnail"][role="button"]:has(button)')) {
      series.setAttribute('role', 'group');
      series.tabIndex = 0;
      series.addEventListener('keydown', ({ key, target }) => {
        if (key === 'Enter' && target === series) series.dispatchEvent(new MouseEvent('dblclick', { bubbles: true }));
      });
      const name = series.querySelector('[data-cy="series-description-label"]')?.textContent.trim();
      if (name && !series.hasAttribute('aria-label')) series.setAttribute('aria-label', name);
    }
  }

  /** Views side by side, in OHIF's order: pictures without a word. */
  const grids = ['Une vue', 'Deux vues', 'Quatre vues', 'Six vues'];

  /** Entries of the list of layouts are boxes that take a click: by the keys, too. */
  function mendLayouts() {
    const entries = [...document.querySelectorAll('[role="dialog"] div.group.cursor-pointer')];
    for (const entry of entries.filter((each) => !each.hasAttribute('role'))) {
      entry.setAttribute('role', 'button');
      entry.tabIndex = 0;
      entry.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        entry.click();
      });
    }
    for (const entry of entries) {
      const isOff = String(entry.classList.contains('pointer-events-none'));
      if (entry.getAttribute('aria-disabled') !== isOff) entry.setAttribute('aria-disabled', isOff);
    }
    const unnamed = entries.filter((entry) => !isNamed(entry));
    if (unnamed.length === grids.length) unnamed.forEach((entry, at) => entry.setAttribute('aria-label', grids[at]));
  }

  /** The name of the series stands beside its picture. */
  function mendPictures() {
    for (const picture of document.querySelectorAll('img:not([alt])')) picture.alt = '';
  }

  let asked = false;
  const mend = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      nameButtons();
      mendWrappers();
      nameDialogs();
      mendNested();
      mendLayouts();
      mendPictures();
    });
  };
  document.addEventListener('DOMContentLoaded', () => {
    new MutationObserver(mend).observe(document.body, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ['aria-expanded'],
    });
    mend();
  });
})();
