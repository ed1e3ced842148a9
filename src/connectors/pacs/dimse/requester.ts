import { GatewayError } from '../../../platform/errors';
import {
  CommandSet,
  commandField,
  decodeAssociateAccept,
  decodeAssociateReject,
  describeRejection,
  DimseFault,
  dimseStatus,
  encodeAssociateRequest,
  identifierLimits,
  noDataSet,
  pduType,
  ProposedContext,
  rejection,
  RoleSelection,
  statusKind,
} from '../../../standards/dimse';
import { pacsErrors } from '../pacs.errors';
import { Association, AssociationUser, DataTarget } from './association';
import { connect, Peer } from './connect';
import { DimseSettings, implementation } from './dimse-settings';
import { receiveStore, StoreReceiver } from './store-receiver';

export interface AssociationPlan {
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  /** One transfer syntax per context, so that the peer cannot choose to convert. */
  readonly contexts: readonly { readonly abstractSyntax: string; readonly transferSyntax: string }[];
  /** Storage classes in which we are the SCP (C-GET). */
  readonly scpRoles?: readonly string[];
}

interface Exchange {
  onResponse(command: CommandSet, identifier: Buffer | undefined): void;
  onFailure(reason: Error): void;
  /** True while the peer works for the exchange elsewhere: its silence here is then no failure. */
  readonly isAlive?: () => boolean;
}

export interface AcceptedContext {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntax: string;
}

/** An association that we opened: requests out, responses and C-GET sub-operations in. */
export class Requester implements AssociationUser {
  private association!: Association;
  private readonly exchanges = new Map<number, Exchange>();
  private accepted: AcceptedContext[] = [];
  private messageId = 0;
  private negotiation: { resolve: () => void; reject: (reason: Error) => void } | undefined;
  /** Where the sub-operations of a C-GET under way go; without it they are refused. */
  storeReceiver: StoreReceiver | undefined;
  onClosed: (() => void) | undefined;

  private constructor(
    private readonly plan: AssociationPlan,
    private readonly peer: Peer,
    private readonly settings: DimseSettings,
  ) {}

  /** Connects and negotiates. Rejects with `pacs.unreachable`, `pacs.refused`, `pacs.too-many` or `pacs.too-slow`. */
  static async open(plan: AssociationPlan, peer: Peer, settings: DimseSettings): Promise<Requester> {
    const requester = new Requester(plan, peer, settings);
    const early: Buffer[] = [];
    let feed = (chunk: Buffer): void => void early.push(chunk);
    const socket = await connect(peer, settings.connectTimeoutMs, (chunk) => feed(chunk));
    const association = new Association(socket, requester, settings);
    requester.association = association;
    feed = (chunk) => association.feed(chunk);
    early.forEach(feed);
    await requester.negotiate();
    return requester;
  }

  get isOpen(): boolean {
    return this.association.isOpen;
  }

  get isIdle(): boolean {
    return this.exchanges.size === 0;
  }

  context(abstractSyntax: string, transferSyntax?: string): AcceptedContext | undefined {
    return this.accepted.find(
      (c) => c.abstractSyntax === abstractSyntax && (!transferSyntax || c.transferSyntax === transferSyntax),
    );
  }

  /** Message identifier for a request that chooses none (C-MOVE brings its own, unique in the process). */
  nextMessageId(): number {
    do this.messageId = (this.messageId % 0xffff) + 1;
    while (this.exchanges.has(this.messageId));
    return this.messageId;
  }

