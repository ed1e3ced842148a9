import type { HealthLevel } from '../../platform/health';
import { AlarmRule, observe, Watched } from './hysteresis';

const rule: AlarmRule = { raiseChecks: 3, raiseMs: 60_000, clearChecks: 2 };
const levels: Record<string, HealthLevel> = { u: 'up', w: 'warning', d: 'down' };
const marks = { warning: 'W', critical: 'C', none: '.' };

/** One letter a finding, every `everyMs`; the alarm after each of them. */
function play(findings: string, given: Partial<AlarmRule> = {}, everyMs = 30_000, from: Watched = {}): string {
  let watched = from;
  return [...findings]
    .map((letter, index) => {
      watched = observe(watched, levels[letter] ?? 'up', index * everyMs, { ...rule, ...given });
      return marks[watched.severity ?? 'none'];
    })
    .join('');
}

describe('an alarm', () => {
  it.each([
    ['a good check', 'uuuuu', '.....'],
    ['one bad finding', 'uduuu', '.....'],
    ['a check that wavers', 'dduddudd', '........'],
    ['a trouble that lasts', 'ddddd', '..CCC'],
    ['one that asks for attention', 'wwwww', '..WWW'],
    ['down and attention mixed', 'wdwdw', '..WWW'],
    ['attention that becomes worse', 'wwwddd', '..WWWC'],
    ['worse for a moment only', 'wwwdww', '..WWWW'],
    ['an end that lasts', 'ddduuu', '..CC..'],
    ['an end that does not last', 'ddduduud', '..CCCC..'],
    ['a slow end', 'dddwwuu', '..CCWW.'],
    ['a second trouble', 'ddduuddd', '..CC...C'],
  ])('of %s', (_, findings, expected) => expect(play(findings)).toBe(expected));

  it('waits for the seconds as well as for the findings', () => {
    expect(play('dddddd', {}, 10_000)).toBe('......');
    expect(play('ddddddd', {}, 10_000)).toBe('......C');
    expect(play('dd', { raiseChecks: 1, raiseMs: 0 })).toBe('CC');
    expect(play('ddd', { raiseChecks: 1 }, 30_000)).toBe('..C');
  });

  it('goes on after a restart, and ends only by good findings', () => {
    expect(play('uuu', {}, 30_000, { severity: 'critical', sinceMs: -1 })).toBe('C..');
    expect(play('dwd', {}, 30_000, { severity: 'critical', sinceMs: -1 })).toBe('CCC');
  });

  it('remembers when the trouble began', () => {
    let watched: Watched = {};
    for (const [index, level] of (['up', 'down', 'down', 'down', 'up'] as const).entries())
      watched = observe(watched, level, index * 30_000, rule);
    expect(watched).toMatchObject({ severity: 'critical', sinceMs: 30_000 });
    expect(observe(watched, 'up', 150_000, rule)).toEqual({
      bad: undefined,
      down: undefined,
      good: { findings: 2, sinceMs: 120_000 },
      notDown: { findings: 2, sinceMs: 120_000 },
    });
  });
});
