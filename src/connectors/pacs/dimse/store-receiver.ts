import { CommandSet, commandField, dimseStatus, noDataSet } from '../../../standards/dimse';
import type { Association, DataTarget } from './association';

/** A C-STORE request as it arrives, before its data set. */
export interface StoreRequest {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly peerAddress: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly moveOriginatorAeTitle?: string;
  readonly moveOriginatorMessageId?: number;
}

/** Takes the data set of one C-STORE, byte for byte. */
export interface StoreTarget {
  write(piece: Buffer): boolean;
  drained(): Promise<void>;
  /** DIMSE status to answer, at once or when the instance is durable. Rejection answers 0x0110. */
  end(): number | Promise<number>;
  cut(reason: Error): void;
}

/** Opens a target, or gives the status with which the sub-operation is refused. */
export type StoreReceiver = (request: StoreRequest) => StoreTarget | number;

/** A target that forgets the bytes and answers the status. */
export function discarding(status: number): StoreTarget {
  return { write: () => true, drained: () => Promise.resolve(), end: () => status, cut: () => undefined };
}

/** Leads one C-STORE on an association, in SCP role, to its response, which is one write. */
export function receiveStore(
  association: Association,
  contextId: number,
  command: CommandSet,
  opened: StoreTarget | number,
): DataTarget {
  const target = typeof opened === 'number' ? discarding(opened) : opened;
  const answer = (status: number): void =>
    association.send(contextId, {
      affectedSopClassUid: command.affectedSopClassUid,
      commandField: commandField.storeRsp,
      messageIdBeingRespondedTo: command.messageId ?? 0,
      dataSetType: noDataSet,
      status,
      affectedSopInstanceUid: command.affectedSopInstanceUid,
    });
  return {
    write: (piece) => target.write(piece),
    drained: () => target.drained(),
    end: () => {
      const status = target.end();
      if (typeof status === 'number') answer(status);
      else status.then(answer, () => answer(dimseStatus.processingFailure));
    },
    cut: (reason) => target.cut(reason),
  };
}
