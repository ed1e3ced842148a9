import { open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { csvStream, DatabaseAuditTrail, jsonStream, lineTable, TrailQueries } from '../../audit';
import { commandOrigin } from '../command-origin';
import { Command, UsageError } from '../command';
import { isTooLong, privateInput } from '../private-input';
import { withDatabase } from './database-migrate';

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
  const text = await privateInput(source);
  const matricule = text.trim().toUpperCase().replaceAll(' ', '');
  if (isTooLong(text) || !matriculeShape.test(matricule))
    throw new UsageError('the file does not hold one INS (15 characters)');
  return matricule;
}

/** Who receives half of an export has received something: the record stands before the first byte, with what was asked for. */
async function exportTo(output: string | undefined, told: () => Promise<void>, content: () => Readable): Promise<void> {
  if (output === undefined) {
    await told();
    return pipeline(content(), process.stdout, { end: false });
  }
  const file = await open(output, 'wx', 0o600);
  try {
    await told();
  } catch (error) {
    await file.close();
    await rm(output);
    throw error;
  }
  await pipeline(content(), file.createWriteStream());
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
      const queries = new TrailQueries(dataSource);
      const { lines, beforeId } = await queries.extent({ from, to, patientMatricule });
      const rows = () => queries.all({ from, to, patientMatricule, beforeId }, Number.MAX_SAFE_INTEGER);
      const facts = {
        format,
        lines,
        ...(from ? { from: from.toISOString() } : {}),
        ...(to ? { to: to.toISOString() } : {}),
        ...(patientMatricule ? { patient: patientMatricule } : {}),
      };
      const actor = { peer: 'drimbox audit export' };
      const trail = new DatabaseAuditTrail(dataSource, commandOrigin());
      await exportTo(
        output,
        () => trail.record({ kind: 'audit.exported', outcome: 'success', actor, facts }),
        () => (format === 'csv' ? csvStream(lineTable, rows()) : jsonStream(rows())),
      );
      const told = output ? `${lines} line(s) written to ${output}` : '';
      return { text: told, value: { lines, output }, isWritten: output === undefined };
    });
  },
};
