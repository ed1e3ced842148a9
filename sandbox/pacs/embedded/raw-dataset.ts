import { Dataset } from 'dcmjs-dimse';
import { CStoreRequest } from './dimse';
import { ObjectStore, StoredObject } from './object-store';

/** A data set sent exactly as it is stored: the library would otherwise write it anew and lose what it does not know. */
class RawDataset extends Dataset {
  constructor(
    private readonly store: ObjectStore,
    private readonly object: StoredObject,
  ) {
    super({ SOPClassUID: object.sopClassUid, SOPInstanceUID: object.sopInstanceUid }, object.transferSyntaxUid);
  }

  override getDenaturalizedDataset(): Buffer {
    return this.store.dataset(this.object);
  }
}

export function storeRequestOf(store: ObjectStore, object: StoredObject): CStoreRequest {
  return new CStoreRequest(new RawDataset(store, object));
}
