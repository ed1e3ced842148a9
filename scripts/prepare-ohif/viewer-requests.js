/**
 * A series is described when its first image is here, so the question waits at the gateway. A browser opens six connections
 * and no more: an exam of many series would fill them with waiting, and images that are here would queue behind. Two
 * questions wait at the gateway, the others here; a series described before is asked about at once.
 */
(() => {
  const waitingMax = 2;
  const description = /\/series\/[\d.]+\/metadata$/;
  const answered = new Set();
  const addresses = new WeakMap();
  const queue = [];
  let waiting = 0;

  const { open, send } = XMLHttpRequest.prototype;

  function next() {
    while (waiting < waitingMax && queue.length > 0) {
      waiting += 1;
      queue.shift()();
    }
  }

  XMLHttpRequest.prototype.open = function openAndRemember(method, address, ...others) {
    addresses.set(this, String(address).split('?', 1)[0]);
    return open.call(this, method, address, ...others);
  };

  XMLHttpRequest.prototype.send = function sendInTurn(...body) {
    const address = addresses.get(this) ?? '';
    if (!description.test(address) || answered.has(address)) return send.apply(this, body);
    const ended = () => {
      waiting -= 1;
      if (this.status === 200) answered.add(address);
      next();
    };
    queue.push(() => {
      this.addEventListener('loadend', ended, { once: true });
      send.apply(this, body);
    });
    return next();
  };
})();
