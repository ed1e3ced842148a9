import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inflateSync } from 'node:zlib';
import { GatewayError } from '../../src/platform/errors';
import { RenderedFrame, Transcoder } from '../../src/platform/transcoding';
import { generatedImages } from '../support/transcoding-images';

/** Real: the conversion threads with their codecs, and the compiled program when it has been built. Nothing is doubled. */

const explicit = '1.2.840.10008.1.2.1';
const compressed = [
  '1.2.840.10008.1.2.5',
  '1.2.840.10008.1.2.4.70',
  '1.2.840.10008.1.2.4.80',
  '1.2.840.10008.1.2.4.90',
  '1.2.840.10008.1.2.4.50',
];
const transcoder = new Transcoder({ workers: 2, queueMax: 500, maxObjectBytes: 2 ** 26, jobTimeoutMs: 60_000 });
afterAll(() => transcoder.onApplicationShutdown());

const images = generatedImages({ rows: 16, columns: 24 });
const image = (name: string) => {
  const found = images.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no image named ${name}`);
  return found;
};

describe('one frame', () => {
  it('decoded: the frame asked for, its facts, from any syntax', async () => {
    const frames = image('three frames');
    const { dataset } = frames;
    const frameBytes = 16 * 24 * 2;
    for (const to of [explicit, ...compressed.slice(0, 4)]) {
      const stored = Buffer.concat(await transcoder.convert({ dataset, from: explicit, to }));
      const decoded = await transcoder.decodeFrame(stored, to, 2);
      expect(Buffer.from(decoded.pixels).equals(frames.expected().subarray(frameBytes, 2 * frameBytes))).toBe(true);
      expect(decoded).toMatchObject({ rows: 16, columns: 24, frames: 3, bitsStored: 12, photometric: 'MONOCHROME2' });
    }
  });

  it.each([0, 4, -1, Number.NaN])('frame %p of three does not exist', async (frame) => {
    const failed = transcoder.decodeFrame(image('three frames').dataset, explicit, frame);
    await expect(failed).rejects.toThrow('transcoding.pixel-data-length-mismatch');
  });

  it('as a picture: PNG with the values of the window, smaller when asked, never larger', async () => {
    const original = image('12 bits');
    const { dataset } = original;
    const picture = await transcoder.renderFrame(dataset, explicit, { window: { center: 2048, width: 4096 } });
    expect(picture).toMatchObject({ mediaType: 'image/png', width: 24, height: 16 });
    const shown = greyOfPng(picture);
    const worst = shown.reduce(
      (most, grey, at) => Math.max(most, Math.abs(grey - (original.expected().readUInt16LE(at * 2) / 4095) * 255)),
      0,
    );
    expect(worst).toBeLessThan(1);
    const small = await transcoder.renderFrame(dataset, explicit, { width: 12, height: 100 });
    expect(small).toMatchObject({ width: 12, height: 8 });
    const large = await transcoder.renderFrame(dataset, explicit, { width: 1_000_000 });
    expect(large).toMatchObject({ width: 24, height: 16 });
  });

  it('as a picture: JPEG in colour', async () => {
    const picture = await transcoder.renderFrame(image('RGB by plane').dataset, explicit, { mediaType: 'image/jpeg' });
    expect(Buffer.from(picture.body).subarray(0, 3).toString('hex')).toBe('ffd8ff');
  });
});

describe('damaged code streams', () => {
  it.each(compressed)('%s: each is decoded or named, and the pool goes on working', async (from) => {
    const { dataset } = image('8 bits, odd length');
    const stored = Buffer.concat(await transcoder.convert({ dataset, from: explicit, to: from }));
    const pixels = stored.lastIndexOf(Buffer.from([0xe0, 0x7f, 0x10, 0x00])) + 28;
    let state = 42;
    const random = (below: number) => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) % below;
    const codes = await Promise.all(
      Array.from({ length: 60 }, async () => {
        const hurt = Buffer.from(stored);
        for (let times = 0; times < 4; times++) hurt[pixels + random(hurt.length - pixels - 30)] = random(256);
        return transcoder.convert({ dataset: hurt, from, to: explicit }).then(
          () => 'converted',
          (error: unknown) => GatewayError.of(error)?.code,
        );
      }),
    );
    const named =
      /^(converted|transcoding\.(corrupt-code-stream|pixel-data-length-mismatch|malformed-data-set|truncated-data-set|unsupported-pixel-format))$/;
    for (const code of codes) expect(code).toMatch(named);
    const again = Buffer.concat(await transcoder.convert({ dataset: stored, from, to: explicit }));
    expect(again.length).toBeGreaterThan(16 * 24);
    expect(transcoder.load).toEqual({ waiting: 0, busy: 0 });
  });
});

describe('the compiled program', () => {
  const dist = resolve(__dirname, '../../dist/src/platform/transcoding/index.js');
  it('finds its compiled threads', async () => {
    if (!existsSync(dist)) {
      process.stderr.write('dist/ is absent: run `npm run build` first; the compiled threads were not tried\n');
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'transcoding-dist-'));
    const program = join(folder, 'program.cjs');
    writeFileSync(
      program,
      `const { Transcoder } = require(${JSON.stringify(dist)});
       process.on('message', async ({ dataset, to }) => {
         const transcoder = new Transcoder({ workers: 1, queueMax: 1, maxObjectBytes: 1e7, jobTimeoutMs: 30000 });
         const data = Buffer.from(dataset, 'base64');
         const there = Buffer.concat(await transcoder.convert({ dataset: data, from: '${explicit}', to }));
         const back = Buffer.concat(await transcoder.convert({ dataset: there, from: to, to: '${explicit}' }));
         await transcoder.onApplicationShutdown();
         process.send(back.equals(data), () => process.disconnect());
       });`,
    );
    const child = fork(program, { execArgv: [] });
    try {
      const same = await new Promise((settle, reject) => {
        child.once('message', settle);
        child.once('exit', (code) => reject(new Error(`exit ${code}`)));
        child.send({ dataset: image('12 bits').dataset.toString('base64'), to: '1.2.840.10008.1.2.4.90' });
      });
      expect(same).toBe(true);
    } finally {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** Samples of a PNG that filters each line with Sub (filter 1). */
function greyOfPng({ body, width, height }: RenderedFrame): number[] {
  const bytes = Buffer.from(body);
  const at = bytes.indexOf('IDAT');
  const raw = inflateSync(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at - 4)));
  const grey: number[] = [];
  for (let y = 0; y < height; y++) {
    let before = 0;
    for (let x = 0; x < width; x++) {
      before = (before + raw[y * (width + 1) + 1 + x]) & 0xff;
      grey.push(before);
    }
  }
  return grey;
}
