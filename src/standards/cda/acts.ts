import { checkOid } from '../identity';
import { childElements, XmlElement } from '../xmlsec';
import {
  accepted,
  allAt,
  at,
  attribute,
  CdaRefusal,
  code,
  dicomCdaNamespace,
  identifier,
  required,
  time,
} from './cda-reader';
import type { CdaCode, ExamAct, ReportOrder } from './imaging-report';
import { readProfessional } from './people';

export const codeSystems = {
  loinc: '2.16.840.1.113883.6.1',
  dicom: '1.2.840.10008.2.16.4',
  snomed: '2.16.840.1.113883.6.96',
  /** CCAM has had two OIDs; both are met. */
  ccam: ['1.2.250.1.213.2.5', '1.2.250.1.215.300.1'],
} as const;

/** What a translation says, by the code of its qualifier's name: DCM 121139 "Modality", LOINC 39111-0 "body site". */
const modalityQualifier = '121139';
const regionQualifier = '39111-0';

const actsMax = 50;
const ordersMax = 50;

/** Every imaging act; a `serviceEvent` that names no study and is not an imaging act (a screening context) is left out. */
export function readActs(root: XmlElement): ExamAct[] {
  const events = allAt(root, 'documentationOf');
  if (events.length > actsMax) {
    throw new CdaRefusal('invalid', 'documentationOf', `documentationOf: more than ${actsMax} acts`);
  }
  const acts = events.flatMap((documentation, index) =>
    readAct(documentation, `documentationOf[${index + 1}]/serviceEvent`),
  );
  required(acts[0], 'documentationOf/serviceEvent/id (StudyInstanceUID)');
  return acts;
}

function readAct(documentation: XmlElement, path: string): ExamAct[] {
  const event = required(at(documentation, 'serviceEvent'), path);
  const main = at(event, 'code');
  const translations = allAt(main, 'translation');
  const modalities = translations.filter((translation) => says(translation, modalityQualifier, codeSystems.dicom));
  const studyInstanceUid = attribute(at(event, 'id'), 'root');
  if (studyInstanceUid === '') {
    const imaging = modalities.length > 0 || attribute(main, 'codeSystem') === codeSystems.loinc;
    if (imaging) required(undefined, `${path}/id (StudyInstanceUID)`);
    return [];
  }
  const performer = at(event, 'performer');
  const ccam = translations.filter((translation) =>
    (codeSystems.ccam as readonly string[]).includes(attribute(translation, 'codeSystem')),
  );
  return [
    {
      studyInstanceUid: accepted(checkOid(studyInstanceUid), `${path}/id (StudyInstanceUID)`),
      code: required(code(main), `${path}/code`),
      ccam: codes(ccam),
      modalities: codes(modalities),
      regions: codes(translations.filter((translation) => says(translation, regionQualifier, codeSystems.snomed))),
      start: time(at(event, 'effectiveTime', 'low') ?? at(event, 'effectiveTime'), `${path}/effectiveTime/low`),
      stop: time(at(event, 'effectiveTime', 'high'), `${path}/effectiveTime/high`),
      performer: performer && readProfessional(performer, 'assignedEntity', `${path}/performer`),
    },
  ];
}

function codes(elements: readonly XmlElement[]): CdaCode[] {
  return elements.flatMap((element) => code(element) ?? []);
}

/** A translation is told by its qualifier; without one, by its code system. */
function says(translation: XmlElement, qualifier: string, system: string): boolean {
  const qualifiers = allAt(translation, 'qualifier').map((element) => attribute(at(element, 'name'), 'code'));
  return qualifiers.length > 0 ? qualifiers.includes(qualifier) : attribute(translation, 'codeSystem') === system;
}

/** Every order, with its request number and its accession number (a DICOM element inside the order, PS3.20 section 7.3). */
export function readOrders(root: XmlElement): ReportOrder[] {
  const fulfilled = allAt(root, 'inFulfillmentOf');
  if (fulfilled.length > ordersMax) {
    throw new CdaRefusal('invalid', 'inFulfillmentOf', `inFulfillmentOf: more than ${ordersMax} orders`);
  }
  return fulfilled.flatMap((element) => {
    const order = at(element, 'order');
    if (!order) return [];
    const path = 'inFulfillmentOf/order';
    const accessions = childElements(order, dicomCdaNamespace, 'accessionNumber');
    const placerOrder = identifier(at(order, 'id'), `${path}/id`);
    if (accessions.length === 0) return [{ placerOrder }];
    return accessions.map((accession) => ({
      placerOrder,
      accession: identifier(accession, `${path}/accessionNumber`),
    }));
  });
}
