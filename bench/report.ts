import { writeFileSync } from 'node:fs';
import type { Machine } from './lab/process-facts';
import type { Measure } from './measure';

const columns = ['id', 'value', 'reference', 'ratio', 'aim', 'runs', ''] as const;

/** The results for a person. */
export function table(measures: readonly Measure[]): string {
  const rows = measures.map((m) => [
    m.id,
    `${m.value} ${m.unit}`,
    `${m.referenceValue} (${m.reference})`,
    String(m.ratio),
    m.aim,
    String(m.runs),
    m.met ? 'met' : 'NOT MET',
  ]);
  const widths = columns.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const notes = measures.filter(({ note }) => note).map(({ id, note }) => `${id}: ${note}`);
  return [line(columns), ...rows.map(line), ...notes].join('\n');
}

export interface Results {
  readonly machine: Machine;
  readonly study: { readonly origin: string; readonly instances: number; readonly bytes: number };
  readonly skipped: readonly { readonly group: string; readonly why: string }[];
  readonly measures: readonly Measure[];
}

export function writeResults(file: string, results: Results): void {
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
}
