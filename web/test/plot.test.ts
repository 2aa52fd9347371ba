// The shapes of the small plot.
// Run by `npm test`.
// A gap stays a gap, noise stays small.
import { describe, expect, it } from 'vitest';
import type { Point } from '../src/api/types';
import { frame, hours, line, runs, xOf, yOf } from '../src/parts/plot';

const hour = 3_600_000;
const points: Point[] = [
  [0, 0.4, null],
  [hour, 0.6, null],
  [5 * hour, 0.5, null],
];
const thresholds = { yellow: 1, orange: 1.5, red: 2 };

describe('a plot', () => {
  it('shows the next threshold above the readings, not all of them', () => {
    const box = frame(points, thresholds, 0, 6 * hour, 300, 100);
    expect(box.high).toBeGreaterThan(1);
    expect(box.high).toBeLessThan(1.5);
    expect(yOf(box, 0.4)).toBeGreaterThan(yOf(box, 1));
  });
  it('leaves a gap where readings are missing', () => {
    expect(runs(points, 2 * hour).map((run) => run.length)).toEqual([2, 1]);
    expect(runs([], hour)).toEqual([]);
  });
  it('draws a lone reading as a dot', () => {
    const box = frame(points, null, 0, 6 * hour, 300, 100);
    expect(line(box, [[3 * hour, 0.5, null]])).toMatch(/^M150\.0 [\d.]+h0\.01$/);
    expect(xOf(box, 6 * hour)).toBe(300);
  });
  it('does not make a wave of noise', () => {
    const box = frame([[0, 3.7, null], [hour, 3.72, null]], null, 0, hour, 300, 100);
    expect(Math.abs(yOf(box, 3.7) - yOf(box, 3.72))).toBeLessThan(10);
  });
  it('marks the city’s hours: midnight in Tehran, not in Greenwich', () => {
    const midnight = Date.parse('2026-11-22T20:30:00Z');
    const box = frame([], null, midnight - 12 * hour, midnight + 12 * hour, 300, 100);
    expect(hours(box, 6, 3.5 * hour)).toContain(midnight);
  });
});
