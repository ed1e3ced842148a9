import { readAttributes } from './read-attributes';
import { transferSyntax } from './transfer-syntaxes';

const LOSSY_IMAGE_COMPRESSION = 0x00282110;

/** What an object tells of its own compression: its head may be readable in another syntax than the one it came in (deflated). */
export interface CompressedImage {
  readonly transferSyntaxUid: string;
  readonly head: Buffer;
  readonly headSyntaxUid: string;
}

/** The image lost something by compression: it says so (PS3.3 C.7.6.1.1.5), or its transfer syntax cannot do otherwise. */
export function isLossyImage({ transferSyntaxUid, head, headSyntaxUid }: CompressedImage): boolean {
  if (transferSyntax(transferSyntaxUid)?.loss === 'certain') return true;
  const values = readAttributes(head, { transferSyntaxUid: headSyntaxUid, tags: [LOSSY_IMAGE_COMPRESSION] });
  return values.get(LOSSY_IMAGE_COMPRESSION)?.[0] === '01';
}
