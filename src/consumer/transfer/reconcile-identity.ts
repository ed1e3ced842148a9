import {
  DeflateStream,
  DicomRefusal,
  encodeElement,
  encodeItem,
  encodeSequence,
  encodeText,
  EXPLICIT_LITTLE,
  HeadWalker,
  IMPLICIT_LITTLE,
  inflateDataSet,
  InsInserter,
  transferSyntax,
  TRANSFER_SYNTAX,
  UNDEFINED_LENGTH,
  type WalkedElement,
} from '../../standards/dicom';
import type { DataSetEncoding } from '../../standards/dicom';
import type { AssigningAuthority, Ins } from '../../standards/identity';

const T = {
  patientGroupLength: 0x00100000,
  patientId: 0x00100020,
  issuer: 0x00100021,
  qualifiers: 0x00100024,
  entityId: 0x00400032,
  entityIdType: 0x00400033,
  modificationGroupLength: 0x04000000,
  modified: 0x04000550,
  original: 0x04000561,
  modifiedAt: 0x04000562,
  modifyingSystem: 0x04000563,
  source: 0x04000564,
  reason: 0x04000565,
} as const;

const headBytesMax = 64 * 1024 * 1024;
const inflatedBytesMax = 1024 ** 3;
const delimiterBytes = 8;
const replaced: readonly number[] = [T.patientId, T.issuer, T.qualifiers];

export interface Reconciliation {
  /** Number by which the local PACS knows the patient, and who gave it. */
  readonly localId: { readonly value: string; readonly authority: AssigningAuthority };
  readonly ins: Ins;
  /** (0010,0021) of the INS item, for example ASIP-SANTE-INS-NIR. */
  readonly insIssuer?: string;
  /** What changed the attributes, LO: (0400,0563). */
  readonly modifyingSystem: string;
  /** Where the object came from, LO: (0400,0564). */
  readonly source: string;
  /** DT: (0400,0562). */
  readonly at: string;
}

/**
 * The object as the local PACS must have it (after IHE Import Reconciliation, RAD TF-3 4.59): PatientID and its issuer are
 * the local ones, the INS is in (0010,1002), and what stood there before is in a new item of (0400,0561). Only the head is
 * written again: every other byte, the pixel data among them, is the one that came.
 * @throws DicomRefusal when the head cannot be read, TypeError when the local number cannot be written
 */
export function reconcileIdentity(dataset: Buffer, transferSyntaxUid: string, rules: Reconciliation): Buffer[] {
  const syntax = transferSyntax(transferSyntaxUid);
  if (!syntax) throw new DicomRefusal('transfer-syntax-unknown');
  checkWritable(rules);
  if (!syntax.deflated) return reconcilePlain(dataset, transferSyntaxUid, syntax, rules);
  const inflated = inflateDataSet(dataset, { inflatedBytesMax });
  const plain = reconcilePlain(inflated, TRANSFER_SYNTAX.explicitVrLittleEndian, EXPLICIT_LITTLE, rules);
  const deflate = new DeflateStream();
  return [...plain.flatMap((bytes) => deflate.push(bytes)), ...deflate.end()];
}

/** LO values of the default repertoire: nothing that another character set of the object could read otherwise. */
const isPlainText = (text: string): boolean => /^[\x20-\x5b\x5d-\x7e]{0,64}$/.test(text);

/** Whether any image can hold this number and its authority. */
export function canBeWritten({ value, authority }: Reconciliation['localId']): boolean {
  return value.trim() !== '' && [value, authority.namespaceId, authority.universalId].every(isPlainText);
}

function checkWritable({ localId, modifyingSystem, source }: Reconciliation): void {
  if (!canBeWritten(localId) || ![modifyingSystem, source].every(isPlainText))
    throw new TypeError('a local identifier is not an LO value of the default repertoire');
}

