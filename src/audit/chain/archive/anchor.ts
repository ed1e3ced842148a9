import type { AuditKey, TrustedKeys } from '../audit-key';
import { canonicalJson } from '../canonical';
import type { ArchiveAnchor } from '../chain-store';

type Unsigned = Omit<ArchiveAnchor, 'keyId' | 'signature'>;

function anchorText(anchor: Unsigned & { readonly keyId: string }): string {
  return canonicalJson({
    format: 'drimbox-audit-anchor-1',
    number: String(anchor.number),
    fromSeal: String(anchor.fromSeal),
    toSeal: String(anchor.toSeal),
    fromSequence: String(anchor.fromSequence),
    toSequence: String(anchor.toSequence),
    headHash: anchor.headHash.toString('hex'),
    fileName: anchor.fileName,
    fileSha256: anchor.fileSha256.toString('hex'),
    archivedAt: anchor.archivedAt,
    keyId: anchor.keyId,
  });
}

/** Signs where the lines of some periods went, before they leave the database. */
export function signAnchor(anchor: Unsigned, key: AuditKey): ArchiveAnchor {
  return { ...anchor, keyId: key.id, signature: key.sign(anchorText({ ...anchor, keyId: key.id })) };
}

export function anchorFault(anchor: ArchiveAnchor, keys: TrustedKeys): 'unknown-key' | 'signature-invalid' | undefined {
  return keys.fault(anchor.keyId, anchorText(anchor), anchor.signature);
}
