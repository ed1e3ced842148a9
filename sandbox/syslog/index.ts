/** The sandbox's audit record repository: syslog over TLS (RFC 5425) with client certificate. */
export { startSandboxSyslog, type SandboxSyslog } from './server';
export type { ReceivedMessage } from './read-message';
