import { InsInserter, type InsToInsert } from '../../../standards/dicom';

export interface ObjectToCheck {
  readonly dataset: readonly Buffer[];
  readonly transferSyntaxUid: string;
  readonly ins: InsToInsert | undefined;
}

/**
 * An object that names another patient is refused whatever is asked of it: frames hold nothing that says whose they are, so the
 * object they are cut from goes through the reading of (0010,1002) that instances go through.
 * @throws DicomRefusal `patient-contradicted`, or why the head cannot be read
 */
export function refuseOtherPatient({ dataset, transferSyntaxUid, ins }: ObjectToCheck): void {
  if (!ins) return;
  const inserter = new InsInserter({ transferSyntaxUid, ins });
  // Nothing comes out before (0010,1002) has been looked at: with the first bytes, the object is admitted.
  for (const chunk of dataset) if (inserter.push(chunk).length > 0) return;
  inserter.end();
}
