import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { AuditTrail } from '../../../audit';
import { dmpErrors, DmpStatusClient, RegistryStoredQueryClient, StructureDirectory } from '../../../connectors/dmp';
import type { ConfigOf } from '../../../platform/config';
import { GatewayError } from '../../../platform/errors';
import { formatPatientId, KOS_CODES, STATUS, type DocumentEntry, type DmpStatus } from '../../../standards/xds';
import { actorOf, PatientContexts, type CalledPatient, type PatientContext, type Viewer } from '../../context';
import type { Exam } from '../exam';
import { examsConfig } from '../exams.config';
import { examErrors } from '../exams.errors';
import { furtherTraitsOf, traitsOfEntry, type FurtherTraits } from '../identity/claimed-traits';
import { compareTraits } from '../identity/compare-traits';
import { Recent } from '../recent';
import { answered, dmpCallerOf, requesterOf, type Requester } from '../requester';
import { ExamUploads } from '../upload/exam-uploads.service';
import { isBrought } from '../upload/uploaded-exam';
import { reportType } from './entry-facts';
import { choicesOf, ExamFilters, FilterChoices, filterExams, searchSince } from './exam-filters';
import { pairExams } from './pair-exams';
import { namesExam, openableAmong, wantedAmong } from './wanted-exam';

/** What the record answered for one window of time. */
interface Found {
  readonly exams: readonly Exam[];
  readonly further: FurtherTraits;
  /** The record answered in part, or has more entries than are shown. */
  readonly isPartial: boolean;
  readonly at: Date;
  /** Why the record told nothing: only exams brought as files are known. */
  readonly trouble?: GatewayError;
}

export interface ExamList {
  /** Those that the call names, then those that pass the filters, latest first. */
  readonly exams: readonly Exam[];
  /** All of the window, filters apart. */
  readonly total: number;
  /** Identifiers of the exams that the call names: none when they are not there; undefined when it names none. */
  readonly wanted?: readonly string[];
  /** Why the list holds only exams brought as files. */
  readonly trouble?: GatewayError;
  readonly choices: FilterChoices;
  readonly further: FurtherTraits;
  readonly isPartial: boolean;
  /** YYYYMMDD; undefined: the whole history. */
  readonly since?: string;
  /** When the record was asked. */
  readonly at: Date;
}

/** How long a record that could not be asked is left alone, where files are enough to go on. */
const troubleMs = 120_000;

/**
 * Whether exams brought as files may be used although the record cannot: the patient has none, or it does not answer. A record
 * that is closed to this professional closes the files, too.
 */
export const leavesFiles = ({ entry }: GatewayError): boolean =>
  [examErrors.recordAbsent, dmpErrors.notConfigured, dmpErrors.unavailable, dmpErrors.malformed].some(
    (one) => one === entry,
  );

/** The exams of an open patient: status of the record first, then its entries, paired. */
@Injectable()
export class ExamLists implements OnModuleInit {
  private readonly statuses: Recent<DmpStatus>;
  private readonly found: Recent<Found>;
  private readonly troubles = new Recent<GatewayError>({ weightMax: 5_000, lifeMs: troubleMs });

  constructor(
    @Inject(examsConfig.token) private readonly config: ConfigOf<typeof examsConfig>,
    private readonly contexts: PatientContexts,
    private readonly structures: StructureDirectory,
    private readonly status: DmpStatusClient,
    private readonly queries: RegistryStoredQueryClient,
    private readonly uploads: ExamUploads,
    private readonly audit: AuditTrail,
  ) {
    this.statuses = new Recent({ weightMax: 5_000, lifeMs: config.statusMs });
    this.found = new Recent({ weightMax: 100_000, lifeMs: config.listMs });
  }

  onModuleInit(): void {
    this.contexts.onEnded((contextId) => this.forget(contextId));
  }

