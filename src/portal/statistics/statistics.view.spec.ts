import { ScreenFormat } from '../screen/format';
import { dayAfter, daysBetween, periodBefore, periodOf } from './period';
import { charts, drawingOf, Figures, isEmpty, tableOf, tiles, trailHref } from './statistics.view';

const period = { from: '2026-11-19', to: '2026-11-21' };
const row = { outcome: 'success', instances: 0, bytes: 0 } as const;
const figures: Figures = {
  daily: [
    { ...row, day: '2026-11-18', kind: 'context.called', events: 4 },
    { ...row, day: '2026-11-20', kind: 'context.called', events: 5 },
    { ...row, day: '2026-11-21', kind: 'context.called', outcome: 'refused', events: 2 },
    { ...row, day: '2026-11-21', kind: 'alarm.raised', outcome: 'failure', events: 9 },
    { ...row, day: '2026-11-21', kind: 'serving.delivered', events: 3, instances: 90, bytes: 45_000_000 },
    { ...row, day: '2026-11-21', kind: 'retrieval.series', events: 1, instances: 10, bytes: 5_000_000 },
  ],
  latencies: [
    { kind: 'dmp.stored-query', events: 4, p50: 120.4, p95: 800.6, p99: 900 },
    { kind: 'intake.accepted', events: 4, p50: 1, p95: 2, p99: 3 },
    { kind: 'serving.delivered', events: 3, p50: 10, p95: 20, p99: 30 },
  ],
  dailyLatencies: [{ day: '2026-11-20', group: 2, p95: 800.6 }],
  failures: [{ kind: 'context.called', outcome: 'refused', errorCode: 'context.x&y', events: 2 }],
  peers: [],
  structures: [],
  modalities: [{ modality: 'CT', published: 3, retrieved: 1 }],
};
const chart = (id: string, of = figures) => {
  const found = charts(of, period).find((one) => one.id === id);
  if (!found) throw new Error(id);
  return found;
};
const valuesOf = (id: string) => chart(id).series.map(({ values }) => values);

describe('the figures of the statistics page', () => {
  it('count each day, also those on which nothing happened, and not those before', () => {
    expect(valuesOf('calls')).toEqual([
      [0, 5, 0],
      [0, 0, 2],
      [0, 0, 0],
    ]);
    expect(valuesOf('volume')).toEqual([
      [0, 0, 45],
      [0, 0, 5],
    ]);
  });

  it('time the neighbours only: PACS, other gateways, DMP', () => {
    expect(tableOf(chart('latencies'), period, false)).toEqual({
      head: ['Acte', 'Médiane', '95 %', '99 %'],
      rows: [
        { label: 'PACS : Images servies à une passerelle', cells: [10, 20, 30].map((value) => ({ value })) },
        { label: 'DMP : Recherche au DMP (ITI-18)', cells: [120, 801, 900].map((value) => ({ value })) },
      ],
    });
    expect(valuesOf('slowness')).toEqual([
      [null, null, null],
      [null, null, null],
      [null, 801, null],
    ]);
  });

  it('add up for the tiles, compared with the days before; an alarm is nobody’s failure', () => {
    const all = tiles(figures, period);
    expect(all.map((tile) => tile.number ?? tile.bytes)).toEqual([5, 0, 0, 3, 1, 50_000_000, 2]);
    expect(all[0]).toMatchObject({ change: '+25 %', isBetter: true });
    expect(all[1]).toMatchObject({ change: undefined, href: undefined });
    expect(all[6]).toMatchObject({ tone: 'bad', change: undefined });
  });

  it('lead to the lines of the trail behind them, for those who may read it', () => {
    const table = tableOf(chart('calls'), period, true);
    expect(table.rows.map(({ cells }) => cells.map(({ href }) => href))).toEqual([
      [undefined, undefined, undefined],
      ['/journal?actes=context.called&resultat=success&du=2026-11-20&au=2026-11-20', undefined, undefined],
      [undefined, '/journal?actes=context.called&resultat=refused&du=2026-11-21&au=2026-11-21', undefined],
    ]);
    const [cause] = tableOf(chart('causes'), period, true).rows;
    expect(cause?.cells[0]?.href).toBe(
      '/journal?actes=context.called&resultat=refused&erreur=context.x%26y&du=2026-11-19&au=2026-11-21',
    );
    const links = (mayRead: boolean) =>
      charts(figures, period).flatMap((one) =>
        tableOf(one, period, mayRead).rows.flatMap(({ cells }) => cells.filter(({ href }) => href)),
      ).length;
    expect([links(false), links(true) > 5]).toEqual([0, true]);
    expect(trailHref(period, {})).toBe('/journal?du=2026-11-19&au=2026-11-21');
  });

  it('draw what is in the table and nothing else; nothing at all is said so', () => {
    const drawn = JSON.parse(drawingOf(chart('calls'))) as { series: object[] };
    expect(drawn.series[0]).toEqual({ name: 'Succès', tone: '2', values: [0, 5, 0] });
    const none = {
      daily: [],
      latencies: [],
      dailyLatencies: [],
      failures: [],
      peers: [],
      structures: [],
      modalities: [],
    };
    expect(charts(none, period).every(isEmpty)).toBe(true);
    expect(
      charts(figures, period)
        .filter(isEmpty)
        .map(({ id }) => id),
    ).toEqual(['sharing']);
  });
});

describe('the period of the statistics page', () => {
  const paris = new ScreenFormat('Europe/Paris');
  const today = paris.isoDayOf(new Date());

  it.each([
    [{ du: '2026-10-01', au: '2026-10-31' }, '2026-10-01', '2026-10-31'],
    [{ du: '2026-10-01', au: '2026-10-01' }, '2026-10-01', '2026-10-01'],
    [{ jours: '7' }, dayAfter(today, -6), today],
    [{}, dayAfter(today, -29), today],
    [{ du: 'x', au: 'y' }, dayAfter(today, -29), today],
    [{ du: '2026-10-02', au: '2026-10-01' }, dayAfter(today, -29), today],
    [{ du: '2000-01-01', au: '2026-01-01' }, dayAfter(today, -29), today],
    [{ jours: '1000000' }, dayAfter(today, -29), today],
    [{ du: ['2026-10-01'], au: '2026-10-02' }, dayAfter(today, -29), today],
  ])('asked for as %j', (query, from, to) => expect(periodOf(query, paris)).toEqual({ from, to }));

  it('crosses a change of hour and a year without losing a day', () => {
    expect(daysBetween('2026-10-24', '2026-10-27')).toHaveLength(3);
    expect(daysBetween('2026-12-31', '2027-01-02')).toEqual(['2026-12-31', '2027-01-01']);
    expect(daysBetween('2026-01-01', '2036-01-01')).toHaveLength(400);
    expect(daysBetween('2026-01-02', '2026-01-01')).toEqual([]);
    expect(periodBefore({ from: '2027-01-01', to: '2027-01-07' })).toEqual({ from: '2026-12-25', to: '2026-12-31' });
  });
});
