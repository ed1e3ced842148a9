/* Renews the parts of a page that ask for it (data-refresh: address, data-seconds), while the page is visible. */
'use strict';
(function () {
  function renew(part) {
    if (document.hidden || part.contains(document.activeElement)) return;
    fetch(part.dataset.refresh, { headers: { Accept: 'text/html' }, credentials: 'same-origin', redirect: 'error' })
      .then(function (answer) {
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.text();
      })
      .then(function (html) {
        var open = Array.prototype.map.call(part.querySelectorAll('details'), function (one) {
          return one.open;
        });
        part.innerHTML = html;
        part.querySelectorAll('details').forEach(function (one, index) {
          one.open = Boolean(open[index]);
        });
        part.removeAttribute('data-stale');
      })
      .catch(function () {
        part.setAttribute('data-stale', '');
      });
  }
  document.querySelectorAll('[data-refresh]').forEach(function (part) {
    setInterval(renew, Number(part.dataset.seconds || 15) * 1000, part);
  });
})();
