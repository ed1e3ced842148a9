import type { Socket } from 'node:net';
import {
  AssociateReject,
  AssociateRequest,
  CommandSet,
  commandField,
  decodeAssociateRequest,
  DimseFault,
  dimseStatus,
  encodeAssociateAccept,
  encodeAssociateReject,
  NegotiatedContext,
  noDataSet,
  pduType,
  ProposedContext,
  rejection,
  storageTransferSyntaxes,
  transferSyntaxesOfCommands,
  verificationSopClass,
} from '../../../standards/dimse';
import { isStorageSopClass } from '../../../standards/dicom';
import { Association, AssociationUser, DataTarget } from '../dimse/association';
import { DimseSettings, implementation } from '../dimse/dimse-settings';
import { discarding, receiveStore, StoreReceiver } from '../dimse/store-receiver';

export interface AcceptorPolicy {
  readonly aeTitle: string;
  /** Calling AE titles that may associate; empty: any (the network is then the only guard). */
  readonly allowedCallingAeTitles: readonly string[];
  readonly settings: DimseSettings;
  readonly store: StoreReceiver;
  /** False when the limit of associations is reached. */
  readonly hasRoom: () => boolean;
  readonly told: (event: 'rejected' | 'ended', facts: { callingAeTitle: string; detail: string }) => void;
}

/** An association that a peer opened with us: C-ECHO and C-STORE in SCP role. */
export class Acceptor implements AssociationUser {
  readonly association: Association;
  private request: AssociateRequest | undefined;
  private contexts = new Map<number, { abstractSyntax: string; transferSyntax: string }>();
  private readonly artim: NodeJS.Timeout;
  onClosed: (() => void) | undefined;

  constructor(
    socket: Socket,
    private readonly policy: AcceptorPolicy,
  ) {
    this.association = new Association(socket, this, policy.settings);
    socket.on('data', (chunk: Buffer) => this.association.feed(chunk));
    this.artim = setTimeout(() => this.association.close(new Error('no association request')), policy.settings.artimMs);
    this.association.awaiting = () => this.request !== undefined;
  }

  control(type: number, body: Buffer): void {
    if (type !== pduType.associateRq || this.request)
      throw new DimseFault('unknown-pdu', `PDU ${type} not expected now`);
    const request = decodeAssociateRequest(body);
    const refusal = this.refusal(request, request.applicationContextKnown);
    if (refusal) {
      this.association.sendControl(encodeAssociateReject(refusal.reject));
      this.policy.told('rejected', { callingAeTitle: request.callingAeTitle, detail: refusal.detail });
      this.association.close(new Error(refusal.detail));
      return;
    }
    clearTimeout(this.artim);
    this.request = request;
    this.association.setPeerMaxPduLength(request.user.maxPduLength);
    this.association.sendControl(
      encodeAssociateAccept({
        calledAeTitle: request.calledAeTitle,
        callingAeTitle: request.callingAeTitle,
        contexts: request.contexts.map((context) => this.judge(context)),
        user: {
          maxPduLength: this.policy.settings.maxPduLength,
          implementationClassUid: implementation.classUid,
          implementationVersionName: implementation.versionName,
          roles: [],
        },
      }),
    );
  }

  message(contextId: number, command: CommandSet): void {
    if (command.commandField === commandField.cancelRq) return;
    const isEcho = command.commandField === commandField.echoRq;
    this.respond(contextId, command, isEcho ? dimseStatus.success : dimseStatus.unrecognizedOperation);
  }

  dataFollows(contextId: number, command: CommandSet): DataTarget {
    const context = this.contexts.get(contextId);
    if (!context || !this.request) throw new DimseFault('malformed-pdv', 'data in a context that was not accepted');
    if (command.commandField !== commandField.storeRq) {
      const answer = (): void => this.respond(contextId, command, dimseStatus.unrecognizedOperation);
      return { ...discarding(0), end: answer };
    }
    const opened = this.policy.store({
      callingAeTitle: this.request.callingAeTitle,
      calledAeTitle: this.request.calledAeTitle,
      peerAddress: this.association.socket.remoteAddress ?? '',
      sopClassUid: command.affectedSopClassUid ?? context.abstractSyntax,
      sopInstanceUid: command.affectedSopInstanceUid ?? '',
      transferSyntaxUid: context.transferSyntax,
      moveOriginatorAeTitle: command.moveOriginatorAeTitle,
      moveOriginatorMessageId: command.moveOriginatorMessageId,
    });
    return receiveStore(this.association, contextId, command, opened);
  }

  closed(reason: Error): void {
    clearTimeout(this.artim);
    this.policy.told('ended', { callingAeTitle: this.request?.callingAeTitle ?? '', detail: reason.message });
    this.onClosed?.();
  }

  private respond(contextId: number, command: CommandSet, status: number): void {
    this.association.send(contextId, {
      affectedSopClassUid: command.affectedSopClassUid,
      commandField: command.commandField | 0x8000,
      messageIdBeingRespondedTo: command.messageId ?? 0,
      dataSetType: noDataSet,
      status,
    });
  }

  private refusal(
    request: AssociateRequest,
    applicationContextKnown: boolean,
  ): { reject: AssociateReject; detail: string } | undefined {
    const { aeTitle, allowedCallingAeTitles } = this.policy;
    if (!this.policy.hasRoom()) return { reject: rejection.localLimitExceeded, detail: 'too many associations' };
    if (!applicationContextKnown) {
      return { reject: rejection.applicationContextNotSupported, detail: 'application context' };
    }
    if (request.calledAeTitle !== aeTitle) {
      return { reject: rejection.calledAeTitleNotRecognized, detail: 'called AE title' };
    }
    if (allowedCallingAeTitles.length > 0 && !allowedCallingAeTitles.includes(request.callingAeTitle)) {
      return { reject: rejection.callingAeTitleNotRecognized, detail: 'calling AE title' };
    }
    return undefined;
  }

  /** The first transfer syntax that we can receive: the peer's own preference, nearly always the stored one. */
  private judge({ id, abstractSyntax, transferSyntaxes }: ProposedContext): NegotiatedContext {
    const isEcho = abstractSyntax === verificationSopClass;
    const known = isEcho ? transferSyntaxesOfCommands : storageTransferSyntaxes;
    const transferSyntax = transferSyntaxes.find((uid) => known.includes(uid));
    // A class outside of the standard's own root is a private storage class: queries and the like are never private here.
    const isSupported = isEcho || isStorageSopClass(abstractSyntax) || !abstractSyntax.startsWith('1.2.840.10008.');
    if (!isSupported) return { id, result: 3, transferSyntax: transferSyntaxes[0] ?? '' };
    if (!transferSyntax) return { id, result: 4, transferSyntax: transferSyntaxes[0] ?? '' };
    this.contexts.set(id, { abstractSyntax, transferSyntax });
    return { id, result: 0, transferSyntax };
  }
}
