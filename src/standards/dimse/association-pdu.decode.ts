import {
  AssociateAccept,
  AssociateReject,
  AssociateRequest,
  maxPresentationContexts,
  NegotiatedContext,
  ProposedContext,
  RoleSelection,
  UserInformation,
} from './association-pdu';
import { DimseFault } from './dimse-fault';
import { applicationContext } from './uids';

/** Most transfer syntaxes read in one proposed context; longer lists are refused. */
const maxTransferSyntaxes = 64;
/** PS3.8 lets a UID take 64 bytes; padding of a careless peer is tolerated. */
const maxUidBytes = 72;

interface Item {
  readonly type: number;
  readonly body: Buffer;
}

function* items(body: Buffer): Generator<Item> {
  let offset = 0;
  while (offset < body.length) {
    if (body.length - offset < 4) throw new DimseFault('malformed-pdu', 'item header cut (PS3.8 9.3.2)');
    const length = body.readUInt16BE(offset + 2);
    const end = offset + 4 + length;
    if (end > body.length) throw new DimseFault('malformed-pdu', 'item longer than its PDU (PS3.8 9.3.2)');
    yield { type: body[offset], body: body.subarray(offset + 4, end) };
    offset = end;
  }
}

function uid(body: Buffer): string {
  if (body.length > maxUidBytes) throw new DimseFault('malformed-pdu', 'UID too long (PS3.5 9.1)');
  return body.toString('latin1').replace(/[\0 ]+$/, '');
}

function fixedPart(body: Buffer): { calledAeTitle: string; callingAeTitle: string; rest: Buffer } {
  if (body.length < 68) throw new DimseFault('malformed-pdu', 'association PDU cut (PS3.8 9.3.2)');
  if ((body.readUInt16BE(0) & 1) === 0)
    throw new DimseFault('malformed-pdu', 'protocol version 1 missing (PS3.8 9.3.2)');
  return {
    calledAeTitle: body.toString('latin1', 4, 20).trim(),
    callingAeTitle: body.toString('latin1', 20, 36).trim(),
    rest: body.subarray(68),
  };
}

function userInformation(body: Buffer): UserInformation {
  let maxPduLength = 0;
  let implementationClassUid = '';
  let implementationVersionName: string | undefined;
  const roles: RoleSelection[] = [];
  for (const sub of items(body)) {
    if (sub.type === 0x51 && sub.body.length === 4) maxPduLength = sub.body.readUInt32BE(0);
    else if (sub.type === 0x52) implementationClassUid = uid(sub.body);
    else if (sub.type === 0x55) implementationVersionName = sub.body.toString('latin1', 0, 16).trim();
    else if (sub.type === 0x54) roles.push(role(sub.body));
  }
  return { maxPduLength, implementationClassUid, implementationVersionName, roles };
}

function role(body: Buffer): RoleSelection {
  const length = body.length >= 2 ? body.readUInt16BE(0) : -1;
  if (length < 0 || length + 4 !== body.length) {
    throw new DimseFault('malformed-pdu', 'role selection of a wrong length (PS3.7 D.3.3.4)');
  }
  return { sopClassUid: uid(body.subarray(2, 2 + length)), scu: body[2 + length] === 1, scp: body[3 + length] === 1 };
}

function contextHead(body: Buffer): { id: number; result: number } {
  if (body.length < 4) throw new DimseFault('malformed-pdu', 'presentation context cut (PS3.8 9.3.2.2)');
  return { id: body[0], result: body[2] };
}

function refuseTooMany(contexts: readonly unknown[]): void {
  if (contexts.length > maxPresentationContexts) throw new DimseFault('limit', 'more than 128 presentation contexts');
}

/** Reads an A-ASSOCIATE-RQ without its six byte header (PS3.8 9.3.2). Throws `DimseFault`. */
export function decodeAssociateRequest(body: Buffer): AssociateRequest & { readonly applicationContextKnown: boolean } {
  const { calledAeTitle, callingAeTitle, rest } = fixedPart(body);
  const contexts: ProposedContext[] = [];
  const seen = new Set<number>();
  let user: UserInformation | undefined;
  let applicationContextKnown = false;
  for (const { type, body: content } of items(rest)) {
    if (type === 0x10) applicationContextKnown = uid(content) === applicationContext;
    else if (type === 0x50) user = userInformation(content);
    else if (type === 0x20) {
      const context = proposedContext(content);
      if (context.id % 2 === 0 || seen.has(context.id)) {
        throw new DimseFault('malformed-pdu', 'context identifier even or used twice (PS3.8 9.3.2.2)');
      }
      seen.add(context.id);
      contexts.push(context);
      refuseTooMany(contexts);
    }
  }
  if (!user) throw new DimseFault('malformed-pdu', 'user information missing (PS3.8 9.3.2.3)');
  return { calledAeTitle, callingAeTitle, contexts, user, applicationContextKnown };
}

function proposedContext(body: Buffer): ProposedContext {
  const { id } = contextHead(body);
  let abstractSyntax = '';
  const transferSyntaxes: string[] = [];
  for (const sub of items(body.subarray(4))) {
    if (sub.type === 0x30) abstractSyntax = uid(sub.body);
    else if (sub.type === 0x40) transferSyntaxes.push(uid(sub.body));
    if (transferSyntaxes.length > maxTransferSyntaxes) throw new DimseFault('limit', 'too many transfer syntaxes');
  }
  return { id, abstractSyntax, transferSyntaxes };
}

/** Reads an A-ASSOCIATE-AC without its six byte header (PS3.8 9.3.3). Throws `DimseFault`. */
export function decodeAssociateAccept(body: Buffer): AssociateAccept {
  const { calledAeTitle, callingAeTitle, rest } = fixedPart(body);
  const contexts: NegotiatedContext[] = [];
  let user: UserInformation | undefined;
  for (const { type, body: content } of items(rest)) {
    if (type === 0x50) user = userInformation(content);
    else if (type === 0x21) {
      const { id, result } = contextHead(content);
      let transferSyntax = '';
      for (const sub of items(content.subarray(4))) if (sub.type === 0x40) transferSyntax = uid(sub.body);
      contexts.push({ id, result, transferSyntax });
      refuseTooMany(contexts);
    }
  }
  if (!user) throw new DimseFault('malformed-pdu', 'user information missing (PS3.8 9.3.3.3)');
  return { calledAeTitle, callingAeTitle, contexts, user };
}

/** Reads an A-ASSOCIATE-RJ (PS3.8 9.3.4). */
export function decodeAssociateReject(body: Buffer): AssociateReject {
  if (body.length < 4) throw new DimseFault('malformed-pdu', 'A-ASSOCIATE-RJ cut (PS3.8 9.3.4)');
  return { result: body[1], source: body[2], reason: body[3] };
}

/** What a rejection means, in words (PS3.8 table 9-21). */
export function describeRejection({ result, source, reason }: AssociateReject): string {
  const words: Record<string, string> = {
    '1.1': 'no reason given',
    '1.2': 'application context not supported',
    '1.3': 'calling AE title not recognised',
    '1.7': 'called AE title not recognised',
    '2.1': 'no reason given by the provider',
    '2.2': 'protocol version not supported',
    '3.1': 'temporary congestion',
    '3.2': 'limit of associations reached',
  };
  const text = words[`${source}.${reason}`] ?? `source ${source}, reason ${reason}`;
  return `${result === 2 ? 'rejected for now' : 'rejected'}: ${text}`;
}
