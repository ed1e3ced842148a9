/** The fast part of the tests, before each commit: format, lint, types, unit and tidy tests. */
import { runTool } from './lib/run.mjs';

const steps = [
  ['format', 'prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']],
  ['types', 'typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.json']],
  ['lint', 'eslint/bin/eslint.js', ['.', '--max-warnings', '0']],
  ['unit and tidy tests', 'jest/bin/jest.js', ['--selectProjects', 'unit', 'tidy']],
];
const failed = [];
for (const [name, tool, args] of steps) {
  process.stdout.write(`== ${name}\n`);
  if ((await runTool(tool, args)) !== 0) failed.push(name);
}
process.stdout.write(failed.length === 0 ? 'check: all is well\n' : `check: failed: ${failed.join(', ')}\n`);
process.exit(failed.length === 0 ? 0 : 1);
