import { describeCause, GatewayError } from '../errors';
import { gauge } from '../metrics';
import type { HealthFinding } from './health-check';
import { ListenerAddress, OwnProbes, probeTcp, probeTls } from './listener-probe';

export interface ListenerUnderCheck extends ListenerAddress {
  /** Name of the check: one of a few, a label of the metric. */
  readonly check: string;
  /** What it is called in a French sentence: « L’accès des autres passerelles ». */
  readonly label: string;
  /** What to do, in French, when it does not answer. */
  readonly advice: string;
  /** Connections open now, and how many may be. */
  readonly connections: number;
  readonly connectionsMax: number;
  /** A listener of TLS: the certificate that it should show. */
  readonly tls?: { readonly fingerprint256: string; readonly probes: OwnProbes };
  /** Asks in the listener's own protocol, in the place of a connection alone. @returns ms */
  readonly ask?: (signal: AbortSignal) => Promise<number>;
}

/** Less than the time that the registry gives a check: the finding then says what to do. */
const answerMsMax = 2_500;
const answerSeconds = gauge(
  'listener_answer_seconds',
  'Time our own listener took to answer when it was last asked; absent until it answered',
  ['listener'],
);

/** Proves by a real connection of this machine that a listener answers. */
export async function listenerFinding(listener: ListenerUnderCheck, signal: AbortSignal): Promise<HealthFinding> {
  const { check, label, advice, port, connections, connectionsMax } = listener;
  if (port === 0) return { level: 'down', summary: `${label} : le port n’est pas ouvert.`, advice };
  const facts = { port, connections };
  // One more connection would be closed, and told as a stranger's: what it would show is known.
  if (connections >= connectionsMax)
    return {
      level: 'warning',
      summary: `${label} ne prend plus de connexion : ${connections} sont ouvertes, c’est le maximum.`,
      advice,
      facts,
    };
  const limited = AbortSignal.any([signal, AbortSignal.timeout(answerMsMax)]);
  try {
    const { ms, isStale } = await askListener(listener, limited);
    answerSeconds.set({ listener: check }, ms / 1_000);
    const told = { ...facts, answerMs: Math.round(ms) };
    if (!isStale) return { level: 'up', summary: `${label} répond sur le port ${port}.`, facts: told };
    return {
      level: 'warning',
      summary: `${label} répond avec un autre certificat que celui des fichiers.`,
      advice: 'Redémarrer la passerelle, et vérifier qu’aucun autre programme ne tient ce port.',
      facts: told,
    };
  } catch (error) {
    const code = GatewayError.of(error)?.code ?? describeCause(error);
    return { level: 'down', summary: `${label} ne répond pas sur le port ${port} (${code}).`, advice, facts };
  }
}

async function askListener(
  { tls, ask, host, port }: ListenerUnderCheck,
  signal: AbortSignal,
): Promise<{ ms: number; isStale: boolean }> {
  if (ask) return { ms: await ask(signal), isStale: false };
  if (!tls) return { ms: await probeTcp({ host, port }, signal), isStale: false };
  const { ms, fingerprint256 } = await probeTls({ host, port }, tls.probes, signal);
  return { ms, isStale: fingerprint256 !== tls.fingerprint256 };
}
