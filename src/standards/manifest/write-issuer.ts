import type { DatasetWriter } from './dataset-writer';
import { tags } from './dicom-tags';
import type { IssuedIdentifier } from './manifest';

/** Who gave an identifier: its OID as a universal entity (PS3.3 10.14); nothing without one. */
export function writeIssuerOf(dataset: DatasetWriter, tag: number, identifier: IssuedIdentifier | undefined): void {
  if (identifier?.issuerOid) writeIssuer(dataset, tag, identifier.issuerOid);
}

export function writeIssuer(dataset: DatasetWriter, tag: number, oid: string | undefined): void {
  dataset.sequence(tag, oid ? [oid] : [], (value) =>
    dataset.value(tags.UniversalEntityID, 'UT', value).value(tags.UniversalEntityIDType, 'CS', 'ISO'),
  );
}
