import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConnectionOptions } from 'node:tls';
import {
  Inject,
  Injectable,
  Module,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  OnModuleInit,
} from '@nestjs/common';
import { ConfigOf } from '../../platform/config';
import { GatewayError } from '../../platform/errors';
import { HealthFinding, HealthRegistry } from '../../platform/health';
import { DicomWebPacs } from './dicomweb';
import { DimsePacs } from './dimse/dimse-pacs';
import { defaultDimseSettings } from './dimse/dimse-settings';
import { DimseListener } from './listener/dimse-listener';
import { MoveDestinations } from './listener/move-destinations';
import { ConfiguredPacs } from './pacs-directory';
import { DicomWebPacsConfig, DimsePacsConfig, pacsConfig } from './pacs.config';
import { Pacs, PACS_DIRECTORY, PacsDirectory } from './pacs.port';

type Values = ConfigOf<typeof pacsConfig>;

/** Makes the client of a DICOMweb PACS, in the place of ours (tests). */
export type DicomWebFactory = (config: DicomWebPacsConfig) => Pacs;
export const DICOMWEB_FACTORY = Symbol('DicomWebFactory');

function settingsOf(config: Values) {
  return { ...defaultDimseSettings, silenceMs: config.silenceMs };
}

function tlsOptions(tls: DimsePacsConfig['tls']): (() => ConnectionOptions) | undefined {
  if (!tls) return undefined;
  return () => ({
    ca: readFileSync(tls.ca),
    cert: tls.cert ? readFileSync(tls.cert) : undefined,
    key: tls.key ? readFileSync(tls.key) : undefined,
    servername: tls.serverName,
    minVersion: 'TLSv1.2',
  });
}

/** Our listener as the application knows it. Rooms register their `StoreHandler` at module initialisation. */
export function makeListener(config: Values): DimseListener {
  const titles = config.list.flatMap((pacs) => (pacs.kind === 'dimse' ? [pacs.aeTitle] : []));
  const tls = config.listen === 'tls' &&
    config.listenTls && {
      ca: readFileSync(config.listenTls.ca),
      cert: readFileSync(config.listenTls.cert),
      key: readFileSync(config.listenTls.key),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2' as const,
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    };
  return new DimseListener({
    host: config.host,
    port: config.port,
    aeTitle: config.aeTitle,
    allowedCallingAeTitles: [...new Set([...titles, ...config.allowedCallers])],
    maxAssociations: config.maxIncoming,
    settings: settingsOf(config),
    tls: tls || undefined,
  });
}

/** Every PACS of the configuration, in its order. */
export function makeDirectory(
  config: Values,
  listener: DimseListener,
  dicomWeb?: DicomWebFactory,
): PacsDirectory & { readonly all: readonly Pacs[] } {
  const destinations = config.listen !== 'off' ? new MoveDestinations((title) => title === config.aeTitle) : undefined;
  if (destinations) listener.handlers.register(destinations);
  const all = config.list.map((pacs): Pacs => {
    if (pacs.kind === 'dicomweb') {
      return dicomWeb?.(pacs) ?? new DicomWebPacs(pacs, { silenceMs: config.silenceMs });
    }
    return new DimsePacs({
      id: pacs.id,
      peer: { host: pacs.host, port: pacs.port, tls: tlsOptions(pacs.tls) },
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
  ) {}

  onModuleInit(): void {
    for (const pacs of this.directory.all) {
      const check = (signal: AbortSignal): Promise<HealthFinding> => checkPacs(pacs, signal);
      this.health.register({ name: `pacs-${pacs.id}`, critical: false, check });
    }
  }

  /** After every room had the occasion to register its handler. */
  async onApplicationBootstrap(): Promise<void> {
    if (this.config.listen !== 'off') await this.listener.open();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.directory.all.map((pacs) => pacs.close()));
    await this.listener.close();
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
    { provide: DimseListener, inject: [pacsConfig.token], useFactory: makeListener },
    {
      provide: PACS_DIRECTORY,
      inject: [pacsConfig.token, DimseListener, { token: DICOMWEB_FACTORY, optional: true }],
      useFactory: makeDirectory,
    },
    PacsLifecycle,
  ],
  exports: [PACS_DIRECTORY, DimseListener],
})
export class PacsModule {}
