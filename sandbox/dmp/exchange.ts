import type { X509Certificate } from 'node:crypto';
import type { Element } from '@xmldom/xmldom';
import { checkDeletion, checkSubmission } from './check-metadata';
import { checkCaller, checkPublisher, type CallerChecks, type VerifiedCaller } from './check-vihf';
import { checkXades } from './check-xades';
import { askedPatient, statusAnswer, type PatientStatuses } from './dmp-status';
import type { Fault, Transaction } from './faults';
import { readSubmission, type ReceivedSubmission } from './registry-objects';
import type { RegisteredDocument, Registry } from './registry';
import { REPOSITORY_UNIQUE_ID } from './registry';
import { adhocQueryResponse, registryResponse, retrieveResponse, type RegistryFault } from './registry-answer';
import { FaultAnswer, mtomAnswer, plainAnswer, type SoapAnswer, type SoapRequest } from './soap-io';
import { answerQuery, type Caller } from './stored-queries';
import { all, one, text } from './xml';

/** One exchange after transport: who asks, what, and the answer. */

export const ACTIONS: Record<string, Transaction> = {
  'urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b': 'iti41',
  'urn:ihe:iti:2010:UpdateDocumentSet': 'iti57',
  'urn:ihe:iti:2007:RegistryStoredQuery': 'iti18',
  'urn:ihe:iti:2007:RetrieveDocumentSet': 'iti43',
  'urn:hl7-org:v3:PRPA_IN201307UV02': 'td02',
};

export interface World {
  registry: Registry;
  patients: PatientStatuses;
  clock: () => Date;
  sealCa: readonly X509Certificate[];
  structures?: Readonly<Record<string, readonly string[]>>;
}

/** Binary content of each `Document`, by the id of its entry. */
function contentsOf(request: SoapRequest, body: Element): Map<string, Buffer> {
  const contents = new Map<string, Buffer>();
  for (const document of all('xdsb:Document', body)) {
    const id = document.getAttribute('id') ?? '';
    const href = text('xop:Include/@href', document);
    const part = href
      ? request.parts.get(decodeURIComponent(href.replace(/^cid:/, '')))
      : Buffer.from(document.textContent ?? '', 'base64');
    if (part) contents.set(id, part);
  }
  return contents;
}

function bodyOf(request: SoapRequest): Element {
  const body = one('/soap:Envelope/soap:Body/*', request.envelope);
  if (!body) throw new FaultAnswer('Sender', 'the body is empty');
  return body;
}

function submissionOf(body: Element): ReceivedSubmission {
  const received = readSubmission(body);
  if (!received) throw new FaultAnswer('Sender', 'the body holds no SubmitObjectsRequest');
  return received;
}

const injected = (fault: Fault | undefined): RegistryFault[] => {
  if (fault?.kind === 'warn')
    return [{ code: fault.code ?? 'XDSExtraMetadataNotSaved', context: 'told to warn', severity: 'Warning' }];
  if (fault?.kind === 'partial')
    return [{ code: fault.code ?? 'XDSRepositoryBusy', context: 'told to do a part', severity: 'Error' }];
  return [];
};

class Exchange {
  constructor(
    private readonly world: World,
    private readonly request: SoapRequest,
    private readonly checks: CallerChecks,
    private readonly fault: Fault | undefined,
  ) {}

  private readonly answerAction = (): string => `${this.request.action}Response`;
  private mtom = (body: string, attachments: { id: string; bytes: Buffer }[] = []): SoapAnswer =>
    mtomAnswer(this.answerAction(), this.request.messageId, body, attachments);
  private plain = (body: string): SoapAnswer => plainAnswer(this.answerAction(), this.request.messageId, body);
  private readonly status = () => (this.fault?.kind === 'partial' ? ('PartialSuccess' as const) : undefined);

  run(transaction: Transaction): SoapAnswer {
    const caller = checkCaller(this.request, this.checks);
    const body = bodyOf(this.request);
    if (transaction === 'iti41') return this.provideAndRegister(body, caller);
    if (transaction === 'iti57') return this.update(body, caller);
    if (transaction === 'iti18')
      return this.plain(answerQuery(body, this.world.registry, this.asCaller(caller, body), injected(this.fault)));
    if (transaction === 'iti43') return this.retrieve(body, caller);
    return this.dmpStatus(body, caller);
  }

