import { dmpFinding } from './dmp.health';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 21, 5, minute));

describe('the state of the DMP', () => {
  it.each([
    ['never asked, but there', {}, {}, 'up', 'répond'],
    ['proven by an exchange', { acceptedAt: at(5) }, undefined, 'up', 'répond'],
    ['recovered', { acceptedAt: at(5), trouble: { at: at(4), reason: 'timeout' } }, {}, 'up', 'répond'],
    ['in trouble since', { acceptedAt: at(4), trouble: { at: at(5), reason: 'busy' } }, {}, 'warning', '(busy)'],
    ['in trouble from the start', { trouble: { at: at(5), reason: 'malformed' } }, {}, 'warning', '(malformed)'],
    ['away', { acceptedAt: at(5) }, { problem: 'unreachable' }, 'down', '(unreachable)'],
  ])('%s', (_, track, asked, level, words) => {
    const finding = dmpFinding(track, asked);
    expect(finding).toMatchObject({ level, summary: expect.stringContaining(words) as string });
    expect(finding.advice !== undefined).toBe(level !== 'up');
  });
});
