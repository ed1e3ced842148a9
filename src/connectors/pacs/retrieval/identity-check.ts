import { DicomRefusal, HeadWalker } from '../../../standards/dicom';

const sopInstanceUidTag = 0x00080018;
const studyInstanceUidTag = 0x0020000d;
const wanted: ReadonlySet<number> = new Set([sopInstanceUidTag, studyInstanceUidTag]);
/** Beyond this, what a data set says of itself is not waited for any longer. */
const headBytesMax = 4 * 1_048_576;

/** What an instance was announced as. */
export interface Announced {
  readonly studyInstanceUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
}

/**
 * Holds back the beginning of a data set until it has said whose it is: (0008,0018) and (0020,000D) must be what the
 * command or the file meta group announced and the study that was asked for. An object that says otherwise is foreign,
 * and nothing of it goes further. A value that is absent or cannot be read contradicts nothing: broken objects leave as
 * they are held.
 */
export class IdentityCheck {
  /** What has come and waits for the verdict. */
  readonly held: Buffer[] = [];
  private walker: HeadWalker | undefined;

  constructor(private readonly announced: Announced) {
    try {
      const { transferSyntaxUid } = announced;
      this.walker = new HeadWalker({ transferSyntaxUid, stopAt: studyInstanceUidTag + 1, keep: wanted, headBytesMax });
    } catch (error) {
      // A private syntax: nothing in it can be read.
      if (!(error instanceof DicomRefusal)) throw error;
    }
  }

  /** Takes a piece; undefined while more is needed. */
  push(piece: Buffer): 'same' | 'foreign' | undefined {
    this.held.push(piece);
    return this.read((walker) => walker.push(piece));
  }

  /** The data set ends here. */
  end(): 'same' | 'foreign' {
    return this.read((walker) => (walker.end(), true)) ?? 'same';
  }

  private read(step: (walker: HeadWalker) => boolean): 'same' | 'foreign' | undefined {
    const { walker } = this;
    if (!walker) return 'same';
    let isKnown = true;
    try {
      isKnown = step(walker);
    } catch (error) {
      if (!(error instanceof DicomRefusal)) throw error;
    }
    if (this.contradicts(walker)) return 'foreign';
    return isKnown ? 'same' : undefined;
  }

  private contradicts(walker: HeadWalker): boolean {
    const bytes = walker.bytes();
    return walker.elements.some(({ tag, valueOffset, endOffset }) => {
      if (endOffset > bytes.length) return false;
      const { sopInstanceUid, studyInstanceUid } = this.announced;
      const end = trimmedEnd(bytes, valueOffset, endOffset);
      const said = bytes.toString('latin1', valueOffset, end);
      return said !== '' && said !== (tag === sopInstanceUidTag ? sopInstanceUid : studyInstanceUid);
    });
  }
}

/** Without the padding of a UID: a NUL, or the spaces that some writers use (PS3.5 9.1). */
function trimmedEnd(bytes: Buffer, from: number, to: number): number {
  let end = to;
  while (end > from && (bytes[end - 1] === 0 || bytes[end - 1] === 0x20)) end -= 1;
  return end;
}
