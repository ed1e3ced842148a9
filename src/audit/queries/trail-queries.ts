import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuditKind, AuditOutcome } from '../trail/audit-event';
import { ReadRecord, readRow, textOf as text, TrailRow } from '../trail/read-row';

/** Events by which somebody saw, or received, what belongs to a patient. */
export const accessKinds: readonly AuditKind[] = [
  'context.opened',
  'dmp.status',
  'dmp.stored-query',
  'dmp.retrieve',
  'exams.listed',
  'exams.report-shown',
  'exams.manifest-read',
  'retrieval.series',
  'viewer.opened',
  'serving.delivered',
  'serving.failed',
  'transfer.imported',
  'transfer.archive-exported',
  'transfer.archive-read',
];

/** Of these the bytes are images: what was cut in the middle, or refused after its first image, was seen up to there. */
const imageKinds: readonly AuditKind[] = [
  'serving.delivered',
  'serving.failed',
  'serving.refused',
  'retrieval.series',
  'transfer.imported',
];

export interface TrailSearch {
  readonly kinds?: readonly AuditKind[];
  readonly outcome?: AuditOutcome;
  /** From included, to excluded. */
  readonly from?: Date;
  readonly to?: Date;
  /** National identifier with its type digit, or the eleven digits of an RPPS number. */
  readonly professionalId?: string;
  /** INS; events about a study of this patient count, too. */
  readonly patientMatricule?: string;
  readonly studyInstanceUid?: string;
  readonly correlationId?: string;
  readonly errorCode?: string;
  /** Only lines older than this one. */
  readonly beforeId?: string;
  /** At most 1000; 100 unless told. */
  readonly limit?: number;
}

/** Of what was seen, a period; which acts count is not the asker's to say. */
export type SeenSearch = Pick<TrailSearch, 'from' | 'to' | 'patientMatricule' | 'professionalId'>;

export interface TrailLine extends ReadRecord {
  readonly patientMatricule?: string;
  readonly patientOid?: string;
}

/** One professional or peer who saw a patient's data. */
export interface Viewing {
  readonly professionalId?: string;
  readonly professionalName?: string;
  readonly peer?: string;
  readonly structureId?: string;
  readonly acts: number;
  readonly kinds: readonly AuditKind[];
  readonly first: Date;
  readonly last: Date;
}

/** One patient, or study without a known patient, whose data a professional saw. */
export interface SeenPatient {
  readonly patientMatricule?: string;
  readonly studies: readonly string[];
  readonly acts: number;
  readonly kinds: readonly AuditKind[];
  readonly first: Date;
  readonly last: Date;
}

const limitMax = 1_000;
const kindList = (kinds: readonly AuditKind[]) => kinds.map((kind) => `'${kind}'`).join(', ');
/** Somebody saw something: it succeeded, or images had already gone before it ended. */
const seen = `(kind IN (${kindList(accessKinds)}) AND outcome = 'success'
  OR kind IN (${kindList(imageKinds)}) AND (instances > 0 OR bytes > 0))`;

/** What auditors ask of the trail. Reading it is itself recorded, by the caller. */
@Injectable()
export class TrailQueries {
  constructor(private readonly dataSource: DataSource) {}

  /** Newest first. */
  async search(search: TrailSearch): Promise<TrailLine[]> {
    const { where, values } = conditions(search);
    const limit = Math.min(Math.max(search.limit ?? 100, 1), limitMax);
    const rows = await this.rows(`SELECT * FROM audit_record ${where} ORDER BY id DESC LIMIT ${limit}`, values);
    return rows.map(lineOf);
  }

  /** How many lines there are now; with `beforeId`, a search finds these and none that is written later. */
  async extent(search: TrailSearch): Promise<{ lines: number; beforeId: string }> {
    const { where, values } = conditions(search);
    const [row] = await this.rows(
      `SELECT count(*)::int AS lines, (coalesce(max(id), 0) + 1)::text AS before FROM audit_record ${where}`,
      values,
    );
    return { lines: row?.lines as number, beforeId: text(row?.before) ?? '1' };
  }

  /** Every line, newest first, read by portions: for exports. */
  async *all(search: TrailSearch, linesMax: number): AsyncGenerator<TrailLine> {
    let { beforeId } = search;
    for (let given = 0; given < linesMax;) {
      const lines = await this.search({ ...search, beforeId, limit: Math.min(limitMax, linesMax - given) });
      yield* lines;
      if (lines.length < limitMax) return;
      given += lines.length;
      beforeId = lines.at(-1)?.id;
    }
  }

