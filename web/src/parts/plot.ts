// Turns readings into the shapes of a small plot: paths, ticks, threshold lines.
// Called by Sparkline.svelte; pure, so that its rules are tested without a browser.
// Time runs from left to right in both writing directions, as everywhere in hydrology; a gap in the readings stays a gap.

import type { Point, Thresholds } from '../api/types';

export interface Frame {
  width: number;
  height: number;
  from: number;
  to: number;
  low: number;
  high: number;
}

const span = (points: readonly Point[]): [number, number] => points.reduce(([low, high], [, value]) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);

/** The value range: all readings, and the next threshold above them, so that one sees how far it is. */
export function frame(points: readonly Point[], thresholds: Thresholds | null, from: number, to: number, width: number, height: number): Frame {
  let [low, high] = points.length > 0 ? span(points) : [0, 1];
  const marks = thresholds ? [thresholds.yellow, thresholds.orange, thresholds.red].filter((mark): mark is number => typeof mark === 'number') : [];
  const next = marks.sort((a, b) => a - b).find((mark) => mark > high);
  if (next !== undefined) high = next;
  // Noise of a calm quantity must not fill the plot as if it were a wave.
  const least = Math.max(Math.abs(high) * 0.15, 0.05);
  if (high - low < least) [low, high] = [(low + high - least) / 2, (low + high + least) / 2];
  const room = (high - low) * 0.08;
  return { width, height, from, to, low: low - room, high: high + room };
}

export const xOf = (frame: Frame, at: number): number => ((at - frame.from) / (frame.to - frame.from)) * frame.width;
export const yOf = (frame: Frame, value: number): number => frame.height - ((value - frame.low) / (frame.high - frame.low)) * frame.height;

/** Runs of readings no further apart than `gapMs`; a single reading is a run of one. */
export function runs(points: readonly Point[], gapMs: number): Point[][] {
  const found: Point[][] = [];
  let last = -Infinity;
  for (const point of points) {
    if (point[0] - last > gapMs || found.length === 0) found.push([]);
    found.at(-1)?.push(point);
    last = point[0];
  }
  return found;
}

const step = (frame: Frame, [at, value]: Point): string => `${xOf(frame, at).toFixed(1)} ${yOf(frame, value).toFixed(1)}`;

export const line = (frame: Frame, run: readonly Point[]): string => (run.length === 1 && run[0] ? `M${step(frame, run[0])}h0.01` : `M${run.map((point) => step(frame, point)).join('L')}`);

export function area(frame: Frame, run: readonly Point[]): string {
  const [first, last] = [run[0], run.at(-1)];
  if (!first || !last) return '';
  return `${line(frame, run)}L${xOf(frame, last[0]).toFixed(1)} ${frame.height}L${xOf(frame, first[0]).toFixed(1)} ${frame.height}Z`;
}

/** Hours of the city's clock inside the frame, `every` hours apart (at 0, 6, 12, … for 6), away from both edges. */
export function hours(frame: Frame, every: number, offsetMs: number): number[] {
  const stepMs = every * 3_600_000;
  const margin = (frame.to - frame.from) * 0.04;
  const ticks: number[] = [];
  for (let at = Math.ceil((frame.from + offsetMs) / stepMs) * stepMs - offsetMs; at <= frame.to - margin; at += stepMs) if (at >= frame.from + margin) ticks.push(at);
  return ticks;
}
