/** Injection token of the facts that every record of a process bears: who started a command of the command line, and where. */
export const AUDIT_ORIGIN = Symbol('audit-origin');

export type AuditOrigin = Readonly<Record<string, string | number | boolean>>;
