/** Sandbox Pro Santé Connect: a certified OpenID provider library behind mutual TLS, with test users. */
export { startSandboxPsc, type PscBehaviour, type SandboxPsc, type SandboxPscOptions } from './sandbox-psc';
export type { SandboxPscClient } from './provider';
export { sandboxUsers, type SandboxUser } from './users';
