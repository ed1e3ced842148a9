import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { inflateRawSync } from 'node:zlib';
import { Transcoder } from '../../src/platform/transcoding';
import { generatedImages, partTen, splitPartTen } from '../support/transcoding-images';
import { describeWithShared, sharedPath } from '../support/shared-data';

/** Real: dcmtk and gdcm decode what the gateway wrote. Nothing is doubled. */

const explicit = '1.2.840.10008.1.2.1';
const implicit = '1.2.840.10008.1.2';
/** Uncompressed, but for the deflated stream: what dcmtk reads of it is what it reads of explicit little endian. */
const otherNative = { 'explicit big endian': '1.2.840.10008.1.2.2', deflated: '1.2.840.10008.1.2.1.99' } as const;
const lossless = {
  rle: '1.2.840.10008.1.2.5',
  'jpeg lossless': '1.2.840.10008.1.2.4.70',
  'jpeg-ls': '1.2.840.10008.1.2.4.80',
  'jpeg 2000': '1.2.840.10008.1.2.4.90',
  'jpeg 2000 (.91)': '1.2.840.10008.1.2.4.91',
} as const;
const lossySources = ['1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.51', '1.2.840.10008.1.2.4.91'];

const folder = mkdtempSync(join(tmpdir(), 'transcoding-'));
const transcoder = new Transcoder({ workers: 2, queueMax: 100, maxObjectBytes: 2 ** 29, jobTimeoutMs: 60_000 });
afterAll(async () => {
  await transcoder.onApplicationShutdown();
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;
function fileOf(bytes: Buffer): string {
  const path = join(folder, `${++files}.dcm`);
  writeFileSync(path, bytes);
  return path;
}

/** Uncompressed pixel bytes as an independent program sees them; colour by pixel. */
function independentPixels(path: string, syntax: string): Buffer {
  const target = join(folder, `${++files}.raw.dcm`);
  const decoders: Record<string, [string, string[]]> = {
    [lossless.rle]: ['dcmdrle', ['+te']],
    [lossless['jpeg lossless']]: ['dcmdjpeg', ['+te', '+cn', '+px']],
    '1.2.840.10008.1.2.4.57': ['dcmdjpeg', ['+te', '+cn', '+px']],
    '1.2.840.10008.1.2.4.50': ['dcmdjpeg', ['+te', '+cp', '+px']],
    '1.2.840.10008.1.2.4.51': ['dcmdjpeg', ['+te', '+cp', '+px']],
    [lossless['jpeg-ls']]: ['dcmdjpls', ['+te']],
    '1.2.840.10008.1.2.4.81': ['dcmdjpls', ['+te']],
  };
  const [program, options] = decoders[syntax] ?? ['gdcmconv', ['--raw']];
  execFileSync(program, [...options, path, target], { stdio: 'pipe' });
  return nativePixels(target);
}

/** Value of (7FE0,0010) of an uncompressed file, as dcmtk writes it out in little endian. */
function nativePixels(path: string): Buffer {
  const prefix = mkdtempSync(join(folder, 'pixels-'));
  const little = join(prefix, 'le.dcm');
  execFileSync('dcmconv', ['+te', path, little], { stdio: 'pipe' });
  execFileSync('dcmdump', ['-q', '+P', '7FE0,0010', '-s', '+W', prefix, little], { stdio: 'pipe' });
  const raw = readdirSync(prefix).filter((name) => name.endsWith('.raw'));
  return byPixel(readFileSync(join(prefix, raw[raw.length - 1])), little);
}

/** Colour-by-plane samples of one or several frames laid out by pixel, so that both forms compare. */
function byPixel(bytes: Buffer, path: string): Buffer {
  const number = (tag: string) =>
    Number(
      / (?:US|IS) \[?(\d+)/.exec(execFileSync('dcmdump', ['-q', '-M', '+P', tag, path], { encoding: 'latin1' }))?.[1] ??
        0,
    );
  if (number('0028,0006') !== 1) return bytes;
  const plane = number('0028,0010') * number('0028,0011');
  const mixed = Buffer.from(bytes);
  for (let frame = 0; frame < Math.max(1, number('0028,0008')); frame++)
    for (let sample = 0; sample < 3; sample++)
      for (let at = 0; at < plane; at++)
        mixed[(frame * plane + at) * 3 + sample] = bytes[(frame * 3 + sample) * plane + at];
  return mixed;
}

/** Data set of a file outside group 7FE0, as dcmtk prints it, without what a conversion may rightly change. */
function outsidePixels(path: string, except: RegExp): string {
  return execFileSync('dcmdump', ['-q', '+L', '+R', '4096', path], { maxBuffer: 2 ** 28, encoding: 'latin1' })
    .split('\n')
    .filter((line) => /^ *\(/.test(line) && !/^ *\((0002|7fe0|fffe)/.test(line) && !except.test(line))
    .map((line) => line.replace(/ +#.*$/, ''))
    .join('\n');
}
const layoutOnly = /^\((0028,0004|0028,0006)\)|^ *\(....,0000\)/;

const read = (path: string) => splitPartTen(readFileSync(path));
const convert = async (dataset: Buffer, from: string, to: string) =>
  Buffer.concat(await transcoder.convert({ dataset, from, to }));

describe('generated images, read back by dcmtk and gdcm', () => {
  for (const image of generatedImages()) {
    for (const [name, to] of Object.entries(lossless)) {
      it(`${image.name} to ${name}: same values, same data set`, async () => {
        const file = partTen(explicit, image.dataset);
        const written = fileOf(partTen(to, await convert(image.dataset, explicit, to)));
        expect(independentPixels(written, to).equals(image.expected())).toBe(true);
        expect(outsidePixels(written, layoutOnly)).toBe(outsidePixels(fileOf(file), layoutOnly));
      });

      it(`${image.name} from ${name} comes back byte for byte`, async () => {
        const compressed = await convert(image.dataset, explicit, to);
        const back = await convert(compressed, to, explicit);
        expect(back.equals(image.interleaved(to))).toBe(true);
      });
    }

    it(`${image.name} to implicit little endian and back`, async () => {
      const there = await convert(image.dataset, explicit, implicit);
      expect(
        nativePixels(fileOf(partTen(implicit, there))).equals(nativePixels(fileOf(partTen(explicit, image.dataset)))),
      ).toBe(true);
      expect((await convert(there, implicit, explicit)).equals(image.dataset)).toBe(true);
    });

    it(`${image.name} to explicit big endian and deflated, and back`, async () => {
      for (const to of Object.values(otherNative)) {
        const there = await convert(image.dataset, explicit, to);
        expect((await convert(there, to, explicit)).equals(image.dataset)).toBe(true);
      }
    });
  }
});

describe('numbers of every kind', () => {
  // One value representation each (PS3.5 section 7.3), at the first level and in items, private ones too.
  const kinds: [string, string, string][] = [
    ['0018,9073', 'FD', '1.25\\-3.5'],
    ['0018,9461', 'FL', '0.5\\-0.25'],
    ['0020,9165', 'AT', '(0018,9073)\\(7fe0,0010)'],
    ['0028,0106', 'SS', '-2'],
    ['0028,6010', 'US', '258\\3'],
    ['0018,6020', 'SL', '-70000\\5'],
    ['0018,6018', 'UL', '70000\\5'],
    ['0066,0016', 'OF', '1.5\\-2.5'],
    ['0066,0040', 'OL', '65538\\3'],
    ['0028,1201', 'OW', '0102\\0304'],
    ['0009,1001', 'US', '258'],
    ['0009,1002', 'OB', '01\\02\\03\\04'],
    ['0009,1003', 'UN', '01\\02\\03\\04'],
    ['0009,1004', 'OD', '1.5\\-2.5'],
  ];
  const lines = (depth: string) =>
    ['(0009,0010) LO [INVENTED]', ...kinds.map(([tag, vr, value]) => `(${tag}) ${vr} ${value}`)]
      .sort()
      .map((line) => `${depth}${line}`);
  const text = [
    '(0008,0016) UI [1.2.840.10008.5.1.4.1.1.66]',
    '(0008,0018) UI [1.2.250.1.999.1]',
    '(0008,1115) SQ',
    '  (fffe,e000) na',
    ...lines('    '),
    '  (fffe,e00d) na',
    '(fffe,e0dd) na',
    ...lines(''),
  ];

  it.each(Object.entries(otherNative))('to %s: dcmtk reads the same values', async (_name, to) => {
    const source = join(folder, 'kinds.txt');
    const made = join(folder, 'kinds.dcm');
    writeFileSync(source, `${text.join('\n')}\n`);
    execFileSync('dump2dcm', ['-F', '+te', source, made], { stdio: 'pipe' });
    const { dataset } = read(made);
    const converted = await convert(dataset, explicit, to);
    const seen = outsidePixels(fileOf(partTen(to, converted)), layoutOnly);
    expect(seen).toBe(outsidePixels(made, layoutOnly));
    for (const [tag, vr] of kinds) expect(seen.split(`(${tag}) ${vr}`)).toHaveLength(3);
    expect((await convert(converted, to, explicit)).equals(dataset)).toBe(true);
  });
});

describeWithShared('every decodable file of the shared data', () => {
  const broken = ['MR_truncated.dcm', 'badVR.dcm', 'no_meta.dcm', 'README.md'];
  const paths = listFiles(sharedPath('data/dicom')).filter((path) => !broken.includes(basename(path)));

  for (const path of paths) {
    const { syntax, dataset } = read(path);
    const hasPixels = /7fe0,0010/.test(
      execFileSync('dcmdump', ['-q', '-M', path], { encoding: 'latin1', maxBuffer: 2 ** 28 }),
    );
    const name = path.slice(sharedPath('data/dicom').length + 1);

    it(`${name} to explicit little endian`, async () => {
      const written = fileOf(partTen(explicit, await convert(dataset, syntax, explicit)));
      expect(outsidePixels(written, layoutOnly)).toBe(outsidePixels(path, layoutOnly));
      if (!hasPixels) return;
      const reference =
        syntax.startsWith('1.2.840.10008.1.2.4') || syntax === lossless.rle
          ? independentPixels(path, syntax)
          : nativePixels(path);
      expect(nativePixels(written).equals(reference)).toBe(true);
    });

    it(`${name} to explicit big endian and deflated`, async () => {
      const native = await convert(dataset, syntax, explicit);
      const seen = outsidePixels(path, layoutOnly);
      const big = await convert(dataset, syntax, otherNative['explicit big endian']);
      // A file held in that syntax leaves as it is.
      if (syntax !== otherNative['explicit big endian']) expect(big.length % 2).toBe(0);
      const written = fileOf(partTen(otherNative['explicit big endian'], big));
      expect(outsidePixels(written, layoutOnly)).toBe(seen);
      const reference = fileOf(partTen(explicit, native));
      if (hasPixels) expect(nativePixels(written).equals(nativePixels(reference))).toBe(true);

      const deflated = await convert(dataset, syntax, otherNative.deflated);
      expect(inflateRawSync(deflated).equals(native)).toBe(true);
      expect(outsidePixels(fileOf(partTen(otherNative.deflated, deflated)), layoutOnly)).toBe(seen);
    });

    it(`${name} to every lossless target`, async () => {
      const native = await convert(dataset, syntax, explicit);
      // Asked of dcmtk once, for all targets.
      let known: { pixels: Buffer; outside: string } | undefined;
      const reference = () =>
        (known ??= {
          pixels: nativePixels(fileOf(partTen(explicit, native))),
          outside: outsidePixels(path, layoutOnly),
        });
      const bits = execFileSync('dcmdump', ['-q', '+P', '0028,0100', path], { encoding: 'latin1' });
      for (const to of Object.values(lossless)) {
        const converted = convert(dataset, syntax, to);
        if (!hasPixels) {
          await expect(converted).rejects.toThrow('transcoding.no-pixel-data');
        } else if (/US (1|32) /.test(bits) && (to !== lossless.rle || /US 1 /.test(bits))) {
          await expect(converted).rejects.toThrow('transcoding.unsupported-pixel-format');
        } else {
          const written = fileOf(partTen(to, await converted));
          const decoded = to === syntax && lossySources.includes(to) ? undefined : independentPixels(written, to);
          if (decoded) expect(decoded.equals(reference().pixels)).toBe(true);
          expect(outsidePixels(written, layoutOnly)).toBe(reference().outside);
        }
      }
    });
  }

  it('names what is wrong with a cut object', async () => {
    const { syntax, dataset } = read(sharedPath('data/dicom/MR_truncated.dcm'));
    await expect(convert(dataset, syntax, lossless['jpeg-ls'])).rejects.toThrow(
      /transcoding\.(truncated-data-set|pixel-data-length-mismatch)/,
    );
  });

  it('names what is wrong with an impossible number of frames', async () => {
    const { syntax, dataset } = read(sharedPath('data/dicom/badVR.dcm'));
    await expect(convert(dataset, syntax, lossless.rle)).rejects.toThrow(
      /transcoding\.malformed-data-set: \(0028,0008\)/,
    );
  });
});

describe('the calling thread', () => {
  it('stays free while large images are converted', async () => {
    const [image] = generatedImages({ rows: 1024, columns: 1024, shape: '12 bits' });
    let worstMs = Infinity;
    // Other work on the machine delays any thread: the best of some rounds counts.
    for (let round = 0; round < 8 && worstMs >= 50; round++) {
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      await Promise.all(Array.from({ length: 8 }, () => convert(image.dataset, explicit, lossless['jpeg 2000'])));
      delay.disable();
      worstMs = delay.percentile(99) / 1e6;
    }
    expect(worstMs).toBeLessThan(50);
  });
});

function listFiles(root: string): string[] {
  return readdirSync(root)
    .flatMap((name) => (statSync(join(root, name)).isDirectory() ? listFiles(join(root, name)) : [join(root, name)]))
    .sort();
}
