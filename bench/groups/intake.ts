import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { startGateway } from '../../sandbox/gateway-process';
import { gatewaySettings } from '../../sandbox/gateway-settings';
import { sandboxPorts } from '../../sandbox/ports';
import { ackCode, demoStudy, makeOru, MllpSender } from '../../sandbox/ris';
import type { Lab } from '../lab/lab';
import { freePort } from '../../sandbox/free-port';
import { Measure, measureOf } from '../measure';
import { alternate, median } from '../statistics';
import type { Group } from './group';

const connections = 4;
const messagesPerRun = 200;
/** Makes messages of 300 KB: the PDF of the report is written in Base64 twice. */
const padding = 165_000;
const run = promisify(execFile);
const debian = '/usr/lib/postgresql';

/** Reports of 300 KB acknowledged by the real gateway, each stored in PostgreSQL (which waits for its disk) before its `AA`. */
export const intakeGroup: Group = {
  name: 'intake',
  ids: ['intake-messages'],
  run: async (lab, rounds): Promise<Measure[]> => {
    const database = await lab.once(
      'PostgreSQL',
      () => startPostgres(lab),
      (started) => started.stop(),
    );
    const gateway = await lab.once(
      'gateway intake',
      () => startIntake(lab, database.url),
      (started) => started.stop(),
    );
    const client = new Client({ connectionString: database.url });
    await client.connect();
    let count = 0;
    const messages = () =>
      Array.from({ length: messagesPerRun }, () => makeOru(demoStudy, { controlId: `B${count++}`, padding }));
    try {
      await client.query('CREATE TABLE bench_bytes (raw bytea NOT NULL)');
      await client.query('ALTER TABLE bench_bytes ALTER COLUMN raw SET STORAGE EXTERNAL');
      await sendAll(gateway.port, messages().slice(0, 20));
      const runs = await alternate(rounds.slow, {
        gateway: () => perSecond(messages(), (all) => sendAll(gateway.port, all)),
        postgres: () =>
          perSecond(messages(), async (all) => {
            for (const raw of all) await client.query('INSERT INTO bench_bytes VALUES ($1)', [raw]);
          }),
      });
      return [
        measureOf({
          id: 'intake-messages',
          value: median(runs.gateway ?? []),
          unit: 'messages/s',
          reference: 'PostgreSQL alone: the same bytes, one insert each, one connection',
          referenceValue: median(runs.postgres ?? []),
          aim: { atLeast: 50, absolute: true },
          runs: rounds.slow,
          note: `${Math.round((messages()[0]?.length ?? 0) / 1000)} kB each, ${connections} connections; judged, stored, audited, then acknowledged`,
        }),
      ];
    } finally {
      await client.end();
    }
  },
};

async function perSecond(messages: Buffer[], work: (all: Buffer[]) => Promise<void>): Promise<number> {
  const from = performance.now();
  await work(messages);
  return (messages.length / (performance.now() - from)) * 1_000;
}

async function sendAll(port: number, messages: readonly Buffer[]): Promise<void> {
  const target = { host: '127.0.0.1', port, timeoutMs: 60_000 };
  const senders = await Promise.all(Array.from({ length: connections }, () => MllpSender.connect(target)));
  try {
    const answers = await Promise.all(messages.map((message, index) => senders[index % connections]?.send(message)));
    const refused = answers.find((answer) => !answer || ackCode(answer) !== 'AA');
    if (refused) throw new Error(`a message was answered ${ackCode(refused)}`);
  } finally {
    for (const sender of senders) sender.close();
  }
}

/** The gateway with its HL7 port open; what it takes waits, since it publishes nothing. */
async function startIntake(lab: Lab, database: string): Promise<{ port: number; stop(): Promise<void> }> {
  const { neighbours, ports: taken } = await lab.neighbours();
  const { exchange, internal, portal, hl7, hl7Tls, dicom } = await sandboxPorts(0);
  const folder = join(lab.folder, 'gateway-intake');
  mkdirSync(folder, { recursive: true });
  const ports = { ...taken, exchange, internal, portal, hl7, hl7Tls, dicom };
  const pacs = { kind: 'orthanc' as const, host: '127.0.0.1', port: 0, aeTitle: 'PACS' };
  const gateway = await startGateway(
    {
      ...gatewaySettings({ dataDir: folder, database, ports, neighbours, pacs }),
      DRIMBOX_PACS: JSON.stringify([{ id: 'pacs', kind: 'dicomweb', url: 'http://127.0.0.1:9/dicom-web' }]),
      DRIMBOX_DICOM_LISTEN: 'off',
      DRIMBOX_ATNA_ENABLED: 'false',
      DRIMBOX_PORTAL_ENABLED: 'false',
      DRIMBOX_PUBLICATION_ENABLED: 'false',
    },
    join(folder, 'gateway.log'),
  );
  return { port: hl7, stop: () => gateway.stop() };
}

/** A PostgreSQL of its own, as Debian packages it, with `fsync` on: an acknowledged message is on the disk. */
export async function startPostgres(lab: Lab, name = 'postgresql'): Promise<{ url: string; stop(): Promise<void> }> {
  const versions = existsSync(debian) ? readdirSync(debian).sort().reverse() : [];
  const bin = versions.map((version) => join(debian, version, 'bin')).find((one) => existsSync(join(one, 'initdb')));
  if (!bin) throw new Error('PostgreSQL is missing (Debian: apt-get install postgresql)');
  const isRoot = process.getuid?.() === 0;
  const folder = join(lab.folder, name);
  mkdirSync(folder, { recursive: true });
  chmodSync(lab.folder, 0o711);
  if (isRoot) await run('chown', ['postgres', folder]);
  const as = (program: string, args: string[]): [string, string[]] =>
    isRoot ? ['runuser', ['-u', 'postgres', '--', join(bin, program), ...args]] : [join(bin, program), args];
  const data = join(folder, 'data');
  const options = { cwd: '/' };
  await run(...as('initdb', ['-D', data, '-U', 'drimbox', '-A', 'trust', '-E', 'UTF8', '--locale=C']), options);
  const port = await freePort();
  const listen = `-p ${port} -h 127.0.0.1 -k ${folder}`;
  const [program, args] = as('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), '-o', listen, 'start']);
  // pg_ctl keeps the pipes of its caller open through the server: its output goes nowhere.
  const child = spawn(program, args, { stdio: 'ignore', cwd: '/' });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`PostgreSQL did not start (pg_ctl ended with ${String(code)})`);
  return {
    url: `postgres://drimbox@127.0.0.1:${port}/postgres`,
    stop: async () => void (await run(...as('pg_ctl', ['-D', data, '-m', 'fast', 'stop']), options)),
  };
}