  /** A query that names its patient must be about the patient of the assertion. */
  private asCaller(caller: VerifiedCaller, body: Element): Caller {
    const named = text(
      "rim:AdhocQuery/rim:Slot[@name='$XDSDocumentEntryPatientId' or @name='$patientId' or @name='$XDSSubmissionSetPatientId']/rim:ValueList/rim:Value",
      body,
    );
    if (named !== '' && named.replace(/^'|'$/g, '') !== caller.patientId)
      throw new FaultAnswer('Sender', 'the assertion is about another patient', 'wsse:FailedAuthentication');
    return { structureId: caller.structureId, professional: caller.mode === 'INDIRECTE_RENFORCEE' };
  }

  private provideAndRegister(body: Element, caller: VerifiedCaller): SoapAnswer {
    const received = submissionOf(body);
    checkPublisher(caller, received, this.checks);
    const contents = contentsOf(this.request, body);
    const faults = [...checkSubmission(received, contents, this.world.registry), ...checkXades(received, contents)];
    if (faults.length > 0) return this.mtom(registryResponse(faults));
    this.world.registry.submit(received, contents, this.world.clock());
    return this.mtom(registryResponse(injected(this.fault), this.status() ?? 'Success'));
  }

  private update(body: Element, caller: VerifiedCaller): SoapAnswer {
    const received = submissionOf(body);
    checkPublisher(caller, received, this.checks);
    const { faults, deletions } = checkDeletion(received, this.world.registry);
    if (faults.length > 0) return this.plain(registryResponse(faults));
    this.world.registry.submit({ ...received, associations: deletions }, new Map(), this.world.clock());
    for (const deletion of deletions) this.world.registry.changeStatus(deletion.target, 'Deleted');
    return this.plain(registryResponse(injected(this.fault)));
  }

  private retrieve(body: Element, caller: VerifiedCaller): SoapAnswer {
    const faults: RegistryFault[] = [];
    const found: { document: RegisteredDocument; contentId: string; bytes: Buffer }[] = [];
    for (const [index, asked] of all('xdsb:DocumentRequest', body).entries()) {
      const uniqueId = text('xdsb:DocumentUniqueId', asked);
      const document = this.world.registry.documentByUniqueId(uniqueId);
      const bytes = document && this.world.registry.content(document);
      if (text('xdsb:RepositoryUniqueId', asked) !== REPOSITORY_UNIQUE_ID)
        faults.push({ code: 'XDSUnknownRepositoryId', context: uniqueId });
      else if (!document || !bytes || document.status === 'Deleted' || document.patientId !== caller.patientId) {
        faults.push({ code: 'XDSDocumentUniqueIdError', context: uniqueId });
      } else found.push({ document, contentId: `content-${String(index)}@dmp.sandbox`, bytes });
    }
    const status = faults.length === 0 ? 'Success' : found.length > 0 ? 'PartialSuccess' : 'Failure';
    const parts = found.map(({ contentId, bytes }) => ({ id: contentId, bytes }));
    return this.mtom(retrieveResponse(found, [...faults, ...injected(this.fault)], this.status() ?? status), parts);
  }

  private dmpStatus(body: Element, caller: VerifiedCaller): SoapAnswer {
    const patient = askedPatient(body);
    if (`${patient.matricule}^^^&${patient.oid}&ISO^NH` !== caller.patientId) {
      throw new FaultAnswer('Sender', 'the assertion is about another patient', 'wsse:FailedAuthentication');
    }
    return plainAnswer(
      'urn:hl7-org:v3:PRPA_IN201308UV02',
      this.request.messageId,
      statusAnswer(body, patient, this.world.patients.get(patient.matricule)),
    );
  }
}

/** Runs a request; throws `FaultAnswer` for what is answered as a SOAP fault. */
export function runExchange(
  world: World,
  request: SoapRequest,
  tlsCertificate: X509Certificate,
  fault: Fault | undefined,
): SoapAnswer {
  const transaction = ACTIONS[request.action];
  if (transaction === undefined) throw new FaultAnswer('Sender', 'unknown action');
  if (fault?.kind === 'refuse') {
    const refusal = refusalFor(transaction, [{ code: fault.code ?? 'XDSRegistryError', context: 'told to refuse' }]);
    const answer = transaction === 'iti41' || transaction === 'iti43' ? mtomAnswer : plainAnswer;
    return answer(`${request.action}Response`, request.messageId, refusal);
  }
  const checks: CallerChecks = {
    tlsCertificate,
    sealCa: world.sealCa,
    now: world.clock(),
    structures: world.structures,
  };
  return new Exchange(world, request, checks, fault).run(transaction);
}

function refusalFor(transaction: Transaction, faults: RegistryFault[]): string {
  if (transaction === 'iti18') return adhocQueryResponse('', faults);
  return transaction === 'iti43' ? retrieveResponse([], faults, 'Failure') : registryResponse(faults);
}
