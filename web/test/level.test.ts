// The order of levels and the rules of unknown.
// Run by `npm test`.
// Silence must never look like safety.
import { describe, expect, it } from 'vitest';
import { byUrgency, isRaised, levelOf, levels, tally, worst } from '../src/format/level';

describe('levels', () => {
  it('put what needs a look first: unknown stands above green', () => {
    const shuffled = ['green', 'unknown', 'red', 'yellow', 'orange'] as const;
    expect(shuffled.map((level) => ({ level })).sort(byUrgency).map(({ level }) => level)).toEqual(['red', 'orange', 'yellow', 'unknown', 'green']);
  });
  it('are never green because nothing is known', () => {
    expect(worst([])).toBe('unknown');
    expect(worst(['green', 'unknown', 'green'])).toBe('unknown');
    expect(worst(['green', 'green'])).toBe('green');
    expect(worst(['unknown', 'yellow'])).toBe('yellow');
    expect(isRaised('unknown')).toBe(false);
  });
  it('follow thresholds from the worst down, at the threshold included', () => {
    const thresholds = { yellow: 1, orange: 1.5, red: 2.1 };
    expect([0.99, 1, 1.5, 2.1, 9].map((value) => levelOf(value, thresholds))).toEqual(['green', 'yellow', 'orange', 'red', 'red']);
    expect(levelOf(9, null)).toBe('unknown');
    expect(levelOf(1.6, { yellow: null, orange: 1.5, red: null })).toBe('orange');
  });
  it('are counted, each of the five', () => {
    expect(tally([{ level: 'red' }, { level: 'red' }, { level: 'unknown' }])).toEqual({ unknown: 1, green: 0, yellow: 0, orange: 0, red: 2 });
    expect(levels).toHaveLength(5);
  });
});