  /**
   * The list of a patient. Asks the record only when it was not asked lately for this window, or when told to `refresh`.
   * @throws GatewayError of `exams.*` or `dmp.*`: each has a sentence for the screen
   */
  async list(context: PatientContext, viewer: Viewer, filters: ExamFilters, refresh = false): Promise<ExamList> {
    await this.stopWithoutConsent(context, viewer);
    const requester = requesterOf(context, viewer);
    if (refresh) this.forget(context.id);
    const { everything, earlier, timeZone } = filters;
    const since = searchSince(filters, new Date());
    const uploaded = await this.uploads.examsOf(context);
    const found = await this.recordOrFiles(requester, uploaded, () => this.search(requester, since, earlier));
    const all = [...uploaded, ...found.exams.filter((exam) => !isBrought(exam, uploaded))];
    const window = filterExams(all, { everything, earlier, timeZone }, since);
    const wanted = await this.wanted(requester, all, found);
    const others = (exams: readonly Exam[]) => exams.filter(({ id }) => !wanted?.some((one) => one.id === id));
    return {
      exams: [...(wanted ?? []), ...others(filterExams(all, filters, since))],
      total: (wanted?.length ?? 0) + others(window).length,
      wanted: wanted?.map(({ id }) => id),
      trouble: found.trouble,
      choices: choicesOf(window),
      further: found.further,
      isPartial: found.isPartial,
      since,
      at: found.at,
    };
  }

  /** The exam that the call names, when it is one of this patient and may be opened without asking. */
  async wantedExam(context: PatientContext, viewer: Viewer): Promise<Exam | undefined> {
    if (!namesExam(context.filters)) return undefined;
    const { exams, wanted } = await this.list(context, viewer, { everything: false, earlier: false });
    return openableAmong(exams.filter(({ id }) => wanted?.includes(id)));
  }

  /** One exam of the patient: from the lists known, else from the record. @throws GatewayError `exams.not-found` */
  async exam(context: PatientContext, viewer: Viewer, examId: string): Promise<Exam> {
    const requester = requesterOf(context, viewer);
    const uploaded = (await this.uploads.examsOf(context)).filter(({ id }) => id === examId);
    await this.recordOrFiles(requester, uploaded, () => Promise.resolve(nothing()));
    if (uploaded[0]) return uploaded[0];
    const usual = searchSince({ everything: false }, new Date());
    for (const [since, earlier] of [
      [usual, false],
      [undefined, true],
    ] as const) {
      const found = (await this.search(requester, since, earlier)).exams.find(({ id }) => id === examId);
      if (found) return found;
    }
    throw new GatewayError(examErrors.notFound);
  }

  /** Ends what is kept of a patient. */
  forget(contextId: string): void {
    this.statuses.forget(`${contextId} `);
    this.found.forget(`${contextId} `);
    this.troubles.forget(contextId);
  }

  /** Asks the record, status first. Where files were brought, a record that cannot be asked is not the end. */
  private async recordOrFiles(
    requester: Requester,
    uploaded: readonly Exam[],
    ask: () => Promise<Found>,
  ): Promise<Found> {
    const { id } = requester.context;
    const known = uploaded.length > 0 ? await this.troubles.peek(id) : undefined;
    if (known) return nothing(known);
    try {
      await this.mayRead(requester);
      return await ask();
    } catch (error) {
      const trouble = GatewayError.of(error);
      if (!trouble || !leavesFiles(trouble)) throw error;
      this.troubles.put(id, Promise.resolve(trouble));
      if (uploaded.length === 0) throw error;
      return nothing(trouble);
    }
  }

  /** What the call names: in the window, else in the whole history of this record. Undefined when it names no exam. */
  private async wanted(requester: Requester, all: readonly Exam[], { trouble }: Found): Promise<Exam[] | undefined> {
    const { filters } = requester.context;
    if (!namesExam(filters)) return undefined;
    const here = wantedAmong(all, filters);
    if (here.length > 0 || trouble) return here;
    const history = await this.search(requester, undefined, false);
    return wantedAmong(history.exams, filters);
  }

