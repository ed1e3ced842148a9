import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuditTrail, StatisticsQueries } from '../../audit';
import { exportFormats, isExportFormat, readModel, statisticsConfig, StatisticsExport } from '../../audit/statistics';
import type { ConfigOf } from '../../platform/config';
import { GatewayError, platformErrors } from '../../platform/errors';
import { Access } from '../../platform/http';
import { unlessGone } from '../screen/download';
import { ScreenFormat } from '../screen/format';
import { userOf } from '../session/portal-user';
import { daysOf, Period, periodBefore, periodOf } from './period';
import { neighbours, shortcuts, statisticsMessages } from './statistics.messages';
import { charts, drawingOf, Figures, isEmpty, tableOf, tiles } from './statistics.view';

type Fields = Record<string, unknown>;

/** What was shared, how fast and how well: figures of the trail. */
@Controller('/statistiques')
@Access('operator', 'auditor', 'administrator')
export class StatisticsController {
  constructor(
    private readonly statistics: StatisticsQueries,
    private readonly exports: StatisticsExport,
    private readonly audit: AuditTrail,
    private readonly format: ScreenFormat,
    @Inject(statisticsConfig.token) private readonly config: ConfigOf<typeof statisticsConfig>,
  ) {}

  @Get()
  async page(@Query() query: Fields, @Req() request: Request, @Res() response: Response): Promise<void> {
    const period = periodOf(query, this.format);
    const figures = await this.figuresOf(period);
    // Who may not read the trail sees the figures, and no way into it.
    const mayReadTrail = userOf(request)?.roles.some((role) => role === 'auditor' || role === 'administrator') ?? false;
    const today = this.format.isoDayOf(new Date());
    const days = daysOf(period).length;
    const address = new URLSearchParams({ du: period.from, au: period.to }).toString();
    response.render('statistics/statistics', {
      title: statisticsMessages.title,
      scripts: ['vendor/chart.umd.js', 'statistics.js'],
      m: statisticsMessages,
      period,
      shortcuts: shortcuts.map((number) => ({
        label: statisticsMessages.lastDays(number),
        href: `/statistiques?jours=${number}`,
        current: days === number && period.to === today,
      })),
      files: [
        { label: statisticsMessages.xlsx, href: `/statistiques/export?${address}&format=xlsx` },
        { label: statisticsMessages.csv, href: `/statistiques/export?${address}&format=csv` },
      ],
      isNothing: figures.daily.every(({ day }) => day < period.from),
      tiles: tiles(figures, period).map((tile) => (mayReadTrail ? tile : { ...tile, href: undefined })),
      charts: charts(figures, period).map((chart) => ({
        ...chart,
        drawing: drawingOf(chart),
        table: tableOf(chart, period, mayReadTrail),
        isEmpty: isEmpty(chart),
      })),
      peers: figures.peers,
      structures: figures.structures,
      mayReadTrail,
    });
  }

  /** One line for each event, in the shape of the configured model; recorded. */
  @Get('/export')
  async export(@Query() query: Fields, @Req() request: Request, @Res() response: Response): Promise<void> {
    const format = query.format ?? 'csv';
    if (!isExportFormat(format)) throw new GatewayError(platformErrors.badRequest, { detail: 'format' });
    const period = periodOf(query, this.format);
    const model = await readModel(this.config.model);
    const user = userOf(request);
    await this.audit.record({
      kind: 'statistics.exported',
      outcome: 'success',
      actor: { professionalId: user?.id, professionalName: user?.name, address: request.ip },
      facts: { from: period.from, to: period.to, format, by: 'portal' },
    });
    const name = `statistiques-${period.from}-${period.to}.${format}`;
    response.set({
      'Content-Type': exportFormats[format].mimeType,
      'Content-Disposition': `attachment; filename="${name}"`,
    });
    const { from, to, timeZone } = this.momentsOf(period);
    const bytes = this.exports.stream({ from, to, model, format, timeZone });
    await pipeline(Readable.from(bytes), response).catch(unlessGone);
  }

  private async figuresOf(period: Period): Promise<Figures> {
    const moments = this.momentsOf(period);
    const withBefore = { ...moments, from: this.momentsOf(periodBefore(period)).from };
    const groups = neighbours.map(({ kinds }) => kinds);
    const [daily, latencies, dailyLatencies, failures, peers, structures, modalities] = await Promise.all([
      this.statistics.daily(withBefore),
      this.statistics.latencies(moments, groups.flat()),
      this.statistics.dailyLatencies(moments, groups),
      this.statistics.failures(moments),
      this.statistics.peers(moments),
      this.statistics.structures(moments),
      this.statistics.modalities(moments),
    ]);
    return { daily, latencies, dailyLatencies, failures, peers, structures, modalities };
  }

  private momentsOf({ from, to }: Period) {
    const now = new Date();
    return {
      from: this.format.beginningOf(from) ?? now,
      to: this.format.beginningOf(to, 1) ?? now,
      timeZone: this.format.timeZone,
    };
  }
}
