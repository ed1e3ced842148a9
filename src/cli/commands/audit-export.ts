import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { csvStream, DatabaseAuditTrail, jsonStream, lineTable, TrailLine, TrailQueries } from '../../audit';
import { commandOrigin } from '../command-origin';
import { Command, UsageError } from '../command';
import { withDatabase } from './database-migrate';

const patientBytesMax = 1_000;
const matriculeShape = /^\d[0-9AB]{14}$/;

function dateOf(name: string, text: string | true | undefined): Date | undefined {
  if (typeof text !== 'string') return undefined;
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new UsageError(`--${name} is not a date such as 2026-11-21 or 2026-11-21T08:00:00Z`);
  return date;
}

/** An INS on a command line would stand in the list of processes and in the shell's history. */
async function patientOf(source: string | true | undefined): Promise<string | undefined> {
  if (typeof source !== 'string') return undefined;
  if (/^[0-9][0-9ABab ]{12,20}$/.test(source))
    throw new UsageError(
      'an INS is never written on a command line: put it into a file, or give "-" and write it to stdin',
    );
  const text = source === '-' ? await standardInput() : await readFile(source, 'utf8');
  const matricule = text.trim().toUpperCase().replaceAll(' ', '');
  if (text.length > patientBytesMax || !matriculeShape.test(matricule))
    throw new UsageError('the file does not hold one INS (15 characters)');
  return matricule;
}

async function standardInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > patientBytesMax) break;
  }
  return text;
}

async function* counted(lines: AsyncIterable<TrailLine>, count: { lines: number }): AsyncGenerator<TrailLine> {
  for await (const line of lines) {
    count.lines += 1;
    yield line;
  }
}

export const auditExport: Command = {
  words: 'audit export',
  usage: 'drimbox audit export [--from DATE] [--to DATE] [--format csv|json] [--patient FILE|-] [--output FILE]',
  summary: 'writes lines of the audit trail, newest first; the INS of a patient comes from a file or stdin',
  valued: ['from', 'to', 'format', 'patient', 'output'],
  run: async ({ options, config }) => {
    const format = options.format ?? 'csv';
    if (format !== 'csv' && format !== 'json') throw new UsageError('--format is csv or json');
    const from = dateOf('from', options.from);
    const to = dateOf('to', options.to);
    const patientMatricule = await patientOf(options.patient);
    const output = typeof options.output === 'string' ? options.output : undefined;
    return withDatabase(config(), [], async (dataSource) => {
      const count = { lines: 0 };
      const asked = new TrailQueries(dataSource).all({ from, to, patientMatricule }, Number.MAX_SAFE_INTEGER);
      const lines = counted(asked, count);
      const content: Readable = format === 'csv' ? csvStream(lineTable, lines) : jsonStream(lines);
      if (output) await pipeline(content, createWriteStream(output, { mode: 0o600, flags: 'wx' }));
      else await pipeline(content, process.stdout, { end: false });
      await new DatabaseAuditTrail(dataSource, commandOrigin()).record({
        kind: 'audit.exported',
        outcome: 'success',
        actor: { peer: 'drimbox audit export' },
        facts: {
          format,
          lines: count.lines,
          ...(from ? { from: from.toISOString() } : {}),
          ...(to ? { to: to.toISOString() } : {}),
          ...(patientMatricule ? { patient: patientMatricule } : {}),
        },
      });
      const told = output ? `${count.lines} line(s) written to ${output}` : '';
      return { text: told, value: { lines: count.lines, output }, isWritten: output === undefined };
    });
  },
};