function reconcilePlain(dataset: Buffer, uid: string, encoding: DataSetEncoding, rules: Reconciliation): Buffer[] {
  const walker = new HeadWalker({ transferSyntaxUid: uid, stopAt: T.original + 1, headBytesMax });
  if (!walker.push(dataset)) walker.end();
  const head = walker.head();
  const kept = walker.elements.filter(({ tag }) => tag !== T.patientGroupLength && tag !== T.modificationGroupLength);
  const before = (tag: number) => kept.find((element) => element.tag === tag);
  const written = new Map<number, Buffer>([
    ...identityElements(rules, encoding),
    [T.original, originalAttributes(head, before(T.original), replaced.map(before), encoding, rules)],
  ]);
  const others = kept.filter(({ tag }) => !replaced.includes(tag) && tag !== T.original);
  const all = [
    ...others.map(({ tag, offset, endOffset }) => ({ tag, bytes: head.subarray(offset, endOffset) })),
    ...[...written].map(([tag, bytes]) => ({ tag, bytes })),
  ].sort((one, other) => one.tag - other.tag);
  const inserter = new InsInserter({
    transferSyntaxUid: uid,
    ins: { ...rules.ins, issuer: rules.insIssuer },
    headBytesMax,
  });
  const pieces = [Buffer.concat(all.map(({ bytes }) => bytes)), ...walker.rest()].filter((bytes) => bytes.length > 0);
  return [...pieces.flatMap((bytes) => inserter.push(bytes)), ...inserter.end()];
}

function identityElements({ localId }: Reconciliation, encoding: DataSetEncoding): [number, Buffer][] {
  const { namespaceId, universalId, universalIdType } = localId.authority;
  const found: [number, Buffer][] = [[T.patientId, encodeText(T.patientId, 'LO', localId.value, encoding)]];
  const issuer = namespaceId || universalId;
  if (issuer) found.push([T.issuer, encodeText(T.issuer, 'LO', issuer, encoding)]);
  if (universalId) {
    const item = encodeItem(
      [
        encodeText(T.entityId, 'UT', universalId, encoding),
        encodeText(T.entityIdType, 'CS', universalIdType || 'ISO', encoding),
      ],
      encoding,
    );
    found.push([T.qualifiers, encodeSequence(T.qualifiers, [item], encoding)]);
  }
  return found;
}

/** (0400,0561) with one more item (PS3.3 C.12.1.1.9): the values that were replaced, those that were absent as empty. */
function originalAttributes(
  head: Buffer,
  existing: WalkedElement | undefined,
  originals: readonly (WalkedElement | undefined)[],
  encoding: DataSetEncoding,
  rules: Reconciliation,
): Buffer {
  // A sequence that some system could only write as UN reads as implicit (PS3.5 6.2.2).
  const isUnknown = existing?.vr === 'UN' && encoding.explicitVr;
  const inner = isUnknown ? IMPLICIT_LITTLE : encoding;
  const item = modificationItem(head, originals, encoding, inner, rules);
  if (!existing) return encodeSequence(T.original, [item], encoding);
  const { vr, length, valueOffset, endOffset } = existing;
  const contentEnd = length === UNDEFINED_LENGTH ? endOffset - delimiterBytes : endOffset;
  const content = Buffer.concat([head.subarray(valueOffset, contentEnd), item]);
  return encodeElement(T.original, vr === 'UN' ? 'UN' : 'SQ', content, encoding);
}

function modificationItem(
  head: Buffer,
  originals: readonly (WalkedElement | undefined)[],
  outer: DataSetEncoding,
  inner: DataSetEncoding,
  { at, modifyingSystem, source }: Reconciliation,
): Buffer {
  const values = originals.flatMap((element, index) => {
    const tag = replaced[index] ?? 0;
    if (tag === T.qualifiers)
      return element && inner === outer ? [head.subarray(element.offset, element.endOffset)] : [];
    return [
      encodeElement(
        tag,
        'LO',
        element ? head.subarray(element.valueOffset, element.endOffset) : Buffer.alloc(0),
        inner,
      ),
    ];
  });
  return encodeItem(
    [
      encodeSequence(T.modified, [encodeItem(values, inner)], inner),
      encodeText(T.modifiedAt, 'DT', at, inner),
      encodeText(T.modifyingSystem, 'LO', modifyingSystem, inner),
      encodeText(T.source, 'LO', source, inner),
      encodeText(T.reason, 'CS', 'COERCE', inner),
    ],
    inner,
  );
}
