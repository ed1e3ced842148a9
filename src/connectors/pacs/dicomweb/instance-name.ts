import { HeadWalker } from '../../../standards/dicom';

const sopClassUidTag = 0x00080016;
const sopInstanceUidTag = 0x00080018;
const headBytesMax = 65_536;

/**
 * What a data set says of itself. The file meta group may name another instance than the data set does (both are seen in
 * real files), or none: then the data set is right, since that is what archives index. Keeps the pieces as they came.
 */
export class InstanceName {
  readonly pieces: Buffer[] = [];
  private readonly walker: HeadWalker;
  isRead = false;

  constructor(transferSyntaxUid: string) {
    this.walker = new HeadWalker({ transferSyntaxUid, stopAt: sopInstanceUidTag + 1, headBytesMax });
  }

  /** True once the names are known. */
  push(piece: Buffer): boolean {
    this.pieces.push(piece);
    this.isRead ||= this.walker.push(piece);
    return this.isRead;
  }

  get sopClassUid(): string {
    return this.value(sopClassUidTag);
  }

  get sopInstanceUid(): string {
    return this.value(sopInstanceUidTag);
  }

  private value(tag: number): string {
    const element = this.walker.elements.find((one) => one.tag === tag);
    if (!element) return '';
    return this.walker
      .bytes()
      .toString('latin1', element.valueOffset, element.endOffset)
      .replace(/[\0 ]+$/, '');
  }
}
