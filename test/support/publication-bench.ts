import { ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { DemoStudy as DemoImages } from '../../sandbox/demo-data';
import { startSandboxDmp, type RegisteredDocument, type SandboxDmp } from '../../sandbox/dmp';
import { createSandboxPki, type SandboxPki } from '../../sandbox/pki';
import { demoStructure, demoStudy, type DemoStudy } from '../../sandbox/ris';
import { IntakeService } from '../../src/source/intake';
import { PublicationQueries, type PublicationSummary } from '../../src/source/publication';
import { emptyTrailSql } from './audit-rows';
import { type TestDatabase } from './database';
import { startPublicationRooms } from './publication-rooms';

/** What a RIS would know of a study of the demo images. */
export function risStudyOf(images: DemoImages): DemoStudy {
  const { date, time } = images;
  return {
    ...demoStudy,
    studyInstanceUid: images.studyInstanceUid,
    accessionNumber: images.accessionNumber,
    accessionIssuer: images.accessionIssuer,
    orderNumber: `O${images.accessionNumber}`,
    modality: { code: images.modality, label: images.modality },
    start: `${date}${time}+0200`,
    stop: `${date}${time}+0200`,
    patient: { ...images.patient },
  };
}

export const kosOf = (documents: readonly RegisteredDocument[]): RegisteredDocument[] =>
  documents.filter(({ mimeType }) => mimeType === 'application/dicom');

/** Polls until the condition holds; says what was waited for when it never does. */
export async function until<T>(
  label: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  msMax = 90_000,
): Promise<T> {
  const end = Date.now() + msMax;
  for (;;) {
    const found = await ask();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${msMax} ms in vain: ${label}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export interface RunningGateway {
  readonly app: INestApplicationContext;
  readonly queries: PublicationQueries;
  readonly dataSource: DataSource;
  /** Gives a message to intake; resolves with the acknowledgement code. */
  send(message: Buffer): Promise<string>;
  /** The newest publication of a study once it is in one of these states. */
  reach(studyInstanceUid: string, ...states: string[]): Promise<PublicationSummary>;
  /** Waits until no publication is due or under way. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** The sandbox DMP over mutual TLS, and gateways that publish to it. */
export class PublicationBench {
  private readonly open = new Set<{ close(): Promise<void> }>();
  private constructor(
    readonly dir: string,
    readonly pki: SandboxPki,
    public dmp: SandboxDmp,
  ) {}

  static async start(): Promise<PublicationBench> {
    const dir = mkdtempSync(join(tmpdir(), 'drimbox-publication-'));
    const pki = await createSandboxPki({ dir: join(dir, 'pki'), fast: true });
    return new PublicationBench(dir, pki, await startDmp(pki, join(dir, 'dmp'), 0));
  }

  async stopDmp(): Promise<number> {
    const port = Number(new URL(this.dmp.url).port);
    await this.dmp.close();
    return port;
  }

  async restartDmp(port: number): Promise<void> {
    this.dmp = await startDmp(this.pki, join(this.dir, 'dmp'), port);
  }

  /** Manifests in the registry, oldest first. */
  get manifests(): RegisteredDocument[] {
    return kosOf(this.dmp.registry.allDocuments());
  }

  manifestsOf(studyInstanceUid: string): RegisteredDocument[] {
    const slot = 'urn:ihe:iti:xds:2013:referenceIdList';
    return this.manifests.filter(({ slots }) =>
      (slots[slot] ?? []).some((one) => one.startsWith(`${studyInstanceUid}^`)),
    );
  }

  /** Without a database, an embedded one runs below the data folder. */
  settings(
    database: TestDatabase | undefined,
    pacs: object[],
    more: Record<string, string> = {},
  ): Record<string, string> {
    const { members, exchangeCa } = this.pki;
    return {
      DRIMBOX_MODE: 'sandbox',
      DRIMBOX_DATA_DIR: join(this.dir, 'data'),
      ...(database ? { DRIMBOX_DATABASE_URL: database.address.url } : {}),
      DRIMBOX_CRL_MODE: 'off',
      DRIMBOX_DMP_URL: this.dmp.url,
      DRIMBOX_DMP_CA_FILES: exchangeCa,
      DRIMBOX_DMP_TIMEOUT_MS: '30000',
      DRIMBOX_DMP_STRUCTURES: JSON.stringify([
        {
          mode: 'EG',
          geographic: { id: `1${demoStructure.finess}`, name: demoStructure.name },
          fallback: true,
          sector: { code: 'SA08' },
          tls: { certificateFile: members.dmpClient.cert, keyFile: members.dmpClient.key },
          seal: { certificateFile: members.seal.cert, keyFile: members.seal.key },
        },
      ]),
      DRIMBOX_PACS: JSON.stringify(pacs),
      DRIMBOX_DICOM_LISTEN: 'sandbox',
      DRIMBOX_DICOM_PORT: '0',
      DRIMBOX_INTAKE_INS_NATURES: 'nir,nia,nirTest',
      DRIMBOX_EXCHANGE_PUBLIC_URL: 'https://db1.test.mesimagesmedicales.fr/drimbox/rs',
      DRIMBOX_PUBLICATION_DELAY_SECONDS: '0',
      DRIMBOX_PUBLICATION_STABLE_SECONDS: '0',
      DRIMBOX_PUBLICATION_IMAGES_RETRY_SECONDS: '1',
      DRIMBOX_PUBLICATION_RETRY_SECONDS: '1',
      DRIMBOX_PUBLICATION_LEASE_MS: '1000',
      DRIMBOX_PUBLICATION_POLL_MS: '20',
      ...more,
    };
  }

  async gateway(settings: Record<string, string>): Promise<RunningGateway> {
    const app = await startPublicationRooms(settings);
    const queries = app.get(PublicationQueries, { strict: false });
    const intake = app.get(IntakeService, { strict: false });
    const dataSource = app.get(DataSource, { strict: false });
    const running: RunningGateway = {
      app,
      queries,
      dataSource,
      send: async (bytes) => {
        const connection = { id: 'c', address: '127.0.0.1' };
        const answer = await intake.receive({ bytes, receivedAt: new Date(), connection });
        return /\rMSA\|(\w+)/.exec(answer.toString())?.[1] ?? '';
      },
      reach: (studyInstanceUid, ...states) =>
        until(`${studyInstanceUid} to be ${states.join(' or ')}`, async () => {
          const [newest] = (await queries.search({ studyInstanceUid, limit: 1 })).items;
          return newest && states.includes(newest.state) ? newest : undefined;
        }),
      settle: () =>
        until('the queue to be empty', async () => {
          const { byState } = await queries.queue();
          return Object.keys(byState).every((state) => ['refused', 'dead'].includes(state));
        }).then(() => undefined),
      close: async () => {
        if (this.open.delete(running)) await app.close();
      },
    };
    this.open.add(running);
    return running;
  }

  /** A gateway in a process of its own, which may kill itself at a named point. */
  async child(settings: Record<string, string>, killAt?: string): Promise<ChildProcess> {
    const root = join(__dirname, '..', '..');
    const child = fork(join(__dirname, 'publication-child.ts'), [JSON.stringify({ settings, killAt })], {
      cwd: root,
      execArgv: ['-r', join(root, 'scripts', 'register-typescript.cjs')],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ended = once(child, 'exit');
    await Promise.race([once(child, 'message'), ended]);
    this.open.add({
      close: async () => {
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
        await ended;
      },
    });
    return child;
  }

  async close(): Promise<void> {
    for (const one of [...this.open]) await one.close();
    await this.dmp.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function startDmp(pki: SandboxPki, dataDir: string, port: number): Promise<SandboxDmp> {
  const { key, cert } = pki.members.dmpServer;
  const read = (file: string): string => readFileSync(file, 'utf8');
  return startSandboxDmp({ port, tls: { key: read(key), cert: read(cert) }, clientCa: read(pki.exchangeCa), dataDir });
}

/** Empties what publication and archive hold, so that a test may start from nothing on the same database. */
export async function emptyTables(dataSource: DataSource): Promise<void> {
  await dataSource.query(
    'TRUNCATE publication_history, publication, publication_rejection_note, source_manifest, intake_request, intake_message',
  );
  await dataSource.query(emptyTrailSql);
}
