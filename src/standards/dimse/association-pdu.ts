/**
 * Association PDUs as values (PS3.8 9.3). Encoding is here, reading in association-pdu.decode.ts.
 */
export const pduType = {
  associateRq: 1,
  associateAc: 2,
  associateRj: 3,
  data: 4,
  releaseRq: 5,
  releaseRp: 6,
  abort: 7,
} as const;

/** One abstract syntax with the transfer syntaxes proposed for it. `id` is odd, 1 to 255. */
export interface ProposedContext {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
}

/** Result of the negotiation of one context (PS3.8 table 9-18). */
export interface NegotiatedContext {
  readonly id: number;
  /** 0 accepted, 1 user rejection, 2 no reason, 3 abstract syntax not supported, 4 transfer syntaxes not supported. */
  readonly result: number;
  readonly transferSyntax: string;
}

/** SCP/SCU role selection (PS3.7 D.3.3.4). */
export interface RoleSelection {
  readonly sopClassUid: string;
  readonly scu: boolean;
  readonly scp: boolean;
}

export interface UserInformation {
  /** Longest P-DATA-TF the sender of this item wants to receive; 0 means no limit. */
  readonly maxPduLength: number;
  readonly implementationClassUid: string;
  readonly implementationVersionName?: string;
  readonly roles: readonly RoleSelection[];
}

export interface AssociateRequest {
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly contexts: readonly ProposedContext[];
  readonly user: UserInformation;
}

export interface AssociateAccept {
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly contexts: readonly NegotiatedContext[];
  readonly user: UserInformation;
}

/** Result, source and reason of PS3.8 table 9-21. */
export interface AssociateReject {
  readonly result: number;
  readonly source: number;
  readonly reason: number;
}

export const rejection = {
  callingAeTitleNotRecognized: { result: 1, source: 1, reason: 3 },
  calledAeTitleNotRecognized: { result: 1, source: 1, reason: 7 },
  applicationContextNotSupported: { result: 1, source: 1, reason: 2 },
  protocolVersionNotSupported: { result: 1, source: 2, reason: 2 },
  noReason: { result: 1, source: 1, reason: 1 },
  temporaryCongestion: { result: 2, source: 3, reason: 1 },
  localLimitExceeded: { result: 2, source: 3, reason: 2 },
} as const satisfies Record<string, AssociateReject>;

/** Most presentation contexts of one association: odd identifiers of one byte (PS3.8 9.3.2.2). */
export const maxPresentationContexts = 128;

function item(type: number, ...parts: Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.alloc(4);
  head[0] = type;
  head.writeUInt16BE(length, 2);
  return Buffer.concat([head, ...parts]);
}

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function userInformation(user: UserInformation): Buffer {
  const maxLength = Buffer.alloc(4);
  maxLength.writeUInt32BE(user.maxPduLength);
  const roles = user.roles.map((role) =>
    item(
      0x54,
      uint16(role.sopClassUid.length),
      ascii(role.sopClassUid),
      Buffer.from([role.scu ? 1 : 0, role.scp ? 1 : 0]),
    ),
  );
  const version = user.implementationVersionName ? [item(0x55, ascii(user.implementationVersionName))] : [];
  return item(0x50, item(0x51, maxLength), item(0x52, ascii(user.implementationClassUid)), ...roles, ...version);
}

function pdu(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(6);
  head[0] = type;
  head.writeUInt32BE(body.length, 2);
  return Buffer.concat([head, body]);
}

function associate(type: number, calledAeTitle: string, callingAeTitle: string, items: Buffer[]): Buffer {
  const fixed = Buffer.alloc(68);
  fixed.writeUInt16BE(1, 0);
  fixed.write(calledAeTitle.padEnd(16), 4, 16, 'latin1');
  fixed.write(callingAeTitle.padEnd(16), 20, 16, 'latin1');
  return pdu(type, Buffer.concat([fixed, ...items]));
}

const contextItem = item(0x10, ascii('1.2.840.10008.3.1.1.1'));

/** A-ASSOCIATE-RQ (PS3.8 9.3.2). */
export function encodeAssociateRequest(request: AssociateRequest): Buffer {
  const contexts = request.contexts.map((context) =>
    item(
      0x20,
      Buffer.from([context.id, 0, 0, 0]),
      item(0x30, ascii(context.abstractSyntax)),
      ...context.transferSyntaxes.map((uid) => item(0x40, ascii(uid))),
    ),
  );
  return associate(pduType.associateRq, request.calledAeTitle, request.callingAeTitle, [
    contextItem,
    ...contexts,
    userInformation(request.user),
  ]);
}

/** A-ASSOCIATE-AC (PS3.8 9.3.3). */
export function encodeAssociateAccept(accept: AssociateAccept): Buffer {
  const contexts = accept.contexts.map((context) =>
    item(0x21, Buffer.from([context.id, 0, context.result, 0]), item(0x40, ascii(context.transferSyntax))),
  );
  return associate(pduType.associateAc, accept.calledAeTitle, accept.callingAeTitle, [
    contextItem,
    ...contexts,
    userInformation(accept.user),
  ]);
}

/** A-ASSOCIATE-RJ (PS3.8 9.3.4). */
export function encodeAssociateReject(reject: AssociateReject): Buffer {
  return pdu(pduType.associateRj, Buffer.from([0, reject.result, reject.source, reject.reason]));
}

export const releaseRequest = pdu(pduType.releaseRq, Buffer.alloc(4));
export const releaseResponse = pdu(pduType.releaseRp, Buffer.alloc(4));

/** A-ABORT (PS3.8 9.3.8): by the service user, or by the provider with its reason. */
export function encodeAbort(source: 'user' | 'provider', reason = 0): Buffer {
  return pdu(pduType.abort, Buffer.from([0, 0, source === 'user' ? 0 : 2, reason]));
}
