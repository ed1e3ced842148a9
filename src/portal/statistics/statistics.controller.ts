import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { StatisticsQueries } from '../../audit';
import { Access } from '../../platform/http';
import { ScreenFormat } from '../screen/format';
import { userOf } from '../session/portal-user';
import { shortcuts, statisticsMessages } from './statistics.messages';
import { causes, charts, daysBetween, Figures, tableOf, tiles } from './statistics.view';

const defaultDays = 30;
const daysMax = 400;
const dayMs = 86_400_000;

interface Period {
  readonly from: string;
  /** Last day, included. */
  readonly to: string;
}

/** What was shared, how fast and how well: figures of the trail. */
@Controller('/statistiques')
@Access('operator', 'auditor', 'administrator')
export class StatisticsController {
  constructor(
    private readonly statistics: StatisticsQueries,
    private readonly format: ScreenFormat,
  ) {}

  @Get()
  async page(
    @Query() query: Record<string, unknown>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const period = this.periodOf(query);
    const figures = await this.figuresOf(period);
    const days = daysBetween(period.from, this.dayAfter(period.to));
    response.render('statistics/statistics', {
      title: statisticsMessages.title,
      scripts: ['vendor/chart.umd.js', 'statistics.js'],
      m: statisticsMessages,
      period,
      shortcuts: shortcuts.map((number) => ({
        label: statisticsMessages.lastDays(number),
        href: `/statistiques?jours=${number}`,
        current: days.length === number && period.to === this.today(),
      })),
      tiles: tiles(figures),
      charts: charts(figures, days).map((chart) => ({
        ...chart,
        drawing: JSON.stringify(chart),
        table: tableOf(chart),
        isEmpty: chart.series.every(({ values }) => values.every((value) => value === 0)),
      })),
      causes: causes(figures.failures),
      peers: figures.peers,
      mayReadTrail: userOf(request)?.roles.some((role) => role === 'auditor' || role === 'administrator') ?? false,
    });
  }

  private periodOf(query: Record<string, unknown>): Period {
    const today = this.today();
    const days = Number(query.jours);
    const back = (number: number) =>
      new Date(new Date(`${today}T12:00:00Z`).getTime() - (number - 1) * dayMs).toISOString().slice(0, 10);
    if (shortcuts.some((number) => number === days)) return { from: back(days), to: today };
    const { du: from, au: to } = query;
    const isDay = (day: unknown): day is string => this.format.beginningOf(day) !== undefined;
    const isPeriod = isDay(from) && isDay(to) && from <= to && daysBetween(from, to).length < daysMax;
    return isPeriod ? { from, to } : { from: back(defaultDays), to: today };
  }

  private async figuresOf({ from, to }: Period): Promise<Figures> {
    const now = new Date();
    const period = {
      from: this.format.beginningOf(from) ?? now,
      to: this.format.beginningOf(to, 1) ?? now,
      timeZone: this.format.timeZone,
    };
    const [daily, latencies, failures, peers] = await Promise.all([
      this.statistics.daily(period),
      this.statistics.latencies(period),
      this.statistics.failures(period),
      this.statistics.peers(period),
    ]);
    return { daily, latencies, failures, peers };
  }

  private today(): string {
    return this.format.isoDayOf(new Date());
  }

  private dayAfter(day: string): string {
    return new Date(new Date(`${day}T12:00:00Z`).getTime() + dayMs).toISOString().slice(0, 10);
  }
}
