import { constants, Dataset, Scp } from 'dcmjs-dimse';
import { once } from 'node:events';
import type { WriteStream } from 'node:fs';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { PacsPeer } from '../sandbox-pacs.types';
import {
  AnyRequest,
  Association,
  CCancelRequest,
  CEchoRequest,
  CEchoResponse,
  CFindRequest,
  CFindResponse,
  CGetRequest,
  CGetResponse,
  CMoveRequest,
  CMoveResponse,
  CStoreRequest,
  CStoreResponse,
  PresentationContext,
} from './dimse';
import { MoveProgress, moveTo } from './move';
import { ObjectStore, StoredObject } from './object-store';
import { partTenHead } from './part-ten-head';
import { find, identified, Keys, levelOf } from './query';
import { storeRequestOf } from './raw-dataset';

const { Status, PresentationContextResult, SopClass, TransferSyntax } = constants;
const services = new Set([
  SopClass.Verification,
  SopClass.StudyRootQueryRetrieveInformationModelFind,
  SopClass.StudyRootQueryRetrieveInformationModelMove,
  SopClass.StudyRootQueryRetrieveInformationModelGet,
]);
const storagePrefix = '1.2.840.10008.5.1.4.1.1.';

/** What one listener shares between its associations. */
export interface PacsShelf {
  store: ObjectStore;
  aeTitle: string;
  peers: PacsPeer[];
  noDelay: boolean;
}

