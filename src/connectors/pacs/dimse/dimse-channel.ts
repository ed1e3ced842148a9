import { GatewayError } from '../../../platform/errors';
import {
  commandField,
  encodeIdentifier,
  maxPresentationContexts,
  storageTransferSyntaxes,
  studyRoot,
  transferSyntaxesOfCommands,
  verificationSopClass,
} from '../../../standards/dimse';
import { MoveDestinations } from '../listener/move-destinations';
import { pacsErrors } from '../pacs.errors';
import { Ask, AskResult, RetrieveChannel } from '../retrieval/retrieve-channel';
import { AssociationPool } from './association-pool';
import { AcceptedContext, AssociationPlan, Requester } from './requester';

export interface DimseNode {
  readonly ourAeTitle: string;
  readonly pacsAeTitle: string;
  readonly pool: AssociationPool;
}

/** Contexts of echo, queries and moves: one association serves all three. */
export function queryPlan({ ourAeTitle, pacsAeTitle }: DimseNode): AssociationPlan {
  return {
    calledAeTitle: pacsAeTitle,
    callingAeTitle: ourAeTitle,
    contexts: [verificationSopClass, studyRoot.find, studyRoot.move].flatMap((abstractSyntax) =>
      transferSyntaxesOfCommands.map((transferSyntax) => ({ abstractSyntax, transferSyntax })),
    ),
  };
}

/** Contexts of C-GET: every storage class expected with every syntax, one syntax each, as far as 128 contexts go. */
export function getPlan({ ourAeTitle, pacsAeTitle }: DimseNode, sopClassUids: readonly string[]): AssociationPlan {
  const classes = [...sopClassUids].sort().slice(0, maxPresentationContexts / 2 - 1);
  const contexts: { abstractSyntax: string; transferSyntax: string }[] = transferSyntaxesOfCommands.map(
    (transferSyntax) => ({ abstractSyntax: studyRoot.get, transferSyntax }),
  );
  for (const transferSyntax of storageTransferSyntaxes) {
    for (const abstractSyntax of classes) contexts.push({ abstractSyntax, transferSyntax });
  }
  return {
    calledAeTitle: pacsAeTitle,
    callingAeTitle: ourAeTitle,
    contexts: contexts.slice(0, maxPresentationContexts),
    scpRoles: classes,
  };
}

/** The accepted context of a command, explicit little endian preferred. Throws `pacs.refused`. */
export function contextFor(requester: Requester, abstractSyntax: string): AcceptedContext {
  for (const syntax of transferSyntaxesOfCommands) {
    const context = requester.context(abstractSyntax, syntax);
    if (context) return context;
  }
  throw new GatewayError(pacsErrors.refused, { detail: `the PACS does not offer ${abstractSyntax}` });
}

function identifierOf(ask: Ask, transferSyntax: string): Buffer {
  const keys = { StudyInstanceUID: ask.studyInstanceUid, SeriesInstanceUID: ask.seriesInstanceUid };
  return encodeIdentifier(
    ask.sopInstanceUids
      ? { QueryRetrieveLevel: 'IMAGE', ...keys, SOPInstanceUID: ask.sopInstanceUids }
      : { QueryRetrieveLevel: 'SERIES', ...keys },
    transferSyntax,
  );
}

type Held = RetrieveChannel['held'];

/** C-MOVE to our own listener (PS3.4 C.4.2). */
export class MoveChannel implements RetrieveChannel {
  readonly method = 'move';

  constructor(
    private readonly node: DimseNode,
    private readonly destinations: MoveDestinations,
    readonly held: Held,
  ) {}

  get maxParallel(): number {
    return this.node.pool.limit;
  }

  ask(ask: Ask, signal: AbortSignal): Promise<AskResult> {
    const { ourAeTitle, pacsAeTitle, pool } = this.node;
    return pool.use(
      queryPlan(this.node),
      async (requester) => {
        const context = contextFor(requester, studyRoot.move);
        const move = this.destinations.add({ originatorAeTitle: ourAeTitle, pacsAeTitle, ...bind(ask) });
        if (!move) throw new GatewayError(pacsErrors.tooMany, { detail: 'no message identifier left' });
        try {
          const final = await requester.request(
            context.id,
            {
              affectedSopClassUid: studyRoot.move,
              commandField: commandField.moveRq,
              messageId: move.messageId,
              priority: 0,
              moveDestination: ourAeTitle,
              dataSetType: 1,
            },
            { identifier: identifierOf(ask, context.transferSyntax), signal, isAlive: () => ask.isAlive() },
          );
          return { status: final.status ?? 0, completed: final.completed ?? 0 };
        } finally {
          move.removeLater();
        }
      },
      { holder: ask.holder, signal },
    );
  }
}

/** C-GET: the instances come back on the same association (PS3.4 C.4.3). */
export class GetChannel implements RetrieveChannel {
  readonly method = 'get';

  constructor(
    private readonly node: DimseNode,
    readonly held: Held,
  ) {}

  get maxParallel(): number {
    return this.node.pool.limit;
  }

  ask(ask: Ask, signal: AbortSignal): Promise<AskResult> {
    return this.node.pool.use(
      getPlan(this.node, ask.sopClassUids),
      async (requester) => {
        const context = contextFor(requester, studyRoot.get);
        requester.storeReceiver = (request) => ask.open(request);
        const final = await requester.request(
          context.id,
          {
            affectedSopClassUid: studyRoot.get,
            commandField: commandField.getRq,
            messageId: requester.nextMessageId(),
            priority: 0,
            dataSetType: 1,
          },
          { identifier: identifierOf(ask, context.transferSyntax), signal, isAlive: () => ask.isAlive() },
        );
        return { status: final.status ?? 0, completed: final.completed ?? 0 };
      },
      { holder: ask.holder, signal },
    );
  }
}

function bind(ask: Ask): Pick<Ask, 'owner' | 'expects' | 'open'> {
  return { owner: ask.owner, expects: (uid) => ask.expects(uid), open: (request) => ask.open(request) };
}
