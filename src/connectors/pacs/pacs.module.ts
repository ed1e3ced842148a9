import {
  Inject,
  Injectable,
  Module,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  OnModuleInit,
} from '@nestjs/common';
import { AuditTrail } from '../../audit';
import { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { HealthFinding, HealthRegistry } from '../../platform/health';
import { PkiService, TlsMaterial } from '../../platform/pki';
import { DicomWebPacs } from './dicomweb';
import { DimsePacs } from './dimse/dimse-pacs';
import { defaultDimseSettings } from './dimse/dimse-settings';
import { DimseListener } from './listener/dimse-listener';
import { checkListener } from './listener/listener-health';
import { MoveDestinations } from './listener/move-destinations';
import { DicomRefusal, RefusedCallers } from './listener/refused-callers';
import { ConfiguredPacs } from './pacs-directory';
import { DicomWebPacsConfig, pacsConfig } from './pacs.config';
import { clientTls, listenerTls, MaterialLoader, TlsOptionsNow } from './pacs-tls';
import { Pacs, PACS_DIRECTORY, PacsDirectory } from './pacs.port';

type Values = ConfigOf<typeof pacsConfig>;

/** Makes the client of a DICOMweb PACS, in the place of ours (tests). */
export type DicomWebFactory = (config: DicomWebPacsConfig) => Pacs;
export const DICOMWEB_FACTORY = Symbol('DicomWebFactory');

function settingsOf(config: Values) {
  return { ...defaultDimseSettings, silenceMs: config.silenceMs, warmMs: config.idleMs };
}

/** Our listener as the application knows it. Rooms register their `StoreHandler` at module initialisation. */
export function makeListener(
  config: Values,
  tls?: TlsMaterial,
  refused?: (refusal: DicomRefusal) => void,
): DimseListener {
  const titles = config.list.flatMap((pacs) => (pacs.kind === 'dimse' ? [pacs.aeTitle] : []));
  return new DimseListener({
    host: config.host,
    port: config.port,
    aeTitle: config.aeTitle,
    allowedCallingAeTitles: [...new Set([...titles, ...config.allowedCallers])],
    maxAssociations: config.maxIncoming,
    settings: settingsOf(config),
    tls,
    refused,
  });
}

async function loadListener(config: Values, pki: PkiService, refused: RefusedCallers): Promise<DimseListener> {
  const { listen, listenTls: files } = config;
  return makeListener(config, listen === 'tls' && files ? await listenerTls(files, pki) : undefined, refused.record);
}

/** TLS of each PACS that wants it, by its `id`. */
async function loadTls(config: Values, pki: MaterialLoader): Promise<ReadonlyMap<string, TlsOptionsNow>> {
  const all = new Map<string, TlsOptionsNow>();
  for (const { id, tls } of config.list) if (tls) all.set(id, await clientTls(`pacs-${id}`, tls, pki));
  return all;
}

/** Every PACS of the configuration, in its order. */
export async function makeDirectory(
  config: Values,
  listener: DimseListener,
  pki: MaterialLoader,
  dicomWeb?: DicomWebFactory,
): Promise<PacsDirectory & { readonly all: readonly Pacs[] }> {
  const tls = await loadTls(config, pki);
  const destinations = config.listen !== 'off' ? new MoveDestinations((title) => title === config.aeTitle) : undefined;
  if (destinations) listener.handlers.register(destinations);
  const all = config.list.map((pacs): Pacs => {
    if (pacs.kind === 'dicomweb') {
      return dicomWeb?.(pacs) ?? new DicomWebPacs(pacs, { silenceMs: config.silenceMs }, tls.get(pacs.id));
    }
    return new DimsePacs({
      id: pacs.id,
      peer: { host: pacs.host, port: pacs.port, tls: tls.get(pacs.id) },
      pacsAeTitle: pacs.aeTitle,
      ourAeTitle: config.aeTitle,
      retrieve: pacs.retrieve,
      maxAssociations: pacs.maxAssociations,
      settings: settingsOf(config),
      destinations,
    });
  });
  return new ConfiguredPacs(all);
}

@Injectable()
export class PacsLifecycle implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(pacsConfig.token) private readonly config: Values,
    @Inject(PACS_DIRECTORY) private readonly directory: PacsDirectory,
    private readonly listener: DimseListener,
    private readonly health: HealthRegistry,
    private readonly refused: RefusedCallers,
  ) {}

  onModuleInit(): void {
    for (const pacs of this.directory.all) {
      const check = (signal: AbortSignal): Promise<HealthFinding> => checkPacs(pacs, signal);
      this.health.register({ name: `pacs-${pacs.id}`, critical: false, check });
    }
    if (this.config.listen === 'off') return;
    this.health.register({
      name: 'dicom',
      critical: false,
      check: (signal) => checkListener(this.listener, settingsOf(this.config), signal),
    });
  }

  /** After every room had the occasion to register its handler. */
  async onApplicationBootstrap(): Promise<void> {
    if (this.config.listen !== 'off') await this.listener.open();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.directory.all.map((pacs) => pacs.close()));
    await this.listener.close();
    await this.refused.close();
  }
}

async function checkPacs(pacs: Pacs, signal: AbortSignal): Promise<HealthFinding> {
  try {
    const ms = Math.round(await pacs.echo(signal));
    return { level: 'up', summary: `Le PACS ${pacs.id} répond.`, facts: { echoMs: ms } };
  } catch (error) {
    const known = GatewayError.of(error);
    return {
      level: 'down',
      summary: `Le PACS ${pacs.id} ne répond pas (${known?.code ?? 'erreur'}).`,
      advice: "Vérifier l'adresse, le port, les titres AE et le réseau entre la passerelle et le PACS.",
    };
  }
}

/** PACS clients, and our DICOM listener. */
@Module({
  providers: [
    {
      provide: RefusedCallers,
      inject: [{ token: AuditTrail, optional: true }],
      useFactory: (trail?: AuditTrail) => new RefusedCallers(trail),
    },
    { provide: DimseListener, inject: [pacsConfig.token, PkiService, RefusedCallers], useFactory: loadListener },
    {
      provide: PACS_DIRECTORY,
      inject: [pacsConfig.token, DimseListener, PkiService, { token: DICOMWEB_FACTORY, optional: true }],
      useFactory: makeDirectory,
    },
    PacsLifecycle,
  ],
  exports: [PACS_DIRECTORY, DimseListener],
})
export class PacsModule {}