  /** Nothing of the record is asked for a patient who is opposed, or who was not asked. */
  private async stopWithoutConsent(context: PatientContext, viewer: Viewer): Promise<void> {
    if (context.consent === 'informed') return;
    await this.audit.record({
      kind: 'context.stopped-by-consent',
      outcome: 'refused',
      actor: actorOf(viewer),
      patient: context.patient.ins,
      errorCode: examErrors.consentMissing.code,
      facts: { consent: context.consent },
    });
    throw new GatewayError(examErrors.consentMissing, { detail: context.consent });
  }

  /** TD0.2: a record, and the right to read it. Asked before anything else of the record. */
  private async mayRead(requester: Requester): Promise<void> {
    const { context, situation } = requester;
    const status = await this.statuses.get(`${context.id} ${situation.structureId}`, async () => {
      const outcome = await this.status.send({ caller: dmpCallerOf(requester, this.structures) });
      return answered(outcome).value;
    });
    if (!status.exists) throw new GatewayError(examErrors.recordAbsent);
    if (status.authorisation !== 'VALIDE')
      throw new GatewayError(examErrors.recordClosed, { detail: status.authorisation ?? 'no authorisation told' });
  }

  private search(requester: Requester, since: string | undefined, earlier: boolean): Promise<Found> {
    const { context, situation } = requester;
    const key = `${context.id} ${situation.structureId} ${since ?? 'all'} ${earlier ? 'earlier' : 'current'}`;
    return this.found.get(
      key,
      () => this.ask(requester, since, earlier),
      ({ exams }) => exams.length + 1,
    );
  }

  private async ask(requester: Requester, since: string | undefined, earlier: boolean): Promise<Found> {
    const { context, viewer, situation } = requester;
    const outcome = await this.queries.send({
      caller: dmpCallerOf(requester, this.structures),
      mode: 'INDIRECTE_RENFORCEE',
      query: {
        query: 'findDocuments',
        patientId: formatPatientId(context.patient.ins),
        status: earlier ? [STATUS.approved, STATUS.deprecated] : [STATUS.approved],
        typeCode: [KOS_CODES.typeCode, reportType],
        // an exam is never older than its documents: the window of creation holds that of the acts
        creationTime: since === undefined ? undefined : { from: `${since}000000` },
      },
    });
    const { value, isPartial } = answered(outcome);
    const entries = latest(value.documentEntries, this.config.entriesMax);
    const exams = pairExams(entries, { contextId: context.id, patient: context.patient });
    await this.audit.record({
      kind: 'exams.listed',
      outcome: 'success',
      actor: actorOf(viewer, situation.structureId),
      patient: context.patient.ins,
      instances: exams.length,
      facts: { entries: entries.length, since: since ?? 'everything' },
    });
    const further = exams.length > 0 ? furtherOf(entries, context.patient) : {};
    return { exams, further, isPartial: isPartial || entries.length < value.documentEntries.length, at: new Date() };
  }
}

const nothing = (trouble?: GatewayError): Found => ({
  exams: [],
  further: {},
  isPartial: false,
  at: new Date(),
  trouble,
});

function latest(entries: readonly DocumentEntry[], max: number): readonly DocumentEntry[] {
  if (entries.length <= max) return entries;
  return [...entries].sort((a, b) => (b.creationTime ?? '').localeCompare(a.creationTime ?? '')).slice(0, max);
}

/** The first document of this very patient that tells each of the further traits: they stand in the banner. */
function furtherOf(entries: readonly DocumentEntry[], patient: CalledPatient): FurtherTraits {
  const own = entries.filter((entry) => compareTraits(patient, traitsOfEntry(entry)).differences.length === 0);
  const told = own.map(furtherTraitsOf);
  return {
    givenNames: told.find(({ givenNames }) => givenNames)?.givenNames,
    usedFamilyName: told.find(({ usedFamilyName }) => usedFamilyName)?.usedFamilyName,
    usedGivenName: told.find(({ usedGivenName }) => usedGivenName)?.usedGivenName,
  };
}
