import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { ConfigOf } from '../config';
import { HealthFinding, HealthRegistry } from '../health';
import { gauge } from '../metrics';
import { aheadMs } from './clock-readings';
import { ClockWatch, SeenClock } from './clock-watch';
import { supervisionConfig } from './supervision.config';

const skew = gauge('clock_ahead_seconds', 'How far our clock is ahead of another one; negative when it is behind', [
  'clock',
]);
/** A clock that was not seen for longer proves nothing any more. */
const believedMs = 3_600_000;
const names: Readonly<Record<string, string | undefined>> = {
  database: 'la base de données',
  psc: 'Pro Santé Connect',
  dmp: 'le DMP',
};

export function clockFinding(clocks: readonly SeenClock[], toleranceMs: number): HealthFinding {
  const facts = Object.fromEntries(clocks.map(({ name, aheadMs: ms }) => [`${name}Ms`, Math.round(ms)]));
  const [worst] = [...clocks].sort((one, other) => Math.abs(other.aheadMs) - Math.abs(one.aheadMs));
  if (!worst)
    return {
      level: 'warning',
      summary: "L'horloge n'a pu être comparée à aucune autre.",
      advice: 'Vérifier la base de données et la synchronisation NTP du serveur.',
    };
  const apart = Math.abs(worst.aheadMs);
  const compared = clocks.map(({ name }) => names[name] ?? name).join(', ');
  if (apart <= toleranceMs) return { level: 'up', summary: `L'horloge est juste (comparée à : ${compared}).`, facts };
  const seconds = Math.round(apart / 1_000);
  const direction = worst.aheadMs > 0 ? 'en avance' : 'en retard';
  return {
    level: apart > 6 * toleranceMs ? 'down' : 'warning',
    summary: `L'horloge est ${direction} de ${seconds} s sur ${names[worst.name] ?? worst.name}.`,
    advice: 'Vérifier la synchronisation NTP (chronyc tracking) : VIHF, jetons et horodatages en dépendent.',
    facts,
  };
}

/** Our clock against that of the database, asked now, and those of trusted neighbours, as they were last heard. */
@Injectable()
export class ClockHealth implements OnModuleInit {
  constructor(
    @Inject(supervisionConfig.token) private readonly config: ConfigOf<typeof supervisionConfig>,
    private readonly dataSource: DataSource,
    private readonly watch: ClockWatch,
    private readonly health: HealthRegistry,
  ) {}

  onModuleInit(): void {
    this.health.register({ name: 'clock', critical: false, check: () => this.check() });
  }

  private async check(): Promise<HealthFinding> {
    const oldest = Date.now() - believedMs;
    const heard = this.watch.clocks().filter(({ seenAt }) => seenAt.getTime() >= oldest);
    const database = await this.database().catch(() => undefined);
    const clocks = database ? [database, ...heard] : heard;
    for (const clock of clocks) skew.set({ clock: clock.name }, clock.aheadMs / 1_000);
    return clockFinding(clocks, this.config.clockToleranceSeconds * 1_000);
  }

  private async database(): Promise<SeenClock> {
    const sentMs = Date.now();
    const [row] = await this.dataSource.query<{ ms: number }[]>(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
    );
    const receivedMs = Date.now();
    // Our clock tells whole milliseconds: theirs may be up to one later than what we compare it with.
    const reading = { theirsMs: Math.floor(row?.ms ?? receivedMs), grainMs: 1, sentMs, receivedMs };
    return { name: 'database', aheadMs: aheadMs(reading), seenAt: new Date(receivedMs) };
  }
}
