import { readFile } from 'node:fs/promises';

const bytesMax = 1_000;

/**
 * What may name a patient, from a file or from stdin (`-`): on a command line it would stand in the list of processes and in the
 * shell's history.
 */
export async function privateInput(source: string): Promise<string> {
  const text = source === '-' ? await standardInput() : await readFile(source, 'utf8');
  return text.slice(0, bytesMax + 1);
}

export const isTooLong = (text: string): boolean => text.length > bytesMax;

async function standardInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (isTooLong(text)) break;
  }
  return text;
}
