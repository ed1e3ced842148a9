import { lineValues, StatisticLine } from './statistic-line';
import type { Column, StatisticsModel } from './model';

/** A day (2026-11-21) or a time of day (08:05:09) in the hospital's zone, or a plain value. */
export type Cell = string | number | { readonly day: string } | { readonly time: string } | undefined;

/** Turns events into rows of one model. */
export class RowMaker {
  private readonly moment: Intl.DateTimeFormat;

  constructor(
    private readonly model: StatisticsModel,
    timeZone: string,
  ) {
    // The Swedish way of writing a moment is that of ISO 8601.
    this.moment = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone });
  }

  get headers(): string[] {
    return this.model.columns.map(({ header }) => header);
  }

  row(line: StatisticLine): Cell[] {
    const [day = '', time = ''] = this.moment.format(line.at).split(' ');
    return this.model.columns.map((column) => this.cell(column, line, { day, time }));
  }

  private cell({ value, text }: Column, line: StatisticLine, moment: { day: string; time: string }): Cell {
    if (value === undefined) return text;
    if (value === 'date') return { day: moment.day };
    if (value === 'time') return { time: moment.time };
    return lineValues[value](line);
  }
}

/** As text, for files that know nothing else. */
export function plainCell(cell: Cell): string | number | undefined {
  if (typeof cell !== 'object') return cell;
  return 'day' in cell ? cell.day : cell.time;
}