/** The class that the library instantiates for each connection, bound to one shelf. */
export function scpClassOf(shelf: PacsShelf): typeof Scp {
  return class PacsScp extends Scp {
    private association?: Association;
    private cancelled = false;

    constructor(socket: Socket, options?: ConstructorParameters<typeof Scp>[1]) {
      super(socket, options);
      if (shelf.noDelay) socket.setNoDelay(true);
    }

    override associationRequested(association: Association): void {
      this.association = association;
      for (const { context } of association.getPresentationContexts()) accept(shelf.store, context);
      this.sendAssociationAccept();
    }

    override associationReleaseRequested(): void {
      this.sendAssociationReleaseResponse();
    }

    override cEchoRequest(request: CEchoRequest, callback: (response: CEchoResponse) => void): void {
      const response = CEchoResponse.fromRequest(request);
      response.setStatus(Status.Success);
      callback(response);
    }

    /** The data set goes to disk as it comes, behind a preamble and a meta group of our own. */
    override createStoreWritableStream(context: PresentationContext, request: CStoreRequest): Writable {
      const stream = shelf.store.incoming(request.getAffectedSopInstanceUid());
      stream.write(
        partTenHead({
          sopClassUid: request.getAffectedSopClassUid(),
          sopInstanceUid: request.getAffectedSopInstanceUid(),
          transferSyntaxUid: context.getAcceptedTransferSyntaxUid() ?? TransferSyntax.ImplicitVRLittleEndian,
        }),
      );
      return stream;
    }

    override createDatasetFromStoreWritableStream(
      writable: Writable,
      _context: PresentationContext,
      callback: (dataset: Dataset) => void,
    ): void {
      const stream = writable as WriteStream;
      const next = callback as (dataset: Dataset | undefined) => void;
      void (stream.writableFinished ? Promise.resolve() : once(stream, 'finish'))
        .then(() => shelf.store.adopt(stream.path as string))
        .then(() => next(new Dataset({ stored: 'yes' })))
        .catch(() => next(undefined));
    }

    override cStoreRequest(request: CStoreRequest, callback: (response: CStoreResponse) => void): void {
      const response = CStoreResponse.fromRequest(request);
      response.setStatus(request.getDataset() ? Status.Success : Status.ProcessingFailure);
      callback(response);
    }

    override cFindRequest(request: CFindRequest, callback: (responses: CFindResponse[]) => void): void {
      const keys = (request.getDataset()?.getElements() ?? {}) as Keys;
      const level = levelOf(keys);
      const syntax = this.syntaxOf(request);
      const found = level ? find(shelf.store.all(), keys, level) : [];
      const responses = found.map((answer) => {
        const response = CFindResponse.fromRequest(request);
        response.setDataset(new Dataset({ ...answer, RetrieveAETitle: shelf.aeTitle }, syntax));
        response.setStatus(Status.Pending);
        return response;
      });
      const last = CFindResponse.fromRequest(request);
      last.setStatus(level ? Status.Success : Status.InvalidAttributeValue);
      callback([...responses, last]);
    }

    override cMoveRequest(request: CMoveRequest, callback: (responses: CMoveResponse[]) => void): void {
      const destination = String(request.getCommandDataset().getElement('MoveDestination') ?? '').trim();
      const to = shelf.peers.find(({ aet }) => aet === destination);
      if (!to) {
        const refused = CMoveResponse.fromRequest(request);
        refused.setStatus(Status.MoveDestinationUnknown);
        callback([refused]);
        return;
      }
      this.cancelled = false;
      const objects = this.named(request);
      const responseOf = (status: number, counts: MoveProgress) => {
        const response = CMoveResponse.fromRequest(request);
        fill(response, status, counts);
        return response;
      };
      const onProgress = (counts: MoveProgress) => {
        // The callback may be used once, for the last response: the pending ones are sent directly.
        if (counts.remaining > 0) this.sendResponse(request, responseOf(Status.Pending, counts));
        return !this.cancelled;
      };
      void this.moved(objects, to, onProgress).then((counts) =>
        callback([responseOf(this.outcome(counts.failures), counts)]),
      );
    }

    override cGetRequest(request: CGetRequest, callback: (responses: CGetResponse[]) => void): void {
      this.cancelled = false;
      void this.got(this.named(request)).then((counts) => {
        const response = CGetResponse.fromRequest(request);
        fill(response, this.outcome(counts.failures), counts);
        callback([response]);
      });
    }

    override cCancelRequest(_request: CCancelRequest): void {
      this.cancelled = true;
    }

    private named(request: AnyRequest): StoredObject[] {
      return identified(shelf.store.all(), request.getDataset()?.getElements() ?? {});
    }

    private syntaxOf(request: AnyRequest): string {
      const context = this.association?.getAcceptedPresentationContextFromRequest(request);
      return context?.getAcceptedTransferSyntaxUid() ?? TransferSyntax.ImplicitVRLittleEndian;
    }

    private outcome(failures: number): number {
      if (this.cancelled) return Status.Cancel;
      return failures === 0 ? Status.Success : 0xb000; // PS3.4 table C.4-2: complete, with failures.
    }

    private async moved(objects: StoredObject[], to: PacsPeer, onProgress: Parameters<typeof moveTo>[0]['onProgress']) {
      if (objects.length === 0) return { remaining: 0, completed: 0, failures: 0 };
      return moveTo({ store: shelf.store, objects, from: shelf.aeTitle, to, noDelay: shelf.noDelay, onProgress });
    }

    /** Objects sent back over the association that asked, in the contexts that it accepts. */
    private async got(objects: StoredObject[]) {
      const counts = { remaining: objects.length, completed: 0, failures: 0 };
      for (const object of objects) {
        if (this.cancelled) break;
        const sent = await this.sendBack(object);
        counts.remaining--;
        counts[sent ? 'completed' : 'failures']++;
      }
      return counts;
    }

    private sendBack(object: StoredObject): Promise<boolean> {
      const request = storeRequestOf(shelf.store, object);
      const context = this.association?.getAcceptedPresentationContextFromRequest(request);
      if (context?.getAcceptedTransferSyntaxUid() !== object.transferSyntaxUid) return Promise.resolve(false);
      return new Promise((resolve) => {
        request.on('response', (response: CStoreResponse) => resolve(response.getStatus() === Status.Success));
        request.on('done', () => resolve(false));
        this.on('close', () => resolve(false));
        this.sendRequests(request);
      });
    }
  };
}

interface Counted {
  setStatus(status: number): void;
  setRemaining(count: number): void;
  setCompleted(count: number): void;
  setFailures(count: number): void;
}

function fill(
  response: Counted,
  status: number,
  counts: { remaining: number; completed: number; failures: number },
): void {
  response.setStatus(status);
  response.setRemaining(counts.remaining);
  response.setCompleted(counts.completed);
  response.setFailures(counts.failures);
}

/** Services in an uncompressed syntax; storage in the first one proposed, or, for C-GET, in the one the objects are stored in. */
function accept(store: ObjectStore, context: PresentationContext): void {
  const sopClass = context.getAbstractSyntaxUid();
  const proposed = context.getTransferSyntaxUids();
  let chosen: string | undefined;
  if (services.has(sopClass)) {
    chosen = [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ImplicitVRLittleEndian].find((uid) =>
      proposed.includes(uid),
    );
  } else if (sopClass.startsWith(storagePrefix)) {
    const held = store
      .all()
      .filter((object) => object.sopClassUid === sopClass)
      .map((object) => object.transferSyntaxUid);
    chosen = context.getProviderRole() ? (held.find((uid) => proposed.includes(uid)) ?? proposed[0]) : proposed[0];
  }
  if (chosen) context.setResult(PresentationContextResult.Accept, chosen);
  else context.setResult(PresentationContextResult.RejectAbstractSyntaxNotSupported);
}
