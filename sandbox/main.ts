import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseOptions, SandboxOptions, usage } from './options';
import type { ReadyFacts } from './ready';
import { startSandbox } from './start-sandbox';

const say = (line: string) => process.stdout.write(`${line}\n`);

function tell(ready: ReadyFacts, dataDir: string): void {
  const users = ready.psc.users.map(({ username, password }) => `${username} / ${password}`).join(', ');
  say('');
  say('The gateway and its sandbox are up:');
  say(`  portal                ${ready.portal.url}   (users of Pro Santé Connect: ${users})`);
  say(`  RIS (contextual call) ${ready.portal.risPage}   the way of a physician to the images begins there`);
  say(`  WADO-RS (exchange)    ${ready.source.url}`);
  say(`  PACS                  ${ready.pacs.aeTitle}@${ready.pacs.host}:${ready.pacs.port} (${ready.pacs.kind})`);
  say(`  documents of the DMP  ${ready.dmp.documents}`);
  say(`  health, metrics       ${ready.health}/ready   ${ready.metrics}`);
  say(
    `  studies               ${ready.studies.map((study) => `${study.accessionNumber} (${study.instances})`).join(', ') || 'none'}`,
  );
  if (ready.remote) {
    const there = ready.remote.studies.map((study) => `${study.accessionNumber} (${study.instances})`).join(', ');
    say(`  other hospital        ${ready.remote.source.url}   ${there}`);
  }
  say(`  data and logs         ${dataDir}`);
  say('');
  say('Everything here is invented and fit for trying only. Ctrl-C ends it.');
}

function untilAskedToStop(): Promise<void> {
  return new Promise((resolveWait) => {
    process.once('SIGINT', resolveWait);
    process.once('SIGTERM', resolveWait);
  });
}

async function run(options: SandboxOptions): Promise<void> {
  const dataDir = options.dataDir ? resolve(options.dataDir) : mkdtempSync(join(tmpdir(), 'drimbox-sandbox-'));
  const asked = untilAskedToStop();
  const sandbox = await startSandbox({ ...options, dataDir, remote: true, say: (step) => say(`starting: ${step}`) });
  const broken = new Promise<string>((resolveWait) => {
    sandbox.gateway.child.once('exit', () =>
      resolveWait(`the gateway ended: see ${join(dataDir, 'gateway-home.log')}`),
    );
  });
  if (options.readyFile) writeFileSync(options.readyFile, `${JSON.stringify(sandbox.ready, null, 2)}\n`);
  tell(sandbox.ready, dataDir);
  sandbox.remote?.gateway.child.once('exit', () => say('the gateway of the other hospital ended'));
  const fault = await Promise.race([asked.then(() => undefined), broken]);
  say(fault ?? 'stopping');
  await sandbox.stop();
  if (!options.dataDir && !fault) rmSync(dataDir, { recursive: true, force: true });
  if (fault) process.exitCode = 1;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) say(usage);
  else
    run(options).catch((error: Error) => {
      process.stderr.write(`The sandbox did not start: ${error.message}\n`);
      process.exit(1);
    });
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}`);
  process.exitCode = 1;
}
