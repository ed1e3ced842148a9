import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import type { ConfigOf } from '../../../platform/config';
import { HealthFinding, HealthRegistry } from '../../../platform/health';
import { persistenceConfig } from '../../../platform/persistence';
import { retrievalConfig } from '../retrieval.config';
import { RetrievalCache } from './retrieval-cache';

/** Beyond this part of the limit, exams that are being looked at leave hardly any room for further ones. */
const tightPart = 0.9;
const gigabytes = (bytes: number): string => (bytes / 1e9).toLocaleString('fr-FR', { maximumFractionDigits: 1 });

/** A cache that is full of exams nobody looks at is as it should be: they leave when room is needed. */
export function cacheFinding(space: {
  readonly bytes: number;
  readonly bytesInUse: number;
  readonly bytesMax: number;
}): HealthFinding {
  const { bytes, bytesInUse, bytesMax } = space;
  const summary = `${gigabytes(bytes)} Go d’images gardées sur ${gigabytes(bytesMax)} Go, dont ${gigabytes(bytesInUse)} Go en cours de lecture.`;
  const facts = { ...space };
  if (bytesInUse <= tightPart * bytesMax) return { level: 'up', summary, facts };
  const advice =
    'Augmenter DRIMBOX_RETRIEVAL_CACHE_BYTES_MAX si le disque le permet : les prochains examens ne pourront plus être gardés.';
  return { level: 'warning', summary, advice, facts };
}

/** Room for images of other hospitals, and a folder that takes them. */
@Injectable()
export class CacheHealth implements OnModuleInit {
  constructor(
    @Inject(retrievalConfig.token) private readonly config: ConfigOf<typeof retrievalConfig>,
    @Inject(persistenceConfig.token) private readonly persistence: ConfigOf<typeof persistenceConfig>,
    private readonly cache: RetrievalCache,
    private readonly health: HealthRegistry,
  ) {}

  onModuleInit(): void {
    this.health.register({ name: 'cache', critical: false, check: () => this.check() });
  }

  private async check(): Promise<HealthFinding> {
    const { cacheDir, cacheBytesMax: bytesMax } = this.config;
    try {
      await access(cacheDir ?? join(this.persistence.dataDir, 'retrieval'), constants.R_OK | constants.W_OK);
    } catch {
      return {
        level: 'down',
        summary: 'Le dossier du cache des images manque ou ne peut être écrit.',
        advice: 'Vérifier le propriétaire et les droits du dossier de DRIMBOX_RETRIEVAL_CACHE_DIR, et son disque.',
      };
    }
    return cacheFinding({ bytes: this.cache.bytes, bytesInUse: this.cache.bytesInUse, bytesMax });
  }
}
