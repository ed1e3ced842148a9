import { charts, daysBetween, Figures, tableOf, tiles } from './statistics.view';

describe('the figures of the statistics page', () => {
  const figures: Figures = {
    daily: [
      { day: '2026-11-20', kind: 'context.called', outcome: 'success', events: 5, instances: 0, bytes: 0 },
      { day: '2026-11-21', kind: 'context.called', outcome: 'refused', events: 2, instances: 0, bytes: 0 },
      { day: '2026-11-21', kind: 'serving.delivered', outcome: 'success', events: 3, instances: 90, bytes: 45_000_000 },
      { day: '2026-11-21', kind: 'retrieval.series', outcome: 'success', events: 1, instances: 10, bytes: 5_000_000 },
    ],
    latencies: [{ kind: 'dmp.stored-query', events: 4, p50: 120.4, p95: 800.6, p99: 900 }],
    failures: [],
    peers: [],
  };

  it('count each day, also those on which nothing happened', () => {
    const days = daysBetween('2026-11-19', '2026-11-22');
    expect(days).toEqual(['2026-11-19', '2026-11-20', '2026-11-21']);
    const [, calls, volume, latencies] = charts(figures, days);
    expect(calls?.series.map(({ values }) => values)).toEqual([
      [0, 5, 0],
      [0, 0, 2],
    ]);
    expect(volume?.series.map(({ values }) => values)).toEqual([
      [0, 0, 45],
      [0, 0, 5],
    ]);
    expect(tableOf(latencies)).toEqual({
      head: ['Acte', 'Médiane', '95 %', '99 %'],
      rows: [{ label: 'Recherche au DMP (ITI-18)', values: [120, 801, 900] }],
    });
  });

  it('add up for the tiles', () => {
    expect(tiles(figures).map((tile) => tile.number ?? tile.bytes)).toEqual([5, 0, 0, 3, 1, 50_000_000, 2]);
  });

  it('cross a change of hour and a year without losing a day', () => {
    expect(daysBetween('2026-10-24', '2026-10-27')).toHaveLength(3);
    expect(daysBetween('2026-12-31', '2027-01-02')).toEqual(['2026-12-31', '2027-01-01']);
    expect(daysBetween('2026-01-01', '2036-01-01')).toHaveLength(400);
    expect(daysBetween('2026-01-02', '2026-01-01')).toEqual([]);
  });
});
