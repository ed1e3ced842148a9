/**
 * The PostgreSQL protocol (version 3, chapter 55 of its documentation) between one socket and PGlite. What a client sends
 * together, up to the message that asks for an answer, is executed together and answered by one write: each execution and
 * each write of its own costs as much as a small statement.
 */
'use strict';

const PROTOCOL_3 = 196608;
const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
/** Longest message: a manifest or an intake message as a parameter, with room; beyond it the client has gone astray. */
const MESSAGE_BYTES_MAX = 512 * 1024 * 1024;
/** Messages after which a client waits: Query, Sync, Flush, Terminate, and those of COPY and authentication. */
const ASKING = new Set(['Q', 'S', 'H', 'X', 'p', 'F', 'd', 'c', 'f'].map((letter) => letter.charCodeAt(0)));
const TERMINATE = 'X'.charCodeAt(0);

/** Cuts a stream of bytes into bursts that can be executed. */
class Bursts {
  #chunks = [];
  #bytes = 0;
  /** Bytes below which nothing new can be found: a large parameter is not searched again at each chunk. */
  #wanted = 8;
  #started = false;

  push(chunk) {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The next burst, or nothing while it is incomplete: `{ kind: 'refuse-encryption' | 'close' | 'execute', bytes }`. */
  next() {
    if (this.#bytes < this.#wanted) return undefined;
    const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks, this.#bytes);
    const found = this.#started ? this.#asked(all) : this.#startup(all);
    const rest = found ? all.subarray(found.bytes.length) : all;
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#bytes = rest.length;
    if (found) this.#wanted = this.#started ? 5 : 8;
    return found;
  }

  /** The first message has no letter: length, then a version or a request. */
  #startup(all) {
    const length = all.readInt32BE(0);
    const code = all.readInt32BE(4);
    if (length < 8 || length > 10_000) return { kind: 'close', bytes: all };
    this.#wanted = length;
    if (all.length < length) return undefined;
    const bytes = all.subarray(0, length);
    if (code === SSL_REQUEST || code === GSS_REQUEST) return { kind: 'refuse-encryption', bytes };
    if (code !== PROTOCOL_3) return { kind: 'close', bytes };
    this.#started = true;
    return { kind: 'execute', bytes };
  }

  #asked(all) {
    let end = 0;
    let at = 0;
    while (all.length - at >= 5) {
      const length = 1 + all.readInt32BE(at + 1);
      if (length < 5 || length > MESSAGE_BYTES_MAX) return { kind: 'close', bytes: all };
      if (all.length - at < length) {
        this.#wanted = at + length;
        break;
      }
      if (all[at] === TERMINATE)
        return at === 0 ? { kind: 'close', bytes: all } : { kind: 'execute', bytes: all.subarray(0, at) };
      at += length;
      this.#wanted = at + 5;
      if (ASKING.has(all[at - length])) end = at;
    }
    return end > 0 ? { kind: 'execute', bytes: all.subarray(0, end) } : undefined;
  }
}

/** Serves one client until its socket closes; resolves when the session it leaves behind is clean again. */
async function serveClient(database, socket) {
  const bursts = new Bursts();
  socket.setNoDelay(true);
  try {
    for await (const chunk of socket) {
      bursts.push(chunk);
      for (let burst = bursts.next(); burst; burst = bursts.next()) {
        if (burst.kind === 'close') return;
        const answer = burst.kind === 'execute' ? await execute(database, burst.bytes) : Buffer.from('N');
        if (answer.length > 0) socket.write(answer);
      }
    }
  } catch {
    // The client has gone in the middle of something: nobody is left to be told.
  } finally {
    socket.destroy();
    await forget(database);
  }
}

function execute(database, bytes) {
  const answer = [];
  const onRawData = (data) => answer.push(Buffer.from(data));
  // PGlite keeps what it is given: a copy, since the bytes are a view of what the socket gave.
  return database
    .runExclusive(() => database.execProtocolRawStream(Uint8Array.from(bytes), { onRawData }))
    .then(() => Buffer.concat(answer));
}

/** PGlite is one session for all clients in turn: what the last one left open or prepared must not meet the next one. */
async function forget(database) {
  if (database.closed) return;
  if (database.isInTransaction()) await database.exec('ROLLBACK');
  await database.exec('DEALLOCATE ALL; CLOSE ALL; UNLISTEN *; SELECT pg_advisory_unlock_all()');
}

module.exports = { Bursts, serveClient };
