import { GatewayError } from '../../platform/errors';
import { insAuthorityNames, insNatureOf } from '../../standards/identity';
import type { Reconciliation } from './reconcile-identity';
import { transferErrors } from './transfer.errors';
import type { ImportRequest, TransferObject, TransferState } from './transfer.types';

/** The objects that a request names, in the order of the manifest. */
export function chosenObjects({
  exam,
  seriesInstanceUids,
}: ImportRequest): Pick<TransferObject, 'sopInstanceUid' | 'seriesInstanceUid'>[] {
  const study = exam.manifest.studies.find((each) => each.studyInstanceUid === exam.studyInstanceUid);
  const series = study?.series.filter((each) => seriesInstanceUids?.includes(each.seriesInstanceUid) ?? true) ?? [];
  return series.flatMap(({ seriesInstanceUid, instances }) =>
    instances.map(({ sopInstanceUid }) => ({ sopInstanceUid, seriesInstanceUid })),
  );
}

/** What is written into each object of a request. */
export function reconciliationFor({ exam, localId }: ImportRequest, at: Date): Reconciliation {
  const { ins } = exam.patient;
  const nature = insNatureOf(ins.oid);
  return {
    localId,
    ins,
    insIssuer: nature && insAuthorityNames[nature],
    modifyingSystem: 'DRIMBOX',
    source: 'DRIM-M',
    at: dicomDateTime(at),
  };
}

/** How an import ended. @param stored objects that the PACS has of it, earlier attempts included */
export function endState(signal: AbortSignal, stored: number, failure: GatewayError | undefined): TransferState {
  if (GatewayError.of(signal.reason)?.entry === transferErrors.interrupted) return 'interrupted';
  if (signal.aborted || failure?.entry === transferErrors.cancelled) return 'cancelled';
  if (!failure) return 'done';
  return stored > 0 ? 'incomplete' : 'failed';
}

/** DT with its offset, in UTC (PS3.5 6.2). */
function dicomDateTime(at: Date): string {
  return `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}+0000`;
}
