import type { DataSource } from 'typeorm';

export const seenPatient = { matricule: '299999999999989', oid: '1.2.250.1.213.1.4.10' } as const;
/**
 * Empties the trail, for a test that starts from nothing: its guards are set aside for this one transaction, which only a
 * superuser of the database may do. One text, to be sent without parameters.
 */
export const emptyTrailSql = `BEGIN; SET LOCAL session_replication_role = replica;
  DELETE FROM audit_record; DELETE FROM audit_chain; DELETE FROM audit_seal; DELETE FROM audit_archive;
  UPDATE audit_chain_state SET settled_id = 0, candidate_id = NULL; COMMIT`;

/** Runs the work while the trail takes no record of this kind, as a full or broken database would refuse it. */
export async function whileTrailRefuses<T>(dataSource: DataSource, kind: string, work: () => Promise<T>): Promise<T> {
  await dataSource.query(
    `CREATE OR REPLACE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$`,
  );
  await dataSource.query(
    `CREATE TRIGGER test_refuse BEFORE INSERT ON audit_record FOR EACH ROW WHEN (NEW.kind = '${kind}') EXECUTE FUNCTION test_refuse()`,
  );
  try {
    return await work();
  } finally {
    await dataSource.query('DROP TRIGGER test_refuse ON audit_record');
  }
}

const dayMs = 86_400_000;
const radiologist = {
  professionalId: '899900000017',
  professionalName: 'CAMILLE ESSAI-RADIOLOGUE',
  structureId: '999900000000019',
};
const physician = {
  professionalId: '899900000025',
  professionalName: 'DOMINIQUE ESSAI-GENERALISTE',
  structureId: '999900000000050',
};
const peer = { peer: 'CN=db3.test.mesimagesmedicales.fr,O=HÔPITAL D’ESSAI DES PAIRS' };

const modalities = ['CT', 'MR', 'CT SR', 'DX', 'US'];

type Plan = readonly [
  kind: string,
  outcome: string,
  actor: object,
  perDay: number,
  more?: {
    instances?: number;
    bytes?: number;
    durationMs?: number;
    errorCode?: string;
    patient?: boolean;
    /** Its images are of some modality. */
    images?: boolean;
    host?: string;
  },
];
const plans: readonly Plan[] = [
  ['context.called', 'success', { peer: 'RIS-DEMO' }, 9],
  ['context.called', 'refused', { peer: 'RIS-DEMO' }, 1, { errorCode: 'context.parameter-invalid' }],
  ['intake.accepted', 'success', { peer: 'RIS-DEMO' }, 14, { durationMs: 18 }],
  ['publication.published', 'success', {}, 12, { instances: 120, durationMs: 95_000, images: true }],
  ['publication.refused', 'refused', {}, 1, { errorCode: 'publication.pairing' }],
  ['dmp.stored-query', 'success', radiologist, 8, { durationMs: 340, patient: true }],
  ['dmp.retrieve', 'success', physician, 3, { durationMs: 610, patient: true }],
  ['exams.listed', 'success', radiologist, 6, { patient: true }],
  ['viewer.opened', 'success', radiologist, 5, { patient: true }],
  ['serving.delivered', 'success', peer, 7, { instances: 220, bytes: 96_000_000, durationMs: 2_400, patient: true }],
  ['serving.refused', 'refused', peer, 1, { errorCode: 'psc.token-inactive' }],
  [
    'retrieval.series',
    'success',
    radiologist,
    4,
    { instances: 150, bytes: 61_000_000, durationMs: 3_900, patient: true, images: true, host: 'db7.test.fr' },
  ],
  ['portal.login', 'success', radiologist, 2],
];

/** A trail of `days` days that ends now; the same each time. @returns lines written */
export async function seedTrail(dataSource: DataSource, days: number): Promise<number> {
  const rows: unknown[][] = [];
  for (let day = 0; day < days; day++) {
    const isWeekend = new Date(Date.now() - day * dayMs).getUTCDay() % 6 === 0;
    for (const [index, [kind, outcome, actor, perDay, more = {}]] of plans.entries()) {
      const events = Math.max(1, Math.round(perDay * (isWeekend ? 0.3 : 1) * (1 + 0.35 * Math.sin(day * 1.3 + index))));
      for (let event = 0; event < events; event++) {
        const factor = 1 + 0.8 * Math.abs(Math.sin(day + event * 2.1));
        rows.push([
          new Date(Date.now() - day * dayMs - event * 60_000 - 1_000),
          kind,
          outcome,
          `corr-${day}-${index}-${event}`,
          JSON.stringify(actor),
          more.patient ? seenPatient.matricule : null,
          more.patient ? seenPatient.oid : null,
          more.patient ? `1.2.250.1.59.77.${event + 1}` : null,
          more.instances === undefined ? null : Math.round(more.instances * factor),
          more.bytes === undefined ? null : Math.round(more.bytes * factor),
          more.durationMs === undefined ? null : Math.round(more.durationMs * factor),
          more.errorCode ?? null,
          JSON.stringify({
            ...(more.images ? { modalities: modalities[(day + event) % modalities.length] } : {}),
            ...(more.host ? { host: more.host } : {}),
          }),
        ]);
      }
    }
  }
  rows.reverse();
  for (let at = 0; at < rows.length; at += 300) {
    const part = rows.slice(at, at + 300);
    const places = part.map((_, row) => `(${Array.from({ length: 13 }, (__, i) => `$${row * 13 + i + 1}`).join(',')})`);
    await dataSource.query(
      `INSERT INTO audit_record (at, kind, outcome, correlation_id, actor, patient_matricule, patient_oid, study_instance_uid,
         instances, bytes, duration_ms, error_code, facts) VALUES ${places.join(',')}`,
      part.flat(),
    );
  }
  return rows.length;
}
