/** Sandbox certificates: authorities shaped like IGC-Santé, members, revocation lists and OCSP over HTTP. */
export { createSandboxPki, type MemberFiles, type SandboxPki, type SandboxPkiOptions } from './sandbox-pki';
export { startPkiServer, type PkiServer } from './pki-server';
export { members, memberNames, pscClientIds, type MemberName } from './members';
