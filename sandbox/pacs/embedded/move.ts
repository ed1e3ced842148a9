import { Client, constants } from 'dcmjs-dimse';
import type { Socket } from 'node:net';
import { CStoreResponse, PresentationContext } from './dimse';
import { PacsPeer } from '../sandbox-pacs.types';
import { ObjectStore, StoredObject } from './object-store';
import { storeRequestOf } from './raw-dataset';

export interface MoveProgress {
  remaining: number;
  completed: number;
  failures: number;
}

export interface MoveOrder {
  store: ObjectStore;
  objects: StoredObject[];
  from: string;
  to: PacsPeer;
  noDelay: boolean;
  /** Called after each object; false stops the rest. */
  onProgress(progress: MoveProgress): boolean;
}

const wantedTransferSyntax = (object: StoredObject) => `${object.sopClassUid} ${object.transferSyntaxUid}`;

/** Sends objects to a peer over one association: one presentation context per SOP class and transfer syntax, so nothing is converted. */
export async function moveTo(order: MoveOrder): Promise<MoveProgress> {
  const client = new Client();
  const progress: MoveProgress = { remaining: order.objects.length, completed: 0, failures: 0 };
  const contexts = [...new Set(order.objects.map(wantedTransferSyntax))].slice(0, 120);
  contexts.forEach((pair, index) => {
    const [sopClass, syntax] = pair.split(' ');
    client.addAdditionalPresentationContext(new PresentationContext(2 * index + 1, sopClass, syntax), true);
  });
  for (const object of order.objects) {
    const request = storeRequestOf(order.store, object);
    request.on('response', (response: CStoreResponse) => {
      progress.remaining--;
      if (response.getStatus() === constants.Status.Success) progress.completed++;
      else progress.failures++;
      if (!order.onProgress(progress)) client.abort();
    });
    client.addRequest(request);
  }
  await sent(client, order);
  // What was never answered (refused context, lost association) has failed.
  progress.failures += progress.remaining;
  progress.remaining = 0;
  return progress;
}

function sent(client: Client, { from, to, noDelay }: MoveOrder): Promise<void> {
  return new Promise((resolve) => {
    client.on('closed', () => resolve());
    client.on('networkError', () => resolve());
    client.on('associationRejected', () => resolve());
    client.send(to.host, to.port, from, to.aet, {
      connectTimeout: 10_000,
      associationTimeout: 30_000,
      pduTimeout: 60_000,
    });
    // The library leaves small packets waiting and has no option for it.
    if (noDelay) (client as unknown as { network?: { socket?: Socket } }).network?.socket?.setNoDelay(true);
  });
}
