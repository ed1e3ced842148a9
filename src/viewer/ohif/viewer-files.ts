import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { ConfigOf } from '../../platform/config';
import { GatewayError, platformErrors } from '../../platform/errors';
import { Exchange, headerText, RawRoute } from '../../platform/http';
import { viewerConfig } from '../viewer.config';
import { viewerErrors } from '../viewer.errors';

const mediaTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};
const encodings = [
  { name: 'br', ending: '.br' },
  { name: 'gzip', ending: '.gz' },
] as const;

/**
 * The viewer's own policy: scripts and workers of this origin, WebAssembly for the codecs, and nothing from anywhere else.
 * Styles are set by the viewer's components as they run, hence `unsafe-inline` for them alone.
 */
export const viewerPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "media-src 'self' blob:",
  "connect-src 'self' blob: data:",
  "frame-src 'self' blob:",
  "object-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

/**
 * Of the worker scripts: the bindings of the image codecs make their functions from text. A worker has no page, no cookie
 * and no form; what it may load stays this origin.
 */
export const workerPolicy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval'; connect-src 'self' blob: data:; worker-src 'self' blob:";

interface KnownFile {
  readonly path: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly policy: string;
  /** Of the precompressed twins. */
  readonly compressed: ReadonlyMap<string, number>;
}

/** What the preparation says of its result. */
interface Stamp {
  readonly fingerprint: string;
  readonly workers: readonly string[];
  /** Files needed a little later than those that the page names. */
  readonly soon?: readonly string[];
}

interface Prepared {
  /** `/viewer/files-<fingerprint>/` */
  readonly base: string;
  readonly page: string;
  readonly files: ReadonlyMap<string, KnownFile>;
  /** What a page may ask for early, most important first. */
  readonly early: readonly string[];
}

/** The installation's root: the nearest folder above that has a package.json. */
function installation(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) || dirname(folder) === folder) return folder;
  }
}

function readPrepared(folder: string): Prepared | undefined {
  const stamp = join(folder, 'prepared.json');
  if (!existsSync(stamp)) return undefined;
  const { fingerprint, workers, soon = [] } = JSON.parse(readFileSync(stamp, 'utf8')) as Stamp;
  const files = new Map<string, KnownFile>();
  const sizeOf = (path: string) => (existsSync(path) ? statSync(path).size : undefined);
  for (const name of readdirSync(join(folder, 'files'))) {
    const mediaType = mediaTypes[extname(name)];
    if (!mediaType) continue;
    const path = join(folder, 'files', name);
    const compressed = new Map<string, number>();
    for (const { name: encoding, ending } of encodings) {
      const bytes = sizeOf(path + ending);
      if (bytes !== undefined) compressed.set(encoding, bytes);
    }
    const policy = workers.includes(name) ? workerPolicy : viewerPolicy;
    files.set(name, { path, mediaType, policy, bytes: statSync(path).size, compressed });
  }
  const page = readFileSync(join(folder, 'viewer.html'), 'utf8');
  const early = [...page.matchAll(/<link rel="preload" as="script" href="([^"]+)"/g)].map(([, href]) => href);
  const base = `/viewer/files-${fingerprint}/`;
  return { base, page, files, early: [...early, ...soon.map((name) => base + name)] };
}

/** OHIF's files as `scripts/prepare-ohif.mjs` laid them out: listed once, never compressed on a request, kept for ever. */
@Injectable()
export class ViewerFiles {
  private readonly prepared: Prepared | undefined;

  constructor(@Inject(viewerConfig.token) config: Pick<ConfigOf<typeof viewerConfig>, 'folder'>) {
    this.prepared = readPrepared(config.folder ?? join(installation(), 'dist', 'viewer-web'));
  }

  get isInstalled(): boolean {
    return this.prepared !== undefined;
  }

  /** Addresses that a page shown before the viewer may already fetch. */
  get early(): readonly string[] {
    return this.prepared?.early ?? [];
  }

  /** The viewer's page; for sessions with a grant only. */
  get page(): string {
    if (!this.prepared) throw new GatewayError(viewerErrors.notInstalled);
    return this.prepared.page;
  }

  readonly route: RawRoute = {
    name: 'viewer-files',
    method: 'GET',
    access: 'public',
    matches: (path) => path.startsWith('/viewer/files-'),
    handle: (exchange) => this.handle(exchange),
  };

  private async handle({ request, response, path, signal }: Exchange): Promise<void> {
    const { prepared } = this;
    const file = prepared && path.startsWith(prepared.base) && prepared.files.get(path.slice(prepared.base.length));
    if (!file) throw new GatewayError(platformErrors.notFound);
    const accepted = (headerText(request, 'accept-encoding') ?? '')
      .split(',')
      .map((each) => each.split(';')[0]?.trim());
    const encoding = encodings.find(({ name }) => accepted.includes(name) && file.compressed.has(name));
    response.writeHead(200, {
      'Content-Type': file.mediaType,
      'Content-Length': encoding ? (file.compressed.get(encoding.name) ?? 0) : file.bytes,
      ...(encoding ? { 'Content-Encoding': encoding.name } : {}),
      Vary: 'Accept-Encoding',
      'Cache-Control': 'public, max-age=31536000, immutable',
      'Content-Security-Policy': file.policy,
    });
    const stream = createReadStream(file.path + (encoding?.ending ?? ''), { highWaterMark: 256 * 1024 });
    await pipeline(stream, response, { signal });
  }
}
