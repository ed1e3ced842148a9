import { identifierText } from '../../standards/cda';
import type { ReportRequest } from '../intake';

const lengthMax = 2_000;

/** Lower case, without accents, so that people find what they type. */
export function searchable(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().slice(0, lengthMax);
}

/** What the operator may look for: patient, numbers, title, sender. Kept in the database only. */
export function searchTextOf({ report, sender, origin }: ReportRequest): string {
  const { patient } = report;
  return searchable(
    [
      patient.birthFamily,
      patient.firstBirthGiven,
      patient.usedFamily,
      patient.ins.matricule,
      patient.localId?.extension,
      identifierText(report.documentId),
      report.title,
      origin.messageControlId,
      sender.structureName,
      ...report.orders.flatMap(({ accession, placerOrder }) => [accession?.extension, placerOrder?.extension]),
    ]
      .filter(Boolean)
      .join(' '),
  );
}
