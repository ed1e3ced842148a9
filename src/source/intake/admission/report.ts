import type { SenderOverrides } from '../../../connectors/ris';
import { identifierText, ImagingReport } from '../../../standards/cda';
import { checkXcn, checkXon } from '../../../standards/identity';
import type { Hl7Message } from '../../../standards/hl7v2';
import { PublicationFlags, readFlags } from '../flags';
import { intakeErrors } from '../intake.errors';
import { checkedOr, IntakeRefusal } from '../intake-refusal';
import type { RequestedExam, RequestSender } from '../publication-requests';
import { decideKind, isFinal, isKnownOrderControl, KindDecision } from '../request-kind';
import { findDocumentSegment, readDocument } from './document';
import type { OpenedMessage } from './header';
import { admitIdentity } from './identity';

export interface AdmittedReport {
  readonly report: ImagingReport;
  readonly flags: PublicationFlags;
  readonly decision: KindDecision;
  readonly sender: RequestSender;
  readonly exams: readonly RequestedExam[];
  readonly replacedDocumentId?: string;
}

export interface ReportPolicy {
  readonly overrides: SenderOverrides;
  readonly insOids: readonly string[];
}

/** Flags of the message alone: a report that is not for the DMP is not judged further. */
export function admitFlags(opened: OpenedMessage, overrides: SenderOverrides): PublicationFlags {
  findDocumentSegment(opened.message);
  return readFlags(opened.message, overrides);
}

/** Admits a report message, step by step; the first fault found refuses it. */
export function admitReport(opened: OpenedMessage, flags: PublicationFlags, policy: ReportPolicy): AdmittedReport {
  const { message } = opened;
  const { segment, sequence, report } = readDocument(message);
  const orderControl = readOrderControl(message, policy.overrides);
  const documentStatus = segment.text(11);
  if (!isFinal(documentStatus)) {
    throw new IntakeRefusal(intakeErrors.code, 'OBX-11 is not F, C nor D', { segment: 'OBX', sequence, field: 11 });
  }
  const parent = message.first('TXA')?.text(13) || undefined;
  const decision = decideKind({
    orderControl,
    documentStatus,
    event: opened.event,
    visibilityOnly: flags.modifConfCode,
    replaces: report.replaces !== undefined || parent !== undefined,
  });
  if (policy.overrides.refuseContradictions && decision.contradictions.length > 0) {
    throw new IntakeRefusal(intakeErrors.contradiction, decision.contradictions.join('; '), {
      segment: 'ORC',
      field: 1,
    });
  }
  checkDocumentId(message, report);
  admitIdentity(message, report, policy);
  requireMetadata(report);
  return {
    report,
    flags,
    decision,
    sender: readSender(message, report, policy.overrides),
    exams: examsOf(report),
    replacedDocumentId: report.replaces ? identifierText(report.replaces) : parent,
  };
}

function readOrderControl(message: Hl7Message, overrides: SenderOverrides): string {
  const orc = message.first('ORC');
  if (!orc && !overrides.orderControlOptional) {
    throw new IntakeRefusal(intakeErrors.segment, 'ORC is missing', { segment: 'ORC' });
  }
  const code = orc?.text(1) ?? '';
  const location = { segment: 'ORC', field: 1 };
  if (orc && code === '') throw new IntakeRefusal(intakeErrors.field, 'ORC-1 is missing', location);
  if (message.all('ORC').some((other) => other.text(1) !== code)) {
    throw new IntakeRefusal(
      intakeErrors.cardinality,
      'several ORC whose ORC-1 differ: one request a message',
      location,
    );
  }
  if (!isKnownOrderControl(code)) throw new IntakeRefusal(intakeErrors.code, 'ORC-1 is not NW, RO nor CA', location);
  return code;
}

