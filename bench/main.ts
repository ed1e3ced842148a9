import { join, resolve } from 'node:path';
import { orthancIsInstalled } from '../sandbox/pacs';
import { conversionGroup } from './groups/conversion';
import { dicomwebGroup, instancesGroup } from './groups/dicomweb';
import { dimseGroup, stockGroup } from './groups/dimse';
import type { Group } from './groups/group';
import { intakeGroup } from './groups/intake';
import { measureGroup } from './groups/measure';
import { metadataGroup } from './groups/metadata';
import { smallGroup } from './groups/small';
import { memoryGroup, parallelGroup } from './groups/together';
import { viewerGroup } from './groups/viewer';
import { Lab } from './lab/lab';
import { machineFacts } from './lab/process-facts';
import { trailGroup } from './groups/trail';
import type { Measure } from './measure';
import { BenchOptions, parseOptions, usage } from './options';
import { dcmtkIsInstalled } from './references/dcmtk';
import { table, writeResults } from './report';
import { referenceStudy } from './study';

/** Quick ones first; those that fill the PACS with copies last. */
const groups: readonly Group[] = [
  dimseGroup,
  measureGroup,
  smallGroup,
  intakeGroup,
  trailGroup,
  dicomwebGroup,
  instancesGroup,
  metadataGroup,
  conversionGroup,
  viewerGroup,
  parallelGroup,
  memoryGroup,
  stockGroup,
];

const say = (line: string) => process.stdout.write(`${line}\n`);
const slowRoundsMax = 3;

function chosen({ only }: BenchOptions): readonly Group[] {
  const known = groups.flatMap(({ name, ids }) => [name, ...ids]);
  const unknown = only.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`--only knows ${known.join(', ')}; not ${unknown.join(', ')}`);
  return groups.filter(({ name, ids }) => only.length === 0 || [name, ...ids].some((one) => only.includes(one)));
}

async function run(options: BenchOptions): Promise<void> {
  const wanted = chosen(options);
  if (!orthancIsInstalled()) throw new Error('Orthanc is missing (Debian: apt-get install orthanc orthanc-dicomweb)');
  if (!dcmtkIsInstalled()) throw new Error('dcmtk is missing (Debian: apt-get install dcmtk)');
  const study = await referenceStudy(options.study, say);
  const lab = new Lab(study, say);
  const stopped = new Promise<never>((_resolve, reject) => {
    process.once('SIGINT', () => reject(new Error('interrupted')));
  });
  const measures: Measure[] = [];
  const skipped: { group: string; why: string }[] = [];
  const rounds = { quick: options.rounds, slow: Math.min(options.rounds, slowRoundsMax) };
  try {
    for (const group of wanted) {
      say(`measuring ${group.name}`);
      try {
        const found = await Promise.race([group.run(lab, rounds), stopped]);
        measures.push(...found);
        say(table(found));
      } catch (error) {
        const why = error instanceof Error ? error.message : 'failed';
        if (why === 'interrupted') throw error;
        skipped.push({ group: group.name, why });
        say(`${group.name} gives no figure: ${why}`);
      }
    }
  } finally {
    await lab.stop();
  }
  const { origin, files, bytes } = study;
  const file = resolve(join(__dirname, '../../bench/results.json'));
  writeResults(file, { machine: machineFacts(), study: { origin, instances: files.length, bytes }, skipped, measures });
  say(`\n${table(measures)}\n\nwritten to ${file}`);
  if (skipped.length > 0) process.exitCode = 1;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) say(usage);
  else {
    run(options).then(
      () => process.exit(),
      (error: Error) => {
        process.stderr.write(`The benchmarks stopped: ${error.message}\n`);
        process.exit(1);
      },
    );
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}`);
  process.exitCode = 1;
}
