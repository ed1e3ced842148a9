import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { AtnaSender, AuditSpool } from '../../src/audit/atna';
import { dataSourceOptions } from '../../src/platform/persistence';

/** What the parent tells a sender of its own process. */
export interface AtnaChildSettings {
  readonly databaseUrl: string;
  readonly port: number;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly leaseMs: number;
}

async function run(): Promise<void> {
  const settings = JSON.parse(process.argv[2]) as AtnaChildSettings;
  const address = { url: settings.databaseUrl, embedded: false, poolSize: 2, stop: async () => undefined };
  const dataSource = await new DataSource(dataSourceOptions(address)).initialize();
  const [cert, key, ca] = [settings.cert, settings.key, settings.ca].map((file) => readFileSync(file, 'utf8'));
  new AtnaSender(new AuditSpool(dataSource, randomUUID(), settings.leaseMs), {
    node: { source: { id: 'DRIMbox' }, hostName: 'child.test', processId: String(process.pid) },
    appName: 'drimbox',
    msgId: 'IHE+RFC-3881',
    confirmation: 'close',
    pollMs: 50,
    repository: () => ({ host: 'localhost', port: settings.port, timeoutMs: 30_000, tls: { cert, key, ca } }),
  }).start();
  process.once('disconnect', () => process.exit(1));
  process.send?.({ started: true });
}

run().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
