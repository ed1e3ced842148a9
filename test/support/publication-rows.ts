import type { DataSource } from 'typeorm';

interface Line {
  readonly to: string;
  readonly code?: string;
  readonly detail?: string;
  readonly minutes: number;
}

const plans: readonly {
  state: string;
  kind?: string;
  instances?: number;
  accession: string;
  text: string;
  lines: Line[];
}[] = [
  {
    state: 'published',
    instances: 320,
    accession: 'A2026110001',
    text: 'essai patiente un',
    lines: [
      { to: 'received', minutes: 0 },
      { to: 'to-publish', minutes: 1 },
      { to: 'publishing', minutes: 2 },
      { to: 'published', minutes: 3 },
    ],
  },
  {
    state: 'published',
    kind: 'replacement',
    instances: 24,
    accession: 'A2026110002',
    text: 'essai patient deux',
    lines: [
      { to: 'received', minutes: 0 },
      { to: 'published', minutes: 4 },
    ],
  },
  {
    state: 'waiting-for-images',
    accession: 'A2026110003',
    text: 'essai patient trois',
    lines: [
      { to: 'received', minutes: 0 },
      { to: 'waiting-for-images', code: 'publication.images-absent', minutes: 1 },
    ],
  },
  {
    state: 'publishing',
    instances: 2,
    accession: 'A2026110004',
    text: 'essai patient quatre',
    lines: [
      { to: 'received', minutes: 0 },
      { to: 'publishing', code: 'dmp.unreachable', minutes: 2 },
    ],
  },
  {
    state: 'refused',
    instances: 88,
    accession: 'A2026110005',
    text: 'essai patient cinq',
    lines: [
      { to: 'received', minutes: 0 },
      { to: 'to-publish', minutes: 1 },
      { to: 'publishing', minutes: 1 },
      { to: 'refused', code: 'publication.pairing', detail: 'accession number, issuer', minutes: 2 },
    ],
  },
  {
    state: 'dead',
    accession: 'A2026110006',
    text: 'essai patient six',
    lines: [
      { to: 'received', minutes: 0 },
      { to: 'dead', code: 'publication.images-never-came', minutes: 600 },
    ],
  },
  {
    state: 'replaced',
    kind: 'visibility',
    instances: 5,
    accession: 'A2026110007',
    text: 'essai patient sept',
    lines: [
      { to: 'received', minutes: 0 },
      { to: 'replaced', minutes: 9 },
    ],
  },
  {
    state: 'withdrawn',
    kind: 'deletion',
    accession: 'A2026110008',
    text: 'essai patient huit',
    lines: [
      { to: 'received', minutes: 0 },
      { to: 'withdrawn', minutes: 9 },
    ],
  },
];

/** One publication in each kind of state, `copies` times, with histories: what the pages show. @returns how many */
export async function seedPublications(dataSource: DataSource, copies = 1): Promise<number> {
  for (let copy = 0; copy < copies; copy++) {
    for (const [index, plan] of plans.entries()) {
      const last = plan.lines.at(-1);
      const [row] = await dataSource.query<{ id: string }[]>(
        `INSERT INTO publication (study_instance_uid, kind, trigger, state, request, accession_numbers, search_text,
           message_control_id, correlation_id, received_at, settled_at, next_attempt_at, attempts, instances, reason_code, reason_detail)
         VALUES ($1, $2, 'report', $3, '{}', $4, $5, $6, $7, now(), $8, now() + interval '1 hour', $9, $10, $11, $12) RETURNING id`,
        [
          `1.2.250.1.59.${copy + 1}.${index + 1}`,
          plan.kind ?? 'initial',
          plan.state,
          [plan.accession],
          plan.text,
          `MSG${copy}-${index}`,
          `corr-${copy}-${index}`,
          ['published', 'replaced', 'withdrawn'].includes(plan.state) ? new Date(Date.now() + 252_000) : null,
          plan.lines.length - 1,
          plan.instances ?? null,
          last?.code ?? null,
          last?.detail ?? null,
        ],
      );
      let from: string | null = null;
      for (const line of plan.lines) {
        await dataSource.query(
          `INSERT INTO publication_history (publication_id, at, from_state, to_state, reason_code, reason_detail, attempt, message_id)
           VALUES ($1, now() + $2 * interval '1 minute', $3, $4, $5, $6, $7, $8)`,
          [
            row?.id,
            line.minutes,
            from,
            line.to,
            line.code ?? null,
            line.detail ?? null,
            line.code ? 1 : 0,
            line.to === 'publishing' ? 'urn:uuid:5f0f3a52-1111-4c62-8d8a-4d9a0c7f0001' : null,
          ],
        );
        from = line.to;
      }
    }
  }
  return plans.length * copies;
}