/** In an MDM, TXA-12 names the document that the CDA is (EI: the identifier, with `^extension` or without). */
function checkDocumentId(message: Hl7Message, report: ImagingReport): void {
  const txa = message.first('TXA');
  const announced = txa?.text(12, 1) ?? '';
  if (!txa || announced === '') return;
  const { root, extension } = report.documentId;
  const spellings = [root, identifierText(report.documentId), `${root}.${extension}`, extension];
  if (!spellings.includes(announced)) {
    throw new IntakeRefusal(
      intakeErrors.documentVersion,
      'TXA-12 is not the id of the report',
      { segment: 'TXA', field: 12 },
      900,
    );
  }
}

/** What the DMP will ask for and the header may lack. */
function requireMetadata(report: ImagingReport): void {
  const needed: ReadonlyArray<readonly [string, unknown]> = [
    ['inFulfillmentOf/order/accessionNumber', report.orders.find((order) => order.accession?.extension)],
    ['author/assignedAuthor/id', report.authors.find((author) => author.id)],
    ['legalAuthenticator/assignedEntity/id', report.legalAuthenticator?.id],
    ['componentOf/encompassingEncounter/location/healthCareFacility/code', report.facility.code],
    ['recordTarget/patientRole/id (local)', report.patient.localId],
  ];
  for (const [element, value] of needed) {
    if (value === undefined) throw new IntakeRefusal(intakeErrors.document, `report: ${element} is missing`);
  }
  for (const act of report.acts) {
    const setting = act.performer?.organisation?.practiceSetting ?? report.authors[0]?.organisation?.practiceSetting;
    const element = 'documentationOf/serviceEvent/performer/…/standardIndustryClassCode';
    if (!setting) throw new IntakeRefusal(intakeErrors.document, `report: ${element} is missing`);
    if (!act.start)
      throw new IntakeRefusal(
        intakeErrors.document,
        'report: documentationOf/serviceEvent/effectiveTime/low is missing',
      );
  }
}

/** PRT whose participation is SB (sent by): the professional of PRT-5 and the organisation of PRT-8. */
function readSender(message: Hl7Message, report: ImagingReport, overrides: SenderOverrides): RequestSender {
  const all = message.all('PRT');
  const prt = all.find((segment) => segment.text(4, 1) === 'SB');
  if (!prt && overrides.senderFromReport) return senderFromReport(report);
  const location = { segment: 'PRT', sequence: prt ? all.indexOf(prt) + 1 : 1 };
  const person = prt?.repetitions(5)[0];
  const organisation = prt?.repetitions(8)[0];
  if (!prt) throw new IntakeRefusal(intakeErrors.segment, 'PRT of participation SB is missing', location);
  if (!person) throw new IntakeRefusal(intakeErrors.field, 'PRT-5 is missing', { ...location, field: 5 });
  if (!organisation) throw new IntakeRefusal(intakeErrors.field, 'PRT-8 is missing', { ...location, field: 8 });
  const xcn = checkedOr(checkXcn(person.read), intakeErrors.value, { ...location, field: 5 });
  const xon = checkedOr(checkXon(organisation.read), intakeErrors.value, { ...location, field: 8 });
  return {
    professionalId: xcn.professionalId.national,
    family: xcn.family,
    given: xcn.given,
    structureId: xon.structureId.national,
    structureType: xon.typeCode,
    structureName: xon.name,
  };
}

function senderFromReport(report: ImagingReport): RequestSender {
  const author = report.authors.find((candidate) => candidate.id && candidate.organisation?.id);
  if (!author?.id || !author.organisation?.id) {
    throw new IntakeRefusal(
      intakeErrors.document,
      'report: author/assignedAuthor/representedOrganization/id is missing',
    );
  }
  return {
    professionalId: author.id.national,
    family: author.family,
    given: author.given,
    structureId: author.organisation.id.national,
    structureType: '',
    structureName: author.organisation.name,
  };
}

/** One exam a study: acts of the same study stand together, in the order of the report. */
function examsOf(report: ImagingReport): RequestedExam[] {
  const uids = [...new Set(report.acts.map((act) => act.studyInstanceUid))];
  return uids.map((studyInstanceUid) => ({
    studyInstanceUid,
    acts: report.acts.filter((act) => act.studyInstanceUid === studyInstanceUid),
    orders: report.orders,
  }));
}
