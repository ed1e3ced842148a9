/* How many images are ticked, on the button itself. Works without. */
(() => {
  const start = document.getElementById('start');
  const ticks = [...document.querySelectorAll('input[name=series]')];
  if (!start || ticks.length === 0) return;
  const update = () => {
    const images = ticks.reduce((sum, tick) => sum + (tick.checked ? Number(tick.dataset.images) : 0), 0);
    start.disabled = images === 0;
    start.textContent = `${start.dataset.start} (${images.toLocaleString('fr-FR')} ${start.dataset.images.toLowerCase()})`;
  };
  document.addEventListener('change', update);
  window.addEventListener('pageshow', update);
  update();
})();
