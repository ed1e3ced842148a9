/** Status codes of responses (PS3.7 annex C; PS3.4 B.2.3, C.4). */
export const dimseStatus = {
  success: 0x0000,
  cancelled: 0xfe00,
  pending: 0xff00,
  pendingWithWarning: 0xff01,
  sopClassNotSupported: 0x0122,
  notAuthorized: 0x0124,
  duplicateInvocation: 0x0210,
  unrecognizedOperation: 0x0211,
  processingFailure: 0x0110,
  outOfResources: 0xa700,
  moveDestinationUnknown: 0xa801,
  cannotUnderstand: 0xc000,
} as const;

export type StatusKind = 'success' | 'pending' | 'cancelled' | 'warning' | 'failure';

/** Class of a status (PS3.7 C). A warning means that the operation took place. */
export function statusKind(status: number): StatusKind {
  if (status === 0) return 'success';
  if (status === 0xff00 || status === 0xff01) return 'pending';
  if (status === 0xfe00) return 'cancelled';
  if (status === 1 || status === 0x0107 || status === 0x0116 || (status & 0xf000) === 0xb000) return 'warning';
  return 'failure';
}

/** `0xA801` rather than 43009. */
export function statusText(status: number): string {
  return `0x${status.toString(16).toUpperCase().padStart(4, '0')}`;
}
