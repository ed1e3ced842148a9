import { ImagingReport, parseImagingReport } from '../../../standards/cda';
import type { Hl7Message, Hl7Segment } from '../../../standards/hl7v2';
import { intakeErrors } from '../intake.errors';
import { IntakeRefusal } from '../intake-refusal';

/** The report inside a message: its OBX, and its CDA. */
export interface CarriedDocument {
  readonly segment: Hl7Segment;
  readonly sequence: number;
  readonly report: ImagingReport;
}

/** Finds the one OBX of type ED. */
export function findDocumentSegment(message: Hl7Message): { segment: Hl7Segment; sequence: number } {
  const all = message.all('OBX');
  const documents = all.filter((segment) => segment.text(2) === 'ED');
  if (documents.length === 0) {
    throw new IntakeRefusal(intakeErrors.segment, 'OBX of type ED (the report) is missing', {
      segment: 'OBX',
      sequence: 1,
      field: 2,
    });
  }
  const sequence = all.indexOf(documents[0]) + 1;
  if (documents.length > 1) {
    throw new IntakeRefusal(intakeErrors.cardinality, 'several OBX of type ED: one report a message', {
      segment: 'OBX',
      sequence,
    });
  }
  return { segment: documents[0], sequence };
}

/** Decodes OBX-5: `^TEXT^XML^Base64^<data>`, or the data alone as older senders have it. */
export function readDocument(message: Hl7Message): CarriedDocument {
  const { segment, sequence } = findDocumentSegment(message);
  const location = { segment: 'OBX', sequence, field: 5 };
  const encoding = segment.text(5, 4);
  const data = (segment.text(5, 5) || (encoding === '' ? segment.text(5, 1) : '')).replace(/\s+/g, '');
  if (data === '') throw new IntakeRefusal(intakeErrors.field, 'OBX-5 holds no data', location);
  if (encoding !== '' && encoding.toLowerCase() !== 'base64') {
    throw new IntakeRefusal(intakeErrors.code, 'OBX-5.4 is not Base64', { ...location, component: 4 });
  }
  if (!isBase64(data)) {
    throw new IntakeRefusal(intakeErrors.value, 'OBX-5.5 is not Base64', { ...location, component: 5 });
  }
  const parsed = parseImagingReport(Buffer.from(data, 'base64'));
  if (parsed.ok) return { segment, sequence, report: parsed.value };
  const isIns = parsed.kind === 'missing' && parsed.element.endsWith('(INS)');
  const entry = isIns ? intakeErrors.insMissing : intakeErrors.document;
  throw new IntakeRefusal(entry, `report: ${parsed.reason}`, location, isIns ? 903 : undefined);
}

/** Pieces in which a text of any length is looked at: an expression that repeats itself over millions of characters may run out of stack. */
const pieceLength = 65_536;

function isBase64(data: string): boolean {
  const length = data.length - (/={0,2}$/.exec(data.slice(-2))?.[0].length ?? 0);
  if (data.length % 4 === 1 || length === 0) return false;
  for (let from = 0; from < length; from += pieceLength)
    if (!/^[A-Za-z0-9+/]*$/.test(data.slice(from, Math.min(length, from + pieceLength)))) return false;
  return true;
}
