import { DicomRefusal } from './dicom-refusal';
import type { ChunkTransformer, DataSetEncoding, InsToInsert } from './dicom.types';
import { readDataSet, type ReadElement } from './data-set-reader';
import { encodeItem, encodeSequence, encodeSequenceHeader, encodeText } from './element-encoder';
import { contentEncoding, EXPLICIT_LITTLE, UNDEFINED_LENGTH } from './element-header';
import { HeadWalker, type WalkedElement } from './head-walker';
import { DeflateStream, InflateStream } from './inflate';
import { transferSyntax, TRANSFER_SYNTAX } from './transfer-syntaxes';
import { isUid } from './validators';

const OTHER_PATIENT_IDS_SEQUENCE = 0x00101002;
const PATIENT_ID = 0x00100020;
const ISSUER_OF_PATIENT_ID = 0x00100021;
const TYPE_OF_PATIENT_ID = 0x00100022;
const ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE = 0x00100024;
const UNIVERSAL_ENTITY_ID = 0x00400032;
const UNIVERSAL_ENTITY_ID_TYPE = 0x00400033;

export interface InsInserterOptions {
  readonly transferSyntaxUid: string;
  readonly ins: InsToInsert;
  /** Longest head (up to the first tag after (0010,1002)), in bytes; 1 MiB unless told. */
  readonly headBytesMax?: number;
  /** Of a deflated data set: most bytes once inflated; 4 GiB unless told. */
  readonly inflatedBytesMax?: number;
}

/**
 * Adds the patient's INS as an item of OtherPatientIDsSequence (0010,1002) to a data set that streams through, in the
 * data set's own encoding. Earlier items stay; nothing is added when the same INS of the same issuer is there already.
 * Every other byte is given back as it came, group lengths (retired, PS3.5 7.2) included; a deflated data set is
 * inflated and deflated again. Nothing comes out before the head is understood, so a refusal leaves nothing behind.
 */
export class InsInserter implements ChunkTransformer {
  private readonly inner: ChunkTransformer;

  constructor(options: InsInserterOptions) {
    const syntax = transferSyntax(options.transferSyntaxUid);
    if (!syntax) throw new DicomRefusal('transfer-syntax-unknown');
    checkIns(options.ins);
    this.inner = syntax.deflated ? new DeflatedInsInserter(options) : new PlainInsInserter(options, syntax);
  }

  push(chunk: Buffer): Buffer[] {
    return this.inner.push(chunk);
  }

  end(): Buffer[] {
    return this.inner.end();
  }
}

/** A bad INS is a fault of the caller, not of the data set: it is never quoted. */
function checkIns({ matricule, oid, issuer }: InsToInsert): void {
  if (!/^[0-9A-Z]{1,64}$/.test(matricule))
    throw new TypeError('the matricule is not made of 1 to 64 digits and capital letters');
  if (!isUid(oid)) throw new TypeError('the OID of the INS is not a UID');
  if (issuer !== undefined && !/^[\x20-\x5b\x5d-\x7e]{1,64}$/.test(issuer))
    throw new TypeError('the issuer is not an LO value');
}

const kept: ReadonlySet<number> = new Set([OTHER_PATIENT_IDS_SEQUENCE]);

class PlainInsInserter implements ChunkTransformer {
  private walker?: HeadWalker;

  constructor(
    private readonly options: InsInserterOptions,
    private readonly encoding: DataSetEncoding,
  ) {
    this.walker = new HeadWalker({
      transferSyntaxUid: options.transferSyntaxUid,
      stopAt: OTHER_PATIENT_IDS_SEQUENCE + 1,
      keep: kept,
      headBytesMax: options.headBytesMax,
    });
  }

  push(chunk: Buffer): Buffer[] {
    if (!this.walker) return [chunk];
    return chunk.length > 0 && this.walker.push(chunk) ? this.release(this.walker) : [];
  }

  end(): Buffer[] {
    if (!this.walker) return [];
    this.walker.end();
    return this.release(this.walker);
  }

  private release(walker: HeadWalker): Buffer[] {
    this.walker = undefined;
    const head = walker.head();
    const existing = walker.elements.findLast(({ tag }) => tag === OTHER_PATIENT_IDS_SEQUENCE);
    return [...this.headWithIns(head, existing), ...walker.rest()].filter((bytes) => bytes.length > 0);
  }