  /**
   * Until when lines have left the database for archive files (`DRIMBOX_AUDIT_KEEP_DAYS`): no answer here tells of what was
   * before. Undefined when none ever left.
   */
  async archivedUntil(): Promise<Date | undefined> {
    const [row] = await this.rows(
      `SELECT seal.to_at FROM audit_archive archive JOIN audit_seal seal ON seal.number = archive.to_seal
       ORDER BY archive.number DESC LIMIT 1`,
      [],
    );
    return row?.to_at as Date | undefined;
  }

  /** Who saw this patient? Professionals and peers, the latest first; all of them unless told how many. */
  async whoSaw(search: SeenSearch & { readonly patientMatricule: string }, groupsMax?: number): Promise<Viewing[]> {
    const { where, values } = conditions(search);
    const rows = await this.rows(
      `SELECT actor->>'professionalId' AS professional_id, max(actor->>'professionalName') AS professional_name,
         CASE WHEN actor->>'professionalId' IS NULL THEN actor->>'peer' END AS peer, actor->>'structureId' AS structure_id,
         count(*)::int AS acts, array_agg(DISTINCT kind) AS kinds, min(at) AS first, max(at) AS last
       FROM audit_record ${where} AND ${seen} GROUP BY 1, 3, 4 ORDER BY last DESC LIMIT $${values.length + 1}`,
      [...values, groupsMax ?? null],
    );
    return rows.map((row) => ({
      professionalId: text(row.professional_id),
      professionalName: text(row.professional_name),
      peer: text(row.peer),
      structureId: text(row.structure_id),
      ...groupOf(row),
    }));
  }

  /** What did this professional see? Patients, the latest first; all of them unless told how many. */
  async seenBy(search: SeenSearch & { readonly professionalId: string }, groupsMax?: number): Promise<SeenPatient[]> {
    const { where, values } = conditions(search);
    const rows = await this.rows(
      `SELECT patient_matricule, array_remove(array_agg(DISTINCT study_instance_uid), NULL) AS studies,
         count(*)::int AS acts, array_agg(DISTINCT kind) AS kinds, min(at) AS first, max(at) AS last
       FROM audit_record ${where} AND ${seen} AND (patient_matricule IS NOT NULL OR study_instance_uid IS NOT NULL)
       GROUP BY patient_matricule ORDER BY last DESC LIMIT $${values.length + 1}`,
      [...values, groupsMax ?? null],
    );
    return rows.map((row) => ({
      patientMatricule: text(row.patient_matricule),
      studies: row.studies as string[],
      ...groupOf(row),
    }));
  }

  private rows(sql: string, values: unknown[]): Promise<TrailRow[]> {
    return this.dataSource.query<TrailRow[]>(sql, values);
  }
}

function conditions(search: TrailSearch): { where: string; values: unknown[] } {
  const parts: string[] = ['true'];
  const values: unknown[] = [];
  const add = (value: unknown, sql: (place: string) => string) => {
    if (value !== undefined && value !== '') parts.push(sql(`$${values.push(value)}`));
  };
  add(search.kinds?.length ? search.kinds : undefined, (at) => `kind = ANY(${at})`);
  add(search.outcome, (at) => `outcome = ${at}`);
  add(search.from, (at) => `at >= ${at}`);
  add(search.to, (at) => `at < ${at}`);
  const { professionalId } = search;
  const isRpps = professionalId !== undefined && /^\d{11}$/.test(professionalId);
  add(isRpps ? `8${professionalId}` : professionalId, (at) => `actor->>'professionalId' = ${at}`);
  // Two index scans instead of a condition on every line: lines of the patient, and lines of their studies that name nobody.
  add(
    search.patientMatricule,
    (at) =>
      `id IN (SELECT id FROM audit_record WHERE patient_matricule = ${at} UNION ALL
         SELECT id FROM audit_record WHERE patient_matricule IS NULL AND study_instance_uid = ANY (ARRAY(
           SELECT DISTINCT study_instance_uid FROM audit_record
           WHERE patient_matricule = ${at} AND study_instance_uid IS NOT NULL)))`,
  );
  add(search.studyInstanceUid, (at) => `study_instance_uid = ${at}`);
  add(search.correlationId, (at) => `correlation_id = ${at}`);
  add(search.errorCode, (at) => `error_code = ${at}`);
  add(/^\d{1,18}$/.test(search.beforeId ?? '') ? search.beforeId : undefined, (at) => `id < ${at}`);
  return { where: `WHERE ${parts.join(' AND ')}`, values };
}

function groupOf(row: TrailRow) {
  return {
    acts: row.acts as number,
    kinds: row.kinds as AuditKind[],
    first: row.first as Date,
    last: row.last as Date,
  };
}

function lineOf(row: TrailRow): TrailLine {
  return { ...readRow(row), patientMatricule: text(row.patient_matricule), patientOid: text(row.patient_oid) };
}
