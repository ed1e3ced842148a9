import { Inject, Injectable, OnModuleInit, Optional } from '@nestjs/common';
import { request } from 'undici';
import type { ConfigOf } from '../../platform/config';
import { HealthFinding, HealthRegistry } from '../../platform/health';
import { ClockWatch } from '../../platform/supervision';
import { DmpExchange, type DmpTrack } from './dmp-exchange';
import { dmpConfig } from './dmp.config';
import { failureReason } from './dmp-transport';
import { StructureDirectory } from './structure-directory';

/** An exchange that went well this short a time ago proves more than a question of ours. */
const provenMs = 60_000;
const timeoutMs = 5_000;
const advice =
  'Vérifier le réseau, le pare-feu et les certificats de la structure, puis l’état du service DMP ; les publications attendent et reprennent seules.';

/** What the last exchanges and, when they are old, one question tell. */
export function dmpFinding(track: DmpTrack, asked: { readonly problem?: string } | undefined): HealthFinding {
  const facts: Record<string, string> = {};
  if (track.acceptedAt) facts.lastAcceptedAt = track.acceptedAt.toISOString();
  if (track.trouble) facts.lastTroubleAt = track.trouble.at.toISOString();
  if (asked?.problem) return { level: 'down', summary: `Le DMP ne répond pas (${asked.problem}).`, advice, facts };
  const isTroubled = track.trouble && track.trouble.at.getTime() > (track.acceptedAt?.getTime() ?? 0);
  if (!isTroubled) return { level: 'up', summary: 'Le DMP répond.', facts };
  const summary = `Le DMP est joignable, mais le dernier échange a échoué (${track.trouble?.reason}).`;
  return { level: 'warning', summary, advice, facts };
}

/** Is the DMP there? Its services know no harmless question without a patient, so an answer of any kind is enough. */
@Injectable()
export class DmpHealth implements OnModuleInit {
  constructor(
    @Inject(dmpConfig.token) private readonly config: ConfigOf<typeof dmpConfig>,
    private readonly structures: StructureDirectory,
    private readonly exchange: DmpExchange,
    private readonly health: HealthRegistry,
    @Optional() private readonly clocks?: ClockWatch,
  ) {}

  onModuleInit(): void {
    const { url } = this.config;
    if (url === undefined) return;
    this.clocks?.trust('dmp', url);
    this.health.register({
      name: 'dmp',
      critical: false,
      timeoutMs: timeoutMs + 500,
      check: async (signal) => {
        const { track } = this.exchange;
        const isProven = Date.now() - (track.acceptedAt?.getTime() ?? 0) < provenMs;
        return dmpFinding(track, isProven ? undefined : await this.ask(url, signal));
      },
    });
  }

  private async ask(url: string, signal: AbortSignal): Promise<{ problem?: string }> {
    const structure = this.structures.any();
    if (!structure) return { problem: 'aucune structure' };
    try {
      const limits = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
      const answer = await request(`${url.replace(/\/+$/, '')}/registry`, {
        method: 'GET',
        dispatcher: structure.dispatcher,
        signal,
        ...limits,
      });
      answer.body.on('error', () => undefined).destroy();
      return answer.statusCode >= 502 && answer.statusCode <= 504 ? { problem: `HTTP ${answer.statusCode}` } : {};
    } catch (error) {
      return { problem: failureReason(error) };
    }
  }
}
