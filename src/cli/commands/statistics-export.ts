import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AuditTrail } from '../../audit';
import {
  exportFormats,
  isExportFormat,
  readModel,
  statisticsConfig,
  StatisticsExport,
  StatisticsModule,
} from '../../audit/statistics';
import { ConfigOf, LoadedConfig } from '../../platform/config';
import { ScreenFormat } from '../../portal';
import { publicationConfig } from '../../source/publication';
import { Command, CommandContext, UsageError } from '../command';
import { withRooms } from '../with-rooms';

type Options = CommandContext['options'];

/** First and last day, both included, in the time zone of the hospital. */
function periodOf(options: Options, format: ScreenFormat) {
  const day = (name: 'from' | 'to', addDays: number): Date => {
    const moment = format.beginningOf(options[name], addDays);
    if (!moment) throw new UsageError(`--${name} is a day such as 2026-11-21`);
    return moment;
  };
  const [from, to] = [day('from', 0), day('to', 1)];
  if (from >= to) throw new UsageError('--from lies after --to');
  return { from, to };
}

const valuesOf = <S>(config: LoadedConfig, slice: S & { token: symbol }) =>
  config.values.get(slice.token) as ConfigOf<S>;

/** A file that is not whole never has its name. */
async function writeWhole(file: string, bytes: AsyncIterable<Buffer>): Promise<number> {
  const unfinished = `${file}.part`;
  try {
    await pipeline(Readable.from(bytes), createWriteStream(unfinished, { mode: 0o600 }));
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return (await stat(file)).size;
}

export const statisticsExport: Command = {
  words: 'statistics export',
  usage:
    'drimbox statistics export --from DAY --to DAY [--format csv|xlsx] [--model national|detail|FILE] [--output FILE]',
  summary: 'writes one line for each contextual call, publication and exchange of images of these days into a file',
  valued: ['from', 'to', 'format', 'model', 'output'],
  run: async ({ options, config }) => {
    const format = options.format ?? 'csv';
    if (!isExportFormat(format)) throw new UsageError(`--format is ${Object.keys(exportFormats).join(' or ')}`);
    const loaded = config();
    const { timeZone } = valuesOf(loaded, publicationConfig);
    const period = periodOf(options, new ScreenFormat(timeZone));
    const named = options.model ?? valuesOf(loaded, statisticsConfig).model;
    const model = await readModel(String(named));
    const { from, to, output } = options;
    const file = typeof output === 'string' ? output : `statistiques-${String(from)}-${String(to)}.${format}`;
    return withRooms(loaded, [StatisticsModule], async (app) => {
      const [exports, trail] = [app.get(StatisticsExport, { strict: false }), app.get(AuditTrail, { strict: false })];
      const request = { ...period, model, format, timeZone };
      // Before the first byte: whoever stops the command in the middle keeps what was written.
      const facts = { from: String(from), to: String(to), format, lines: await exports.count(request) };
      await trail.record({ kind: 'statistics.exported', outcome: 'success', actor: {}, facts });
      let lines = 0;
      const bytes = await writeWhole(
        file,
        exports.stream(request, () => lines++),
      );
      return { text: `${lines} line(s) written to ${file}`, value: { file, lines, bytes } };
    });
  },
};
