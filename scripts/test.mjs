/** Every test. Installs missing Debian packages when it may, else names them and fails; ends with a summary. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ensurePackages } from './lib/debian.mjs';
import { run, runTool } from './lib/run.mjs';

const startedAt = Date.now();
const missing = await ensurePackages();
if (missing.length > 0) {
  process.stderr.write(
    `These Debian packages are missing: ${missing.join(' ')}. Install them (apt-get install) and run the tests again.\n`,
  );
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'drimbox-test-'));
const failedSteps = [];
const durations = [];
const slowest = [];
const failures = [];
const total = { passed: 0, failed: 0, skipped: 0 };

async function step(name, work) {
  const from = Date.now();
  process.stdout.write(`\n== ${name}\n`);
  const code = await work();
  const seconds = Math.round((Date.now() - from) / 1000);
  durations.push({ name, seconds, outcome: code === 0 ? 'passed' : 'FAILED' });
  process.stdout.write(`== ${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`);
  if (code !== 0) failedSteps.push(name);
}

/** What failed in a file: the cases with the first lines of their fault, or the fault of the file itself. */
function failuresOf({ name, status, message, assertionResults }) {
  if (status !== 'failed') return [];
  const file = relative(process.cwd(), name);
  const cases = assertionResults.filter((one) => one.status === 'failed');
  if (cases.length === 0) return [`${file}\n${beginning(message)}`];
  return cases.map((one) => `${file} › ${one.fullName}\n${beginning(one.failureMessages.join('\n'))}`);
}

const beginning = (text) =>
  text
    .replace(/\x1b\[[0-9;]*m/g, '')
    .split('\n')
    .slice(0, 12)
    .map((line) => `    ${line}`)
    .join('\n');

async function ring(projects, workers) {
  const report = join(folder, `${projects.join('-')}.json`);
  const args = [
    '--selectProjects',
    ...projects,
    '--json',
    '--outputFile',
    report,
    '--maxWorkers',
    String(workers),
    '--passWithNoTests',
  ];
  const code = await runTool('jest/bin/jest.js', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const result = JSON.parse(readFileSync(report, 'utf8'));
  total.passed += result.numPassedTests;
  total.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  total.skipped += result.numPendingTests + result.numTodoTests;
  failures.push(...result.testResults.flatMap(failuresOf));
  slowest.push(
    ...result.testResults.map(({ name, startTime, endTime }) => ({
      name: relative(process.cwd(), name),
      seconds: Math.round((endTime - startTime) / 1000),
    })),
  );
  return code;
}

await Promise.all([
  step('types', () => runTool('typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.json'])),
  step('format', () => runTool('prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.'])).then(() =>
    step('lint', () => runTool('eslint/bin/eslint.js', ['.', '--max-warnings', '0'])),
  ),
]);
await step('build', () => run(process.execPath, ['scripts/build.mjs']));
await step('unit and tidy tests', () => ring(['unit', 'tidy'], 2));
// These wait for other programs a third of their time: three files at once keep two cores at work. One run of jest for the three rings:
// no core waits for the last file of a ring.
await step('medium (real PostgreSQL, PACS, tools), flows (whole journeys), browser', () =>
  ring(['medium', 'flows', 'browser'], 3),
);
rmSync(folder, { recursive: true, force: true });

if (failures.length > 0) process.stdout.write(`\nFailed:\n${failures.join('\n')}\n`);
const line = ({ name, seconds, outcome = '' }) => `  ${String(seconds).padStart(5)} s  ${name} ${outcome}`.trimEnd();
slowest.sort((one, other) => other.seconds - one.seconds);
process.stdout.write(
  `\nSteps (Node ${process.versions.node}):\n${durations.map(line).join('\n')}\n` +
    `Longest files:\n${slowest.slice(0, 10).map(line).join('\n')}\n`,
);
const minutes = ((Date.now() - startedAt) / 60_000).toFixed(1);
process.stdout.write(
  `\n${failedSteps.length === 0 ? 'every step passed' : `failed steps: ${failedSteps.join(', ')}`}, in ${minutes} minutes\n`,
);
process.stdout.write(
  `${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}\n`,
);
process.exit(failedSteps.length === 0 && total.failed === 0 && total.skipped === 0 ? 0 : 1);
