import { counter, gauge } from '../../platform/metrics';

export const atnaSent = counter(
  'atna_messages_sent_total',
  'Audit messages that the audit record repository has taken',
);
export const atnaFailures = counter('atna_failures_total', 'Attempts to send audit messages that failed');
export const atnaBacklog = gauge('atna_backlog_messages', 'Audit messages that wait to be sent, counted up to 100000');
export const atnaOldest = gauge('atna_oldest_seconds', 'Age of the oldest audit message that waits to be sent');