  private headWithIns(head: Buffer, existing: WalkedElement | undefined): Buffer[] {
    const { ins } = this.options;
    if (!existing) {
      const item = insItem(ins, this.encoding);
      return [head, encodeSequence(OTHER_PATIENT_IDS_SEQUENCE, [item], this.encoding)];
    }
    const { offset, vr, length, valueOffset, endOffset } = existing;
    if (alreadyHolds(head.subarray(offset, endOffset), this.encoding, ins)) return [head];
    const item = insItem(ins, contentEncoding(vr, this.encoding));
    if (length === UNDEFINED_LENGTH) return [head.subarray(0, endOffset - 8), item, head.subarray(endOffset - 8)];
    return [
      head.subarray(0, offset),
      encodeSequenceHeader(OTHER_PATIENT_IDS_SEQUENCE, vr, length + item.length, this.encoding),
      head.subarray(valueOffset, endOffset),
      item,
      head.subarray(endOffset),
    ];
  }
}

class DeflatedInsInserter implements ChunkTransformer {
  private readonly inflate: InflateStream;
  private readonly inserter: PlainInsInserter;
  private readonly deflate = new DeflateStream();

  constructor(options: InsInserterOptions) {
    this.inflate = new InflateStream(options.inflatedBytesMax ?? 4 * 1024 ** 3);
    this.inserter = new PlainInsInserter(
      { ...options, transferSyntaxUid: TRANSFER_SYNTAX.explicitVrLittleEndian },
      EXPLICIT_LITTLE,
    );
  }

  push(chunk: Buffer): Buffer[] {
    return this.insert(this.inflate.push(chunk));
  }

  end(): Buffer[] {
    const last = [
      ...this.insert(this.inflate.end()),
      ...this.inserter.end().flatMap((bytes) => this.deflate.push(bytes)),
    ];
    return [...last, ...this.deflate.end()];
  }

  private insert(inflated: Buffer[]): Buffer[] {
    return inflated.flatMap((bytes) => this.inserter.push(bytes)).flatMap((bytes) => this.deflate.push(bytes));
  }
}

/** The item, as the manifests (KOS) of the national project write it; PS3.3 C.2.3 for its attributes. */
function insItem({ matricule, oid, issuer }: InsToInsert, encoding: DataSetEncoding): Buffer {
  const qualifiers = encodeItem(
    [encodeText(UNIVERSAL_ENTITY_ID, 'UT', oid, encoding), encodeText(UNIVERSAL_ENTITY_ID_TYPE, 'CS', 'ISO', encoding)],
    encoding,
  );
  return encodeItem(
    [
      encodeText(PATIENT_ID, 'LO', matricule, encoding),
      ...(issuer === undefined ? [] : [encodeText(ISSUER_OF_PATIENT_ID, 'LO', issuer, encoding)]),
      encodeText(TYPE_OF_PATIENT_ID, 'CS', 'TEXT', encoding),
      encodeSequence(ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE, [qualifiers], encoding),
    ],
    encoding,
  );
}

/**
 * Same matricule, and same issuer: by its OID, or by its name when the item has no OID. Another matricule under the same
 * OID means that the object is another patient's: it is refused, never given two.
 */
function alreadyHolds(sequence: Buffer, encoding: DataSetEncoding, ins: InsToInsert): boolean {
  const { elements, cut } = readDataSet(sequence, { encoding });
  if (cut || elements[0]?.items === undefined) {
    if (elements[0]?.length === 0) return false;
    throw new DicomRefusal('sequence-malformed', '(0010,1002)');
  }
  const same = elements[0].items.filter((item) => {
    const matricule = text(sequence, item, PATIENT_ID);
    const qualifiers = item.find(({ tag }) => tag === ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE)?.items ?? [];
    const oids = qualifiers.map((qualifier) => text(sequence, qualifier, UNIVERSAL_ENTITY_ID)).filter(Boolean);
    if (matricule && matricule !== ins.matricule && oids.includes(ins.oid))
      throw new DicomRefusal('patient-contradicted');
    if (matricule !== ins.matricule) return false;
    if (oids.length > 0) return oids.includes(ins.oid);
    return ins.issuer !== undefined && text(sequence, item, ISSUER_OF_PATIENT_ID) === ins.issuer;
  });
  return same.length > 0;
}

function text(bytes: Buffer, elements: readonly ReadElement[], wanted: number): string | undefined {
  const element = elements.find(({ tag }) => tag === wanted);
  if (!element) return undefined;
  return bytes
    .toString('latin1', element.valueOffset, element.valueOffset + element.length)
    .replace(/^ +|[ \0]+$/g, '');
}