  /**
   * Sends a request and resolves with its final response. Pending responses go to `onPending`. When aborted: C-CANCEL for
   * the operations that know it, then, after the grace time, A-ABORT.
   */
  request(
    contextId: number,
    command: CommandSet & { messageId: number },
    options: {
      identifier?: Buffer;
      pieces?: AsyncIterable<Buffer>;
      signal?: AbortSignal;
      isAlive?: () => boolean;
      onPending?: (command: CommandSet, identifier: Buffer | undefined) => void;
    } = {},
  ): Promise<CommandSet> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (!this.isOpen) return Promise.reject(new GatewayError(pacsErrors.lost, { detail: 'association ended' }));
    return new Promise((resolve, reject) => {
      let grace: NodeJS.Timeout | undefined;
      const cancel = (): void => {
        this.cancel(contextId, command);
        grace = setTimeout(() => this.abort(asReason(signal)), this.settings.cancelGraceMs);
      };
      const settle = (act: () => void): void => {
        clearTimeout(grace);
        signal?.removeEventListener('abort', cancel);
        this.exchanges.delete(command.messageId);
        act();
      };
      this.exchanges.set(command.messageId, {
        isAlive: options.isAlive,
        onResponse: (response, identifier) => {
          if (statusKind(response.status ?? 0) === 'pending') options.onPending?.(response, identifier);
          else settle(() => (signal?.aborted ? reject(asReason(signal)) : resolve(response)));
        },
        onFailure: (reason) => settle(() => reject(signal?.aborted ? asReason(signal) : reason)),
      });
      signal?.addEventListener('abort', cancel, { once: true });
      if (options.pieces) {
        this.association
          .sendStream(contextId, command, options.pieces)
          .catch((error: unknown) => this.abort(error instanceof Error ? error : new Error('source failed')));
      } else this.association.send(contextId, command, options.identifier);
    });
  }

  release(): void {
    this.association.release();
  }

  abort(reason: Error): void {
    this.association.abort(reason);
  }

  control(type: number, body: Buffer): void {
    const negotiation = this.negotiation;
    if (!negotiation || (type !== pduType.associateAc && type !== pduType.associateRj)) {
      throw new DimseFault('unknown-pdu', `PDU ${type} not expected now`);
    }
    this.negotiation = undefined;
    if (type === pduType.associateRj) {
      const reject = decodeAssociateReject(body);
      const busy = reject.result === 2 || reject.source === rejection.localLimitExceeded.source;
      const detail = describeRejection(reject);
      negotiation.reject(new GatewayError(busy ? pacsErrors.tooMany : pacsErrors.refused, { detail }));
      this.association.close(new Error(detail));
      return;
    }
    const accept = decodeAssociateAccept(body);
    this.association.setPeerMaxPduLength(accept.user.maxPduLength);
    this.accepted = accept.contexts
      .filter(({ result }) => result === 0)
      .flatMap(({ id }) => {
        const proposed = this.plan.contexts[(id - 1) / 2];
        return proposed ? [{ id, ...proposed }] : [];
      });
    negotiation.resolve();
  }

  message(_contextId: number, command: CommandSet): void {
    this.respond(command, undefined);
  }

  dataFollows(contextId: number, command: CommandSet): DataTarget {
    if (command.commandField === commandField.storeRq) return this.subOperation(contextId, command);
    const pieces: Buffer[] = [];
    let bytes = 0;
    return {
      write: (piece) => {
        bytes += piece.length;
        if (bytes > identifierLimits.bytes) throw new DimseFault('limit', 'identifier too long');
        pieces.push(piece);
        return true;
      },
      drained: () => Promise.resolve(),
      end: () => this.respond(command, Buffer.concat(pieces)),
      cut: () => undefined,
    };
  }

  closed(reason: Error): void {
    this.negotiation?.reject(GatewayError.of(reason) ?? new GatewayError(pacsErrors.lost, { cause: reason }));
    this.negotiation = undefined;
    for (const exchange of [...this.exchanges.values()]) exchange.onFailure(reason);
    this.onClosed?.();
  }

  private subOperation(contextId: number, command: CommandSet): DataTarget {
    const context = this.accepted.find(({ id }) => id === contextId);
    if (!context) throw new DimseFault('malformed-pdv', 'data in a context that was not accepted');
    const opened =
      this.storeReceiver?.({
        callingAeTitle: this.plan.calledAeTitle,
        calledAeTitle: this.plan.callingAeTitle,
        peerAddress: this.peer.host,
        sopClassUid: command.affectedSopClassUid ?? context.abstractSyntax,
        sopInstanceUid: command.affectedSopInstanceUid ?? '',
        transferSyntaxUid: context.transferSyntax,
      }) ?? dimseStatus.notAuthorized;
    return receiveStore(this.association, contextId, command, opened);
  }

  private respond(command: CommandSet, identifier: Buffer | undefined): void {
    const exchange = this.exchanges.get(command.messageIdBeingRespondedTo ?? -1);
    if (!exchange) throw new DimseFault('malformed-command', 'response to a message that was not sent');
    exchange.onResponse(command, identifier);
  }

  private cancel(contextId: number, command: CommandSet & { messageId: number }): void {
    const cancellable: readonly number[] = [commandField.findRq, commandField.moveRq, commandField.getRq];
    if (!cancellable.includes(command.commandField)) return;
    this.association.send(contextId, {
      commandField: commandField.cancelRq,
      messageIdBeingRespondedTo: command.messageId,
      dataSetType: noDataSet,
    });
  }

  private negotiate(): Promise<void> {
    const contexts: ProposedContext[] = this.plan.contexts.map((context, index) => ({
      id: index * 2 + 1,
      abstractSyntax: context.abstractSyntax,
      transferSyntaxes: [context.transferSyntax],
    }));
    const roles: RoleSelection[] = (this.plan.scpRoles ?? []).map((sopClassUid) => ({
      sopClassUid,
      scu: false,
      scp: true,
    }));
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.association.abort(new GatewayError(pacsErrors.tooSlow, { detail: 'association request not answered' }));
      }, this.settings.artimMs);
      this.negotiation = {
        resolve: () => {
          clearTimeout(timer);
          this.association.awaiting = () => [...this.exchanges.values()].some(({ isAlive }) => !isAlive?.());
          resolve();
        },
        reject: (reason) => {
          clearTimeout(timer);
          reject(reason);
        },
      };
      this.association.sendControl(
        encodeAssociateRequest({
          calledAeTitle: this.plan.calledAeTitle,
          callingAeTitle: this.plan.callingAeTitle,
          contexts,
          user: {
            maxPduLength: this.settings.maxPduLength,
            implementationClassUid: implementation.classUid,
            implementationVersionName: implementation.versionName,
            roles,
          },
        }),
      );
    });
  }
}

function asReason(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new Error('aborted');
}
