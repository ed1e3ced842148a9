import { deflateRawSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { dicomFilesBelow } from '../../../test/support/dicom-files';
import { describeWithShared, sharedPath } from '../../../test/support/shared-data';
import { DicomRefusal } from './dicom-refusal';
import { encodeElement, encodeText } from './element-encoder';
import { EXPLICIT_LITTLE } from './element-header';
import { splitPart10 } from './file-meta';
import { framesOf } from './frames';
import { HeadWalker } from './head-walker';
import { readAttributes } from './read-attributes';
import { TRANSFER_SYNTAX as T } from './transfer-syntaxes';

const WITHOUT_PIXELS = /^(reportsi|rtplan|test-SR|waveform_ecg)\.dcm$/;
/** badVR.dcm says "1A" for its number of frames. */
const BROKEN: Readonly<Record<string, string | undefined>> = {
  'MR_truncated.dcm': 'truncated',
  'badVR.dcm': 'frames-unresolvable',
};
const WITHOUT_PREAMBLE = /^(no_meta|rtstruct)\.dcm$/;

describeWithShared('frames of every real file', () => {
  const files = dicomFilesBelow(sharedPath('data/dicom')).filter(([name]) => !WITHOUT_PREAMBLE.test(name));
  it.each(files)('%s', (name, path) => {
    const { meta, dataSet } = splitPart10(readFileSync(path));
    const { transferSyntaxUid } = meta;
    const reason = WITHOUT_PIXELS.test(name) ? 'frames-absent' : BROKEN[name];
    if (reason !== undefined) {
      expect(() => framesOf(dataSet, { transferSyntaxUid })).toThrow(expect.objectContaining({ reason }));
      return;
    }
    const frames = framesOf(dataSet, { transferSyntaxUid });
    const [told = '1'] = readAttributes(dataSet, { transferSyntaxUid, tags: [0x00280008] }).get(0x00280008) ?? [];
    expect(frames.numberOfFrames).toBe(Number(told));
    for (let number = 1; number <= frames.numberOfFrames; number++) {
      const bytes = Buffer.concat(frames.frame(number));
      const begin = bytes.toString('hex', 0, 2);
      if (frames.mediaType === 'image/jpeg' || frames.mediaType === 'image/jls') expect(begin).toBe('ffd8');
      else if (frames.mediaType === 'image/jp2') expect(begin).toBe('ff4f');
      else expect(bytes.length).toBeGreaterThan(0);
    }
  });

  it('gives a refusal, never another error, when a real file is cut anywhere', () => {
    const { meta, dataSet } = splitPart10(readFileSync(sharedPath('data/dicom/MR_small_RLE.dcm')));
    for (let length = 0; length < dataSet.length; length += 13) {
      expect(() => framesOf(dataSet.subarray(0, length), meta)).toThrow(DicomRefusal);
    }
  });
});

describe('HeadWalker of a deflated data set', () => {
  it('inflates no further than the head, however much follows', () => {
    const head = encodeText(0x00080060, 'CS', 'CT', EXPLICIT_LITTLE);
    const pixels = encodeElement(0x7fe00010, 'OW', Buffer.alloc(40_000_000), EXPLICIT_LITTLE);
    const walker = new HeadWalker({ transferSyntaxUid: T.deflatedExplicitVrLittleEndian, stopAt: 0x7fe00010 });
    expect(walker.push(deflateRawSync(Buffer.concat([head, pixels])))).toBe(true);
    expect(walker.head()).toEqual(head);
  });
});
