import { statfs } from 'node:fs/promises';
import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import type { ConfigOf } from '../config';
import { HealthFinding, HealthRegistry } from '../health';
import { gauge } from '../metrics';
import { persistenceConfig } from '../persistence';
import { supervisionConfig } from './supervision.config';

const freeBytes = gauge('disk_free_bytes', 'Space left for the gateway on the disk of the data folder');
const sizeBytes = gauge('disk_size_bytes', 'Size of the disk of the data folder');

export interface DiskSpace {
  readonly sizeBytes: number;
  /** For us: without what the system keeps for its administrator. */
  readonly freeBytes: number;
  readonly files: number;
  readonly freeFiles: number;
}

export interface DiskLimits {
  readonly diskWarningPercent: number;
  readonly diskCriticalPercent: number;
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toLocaleString('fr-FR', { maximumFractionDigits: 1 });
const percent = (part: number, whole: number): number => (whole > 0 ? (part / whole) * 100 : 100);

/** A disk is as full as the scarcer of its two resources: bytes, and entries for files. */
export function diskFinding(space: DiskSpace, { diskWarningPercent, diskCriticalPercent }: DiskLimits): HealthFinding {
  const bytesLeft = percent(space.freeBytes, space.sizeBytes);
  // Some file systems count no entries: they have as many as they need.
  const filesLeft = space.files > 0 ? percent(space.freeFiles, space.files) : 100;
  const left = Math.min(bytesLeft, filesLeft);
  const facts = {
    freeBytes: space.freeBytes,
    sizeBytes: space.sizeBytes,
    freePercent: Math.round(bytesLeft),
    freeFilesPercent: Math.round(filesLeft),
  };
  const what =
    filesLeft < bytesLeft
      ? `${Math.round(filesLeft)} % des fichiers possibles`
      : `${gigabytes(space.freeBytes)} Go (${Math.round(bytesLeft)} %)`;
  const summary = `Il reste ${what} sur le disque des données.`;
  if (left >= diskWarningPercent) return { level: 'up', summary, facts };
  const advice =
    'Libérer de la place ou agrandir le disque ; le cache des images se réduit par DRIMBOX_RETRIEVAL_CACHE_BYTES_MAX.';
  return { level: left < diskCriticalPercent ? 'down' : 'warning', summary, advice, facts };
}

/** Space on the disk of the data folder. */
@Injectable()
export class DiskHealth implements OnModuleInit {
  constructor(
    @Inject(supervisionConfig.token) private readonly config: ConfigOf<typeof supervisionConfig>,
    @Inject(persistenceConfig.token) private readonly persistence: ConfigOf<typeof persistenceConfig>,
    private readonly health: HealthRegistry,
  ) {}

  onModuleInit(): void {
    this.health.register({ name: 'disk', critical: false, check: () => this.check() });
  }

  private async check(): Promise<HealthFinding> {
    const { bsize, blocks, bavail, files, ffree } = await statfs(this.persistence.dataDir);
    const space = { sizeBytes: bsize * blocks, freeBytes: bsize * bavail, files, freeFiles: ffree };
    freeBytes.set(space.freeBytes);
    sizeBytes.set(space.sizeBytes);
    return diskFinding(space, this.config);
  }
}
