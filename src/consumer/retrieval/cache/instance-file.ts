import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { RetrievedHead, RetrievedInstance } from '../retrieval.types';

const mark = Buffer.from('DXI1', 'latin1');
const nonceBytes = 12;
const tagBytes = 16;
const boxOverhead = nonceBytes + tagBytes;

/** A file read back: what was put, or undefined when its bytes were changed or belong to another object or key. */
export interface KeptInstance {
  readonly instance: RetrievedInstance;
  readonly head: RetrievedHead;
}

interface Facts {
  readonly sopClassUid: string;
  readonly transferSyntaxUid: string;
  /** Syntax in which the head reads: another one when the object is deflated. */
  readonly headSyntaxUid: string;
  readonly pixelDataFollows: boolean;
}

/** Names and encrypts the objects of one exam under its own key (AES-256-GCM); the head can be read without the rest. */
export class InstanceFileCodec {
  private readonly nameKey: Buffer;

  constructor(private readonly key: Buffer) {
    this.nameKey = createHmac('sha256', key).update('names').digest();
  }

  /** File name of an object: tells nothing of its UID. */
  nameOf(sopInstanceUid: string): string {
    return createHmac('sha256', this.nameKey).update(sopInstanceUid).digest('hex').slice(0, 40);
  }

  /** Bytes of the file, in pieces. */
  encode(sopInstanceUid: string, instance: RetrievedInstance, head: RetrievedHead): Buffer[] {
    const facts: Facts = {
      sopClassUid: instance.sopClassUid,
      transferSyntaxUid: instance.transferSyntaxUid,
      headSyntaxUid: head.transferSyntaxUid,
      pixelDataFollows: head.pixelDataFollows,
    };
    const json = Buffer.from(JSON.stringify(facts));
    const prefix = Buffer.alloc(2);
    prefix.writeUInt16LE(json.length);
    const first = this.seal([prefix, json, head.head], `${sopInstanceUid} head`);
    const isDeflated = facts.headSyntaxUid !== facts.transferSyntaxUid;
    const rest = isDeflated ? instance.dataset : instance.dataset.subarray(head.head.length);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(first.reduce((sum, piece) => sum + piece.length, 0));
    return [mark, length, ...first, ...this.seal([rest], `${sopInstanceUid} rest`)];
  }

  /** How many bytes of a file its head needs, from its first `startBytes`. */
  headEnd(start: Buffer): number | undefined {
    if (start.length < InstanceFileCodec.startBytes || !start.subarray(0, mark.length).equals(mark)) return undefined;
    return InstanceFileCodec.startBytes + start.readUInt32LE(mark.length);
  }

  static readonly startBytes = mark.length + 4;

  decodeHead(sopInstanceUid: string, bytes: Buffer): RetrievedHead | undefined {
    return this.openHead(sopInstanceUid, bytes)?.head;
  }

  decode(sopInstanceUid: string, file: Buffer): KeptInstance | undefined {
    const end = this.headEnd(file);
    const opened =
      end === undefined || end > file.length ? undefined : this.openHead(sopInstanceUid, file.subarray(0, end));
    if (!opened) return undefined;
    const { facts, head } = opened;
    const rest = this.unseal(file.subarray(end), `${sopInstanceUid} rest`);
    if (!rest) return undefined;
    const { sopClassUid, transferSyntaxUid } = facts;
    const dataset = facts.headSyntaxUid === transferSyntaxUid ? Buffer.concat([head.head, rest]) : rest;
    return { instance: { sopClassUid, transferSyntaxUid, dataset }, head };
  }

  private openHead(sopInstanceUid: string, bytes: Buffer): { facts: Facts; head: RetrievedHead } | undefined {
    const plain = this.unseal(bytes.subarray(InstanceFileCodec.startBytes), `${sopInstanceUid} head`);
    if (!plain) return undefined;
    const jsonEnd = 2 + plain.readUInt16LE(0);
    const facts = JSON.parse(plain.toString('utf8', 2, jsonEnd)) as Facts;
    const { headSyntaxUid, pixelDataFollows } = facts;
    return { facts, head: { transferSyntaxUid: headSyntaxUid, head: plain.subarray(jsonEnd), pixelDataFollows } };
  }

  private seal(plain: readonly Buffer[], what: string): Buffer[] {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce);
    cipher.setAAD(Buffer.from(what));
    const body = plain.map((piece) => cipher.update(piece));
    body.push(cipher.final());
    return [nonce, cipher.getAuthTag(), ...body];
  }

  private unseal(box: Buffer, what: string): Buffer | undefined {
    if (box.length < boxOverhead) return undefined;
    try {
      const options = { authTagLength: tagBytes };
      const decipher = createDecipheriv('aes-256-gcm', this.key, box.subarray(0, nonceBytes), options);
      decipher.setAAD(Buffer.from(what));
      decipher.setAuthTag(box.subarray(nonceBytes, boxOverhead));
      const plain = decipher.update(box.subarray(boxOverhead));
      decipher.final();
      return plain;
    } catch {
      return undefined;
    }
  }
}
