import type { AuditKind, AuditOutcome } from '../trail/audit-event';

/**
 * What is counted: one line for each such event of the trail. Who the patient is, and which professional acted, is in no
 * statistic.
 */
export const statisticKinds: readonly AuditKind[] = [
  'context.called',
  'intake.accepted',
  'intake.refused',
  'publication.published',
  'publication.withdrawn',
  'publication.refused',
  'publication.given-up',
  'serving.delivered',
  'serving.refused',
  'serving.failed',
  'retrieval.series',
  'transfer.imported',
  'transfer.archive-exported',
  'viewer.opened',
];

/** One event, as the statistics know it. */
export interface StatisticLine {
  readonly at: Date;
  readonly kind: AuditKind;
  readonly outcome: AuditOutcome;
  /** National identifier of the structure on whose behalf, when the event has one. */
  readonly structure?: string;
  /** DICOM modalities of what was published, served or retrieved. */
  readonly modalities: readonly string[];
  /** The other side: name of a certificate, sender of a message, host of a gateway. */
  readonly peer?: string;
  readonly instances?: number;
  readonly bytes?: number;
  readonly durationMs?: number;
  readonly errorCode?: string;
  readonly correlationId?: string;
}

/** The values that a column of a statistics file may hold. */
export const lineValues = {
  date: (line: StatisticLine) => line.at,
  time: (line: StatisticLine) => line.at,
  act: (line: StatisticLine) => line.kind,
  outcome: (line: StatisticLine) => line.outcome,
  /** FAQ-215: 1 for each contextual call received. */
  callCount: (line: StatisticLine) => (line.kind === 'context.called' ? 1 : undefined),
  /** FAQ-215: `succes` or `erreur`. */
  callStatus: (line: StatisticLine) =>
    line.kind !== 'context.called' ? undefined : line.outcome === 'success' ? 'succes' : 'erreur',
  structure: (line: StatisticLine) => line.structure,
  modality: (line: StatisticLine) => line.modalities.join(' ') || undefined,
  peer: (line: StatisticLine) => line.peer,
  instances: (line: StatisticLine) => line.instances,
  bytes: (line: StatisticLine) => line.bytes,
  durationMs: (line: StatisticLine) => line.durationMs,
  errorCode: (line: StatisticLine) => line.errorCode,
  correlationId: (line: StatisticLine) => line.correlationId,
} as const;
export type LineValue = keyof typeof lineValues;
