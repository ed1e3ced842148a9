import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Names of groups or measures; empty: all. */
  readonly only: readonly string[];
  /** Runs of the quick measures; the slow ones run three times at most. */
  readonly rounds: number;
  /** Folder of a CT series to use as it is, instead of making one. */
  readonly study?: string;
  readonly help: boolean;
}

export const usage = `npm run bench -- [options]

Measures the gateway against references that run beside it, prints a table and writes bench/results.json.

  --only ID,…    only these groups or measures (see bench/README.md)
  --rounds N     runs of each quick measure (default 5); slow ones run three times at most
  --study DIR    DICOM files of one series to measure with (default: made once, kept in the temporary folder)
  --help         says this
`;

/** Reads the command line; throws a sentence for the caller when it is off. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      study: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const rounds = Number(values.rounds ?? 5);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) throw new Error('--rounds takes a number from 1 to 100');
  const only = (values.only ?? '').split(',').filter((name) => name !== '');
  return { only, rounds, study: values.study, help: values.help ?? false };
}
