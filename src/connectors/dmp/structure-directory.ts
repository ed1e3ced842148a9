import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Dispatcher } from 'undici';
import type { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { PkiService, type MaterialSource } from '../../platform/pki';
import { comparableStructureId } from '../../standards/identity';
import { createSigner, type Signer } from '../../standards/xmlsec';
import { dmpConfig, type StructureSettings } from './dmp.config';
import { dmpErrors } from './dmp.errors';

/** A structure ready for use: what it is called, and its two certificates. */
export interface DmpStructure {
  /** As written in the submission: EJ or EG by the mode. */
  readonly published: { readonly id: string; readonly name: string };
  /** As written in the VIHF. */
  readonly vihf: { readonly id: string; readonly sector: { readonly code: string; readonly system: string } };
  /** TLS with the certificate of the structure. */
  readonly dispatcher: Dispatcher;
  /** The seal at this moment; a renewed certificate gives another one. */
  signer(): Signer;
}

const namesOf = (settings: StructureSettings): string[] =>
  [settings.geographic?.id, settings.mode === 'EJ' ? settings.legal?.id : undefined, ...settings.aliases]
    .filter((id) => id !== undefined)
    .map(comparableStructureId);

/** Who the submission and the VIHF name, by mode (GI DMP: identification of the submitter). */
export function identitiesOf(settings: StructureSettings): Pick<DmpStructure, 'published' | 'vihf'> {
  const published = settings.mode === 'EJ' ? settings.legal : settings.geographic;
  const named = settings.mode === 'EJ/EG' && settings.vihfNames === 'EJ' ? settings.legal : published;
  if (published === undefined || named === undefined)
    throw new TypeError('the mode wants an identity that is not given');
  return { published, vihf: { id: named.id, sector: settings.sector } };
}

/** The structures of the configuration, with their certificates loaded and followed. */
@Injectable()
export class StructureDirectory implements OnModuleInit, OnApplicationShutdown {
  private readonly structures: { names: string[]; fallback: boolean; structure: DmpStructure }[] = [];

  constructor(
    @Inject(dmpConfig.token) private readonly config: ConfigOf<typeof dmpConfig>,
    private readonly pki: PkiService,
  ) {}

  async onModuleInit(): Promise<void> {
    for (const [index, settings] of this.config.structures.entries()) {
      const source = (kind: 'tls' | 'seal'): MaterialSource => ({
        name: `dmp-${kind}-${String(index + 1)}`,
        ...settings[kind],
        anchorFiles: kind === 'tls' ? this.config.anchorFiles : [],
      });
      const tls = await this.pki.material(source('tls'), { use: 'client' });
      const seal = await this.pki.material(source('seal'), { use: 'signature' });
      const dispatcher = tls.createAgent({
        connections: this.config.connections,
        headersTimeout: this.config.timeoutMs,
        bodyTimeout: this.config.timeoutMs,
        connect: { timeout: Math.min(this.config.timeoutMs, 10_000) },
      });
      const makeSigner = () => createSigner(seal.pair.key, [seal.pair.certificate.raw]);
      let signer = makeSigner();
      seal.onChange(() => (signer = makeSigner()));
      const structure = { ...identitiesOf(settings), dispatcher, signer: () => signer };
      this.structures.push({ names: namesOf(settings), fallback: settings.fallback, structure });
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.structures.map(({ structure }) => structure.dispatcher.close()));
  }

  /** The structure that a report or a professional names; the fallback when it names none that is known. */
  find(id: string | undefined): DmpStructure | undefined {
    const wanted = id === undefined ? undefined : comparableStructureId(id);
    const found = this.structures.find(({ names }) => wanted !== undefined && names.includes(wanted));
    return (found ?? this.structures.find(({ fallback }) => fallback))?.structure;
  }

  /** The fallback, else the first of the configuration: to ask whether the DMP is there. */
  any(): DmpStructure | undefined {
    return this.find(undefined) ?? this.structures[0]?.structure;
  }

  /** As `find`; throws `dmp.unknown-structure`, or `dmp.not-configured` when there is no DMP at all. */
  get(id: string | undefined): DmpStructure {
    const found = this.find(id);
    if (found) return found;
    throw new GatewayError(this.config.url === undefined ? dmpErrors.notConfigured : dmpErrors.unknownStructure);
  }
}
