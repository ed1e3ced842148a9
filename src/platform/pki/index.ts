export { certificateCrlUrls, certificateSerialKey, certificateSubjectKey } from './certificate-fields';
export { buildPath, isWithinDates } from './chain';
export { CrlError, parseRevocationList, verifyRevocationList } from './crl';
export type { CrlRefusal, RevocationList } from './crl';
export { loadKeyMaterial, parseCertificates, readMaterial } from './key-material';
export type { KeyMaterial, LoadedMaterial, MaterialSource } from './key-material';
export { PeerGuard } from './peer-guard';
export type { PeerGuardOptions } from './peer-guard';
export type { PeerRefusal } from './peer-examiner';
export { PeerRefusedError } from './examined-connector';
export { PkiFaultsError } from './pki-fault';
export type { PkiFault, PkiFaultCode } from './pki-fault';
export {
  materialSource,
  materialVariables,
  pkiConfig,
  proveAnchorFiles,
  materialFiles,
  proveMaterialVariables,
  proveNamedFiles,
} from './pki.config';
export type { MaterialValues, NamedFiles } from './pki.config';
export { PkiModule, PkiService } from './pki.module';
export { daysLeft, proveMaterial, readAndProve } from './prove-material';
export type { MaterialUse, ProofOptions } from './prove-material';
export { Revocation } from './revocation';
export type { CrlLevel, CrlStatus, RevocationOptions, RevocationVerdict } from './revocation';
export { TlsMaterial } from './tls-material';
export type { CertificateStatus, TlsMaterialOptions } from './tls-material';
export { onRefusedHandshake } from './refused-handshakes';
export type { RefusedHandshake } from './refused-handshakes';
