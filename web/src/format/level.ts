// The order of levels and what marks each of them besides its colour.
// Used by the map, the badges and every sorted list.
// Unknown is not green: in a list of what needs a look it stands above green, on the map it is hatched.

import type { Level } from '../api/types';

/** From “nobody knows” to the worst, as the service orders them. */
export const levels = ['unknown', 'green', 'yellow', 'orange', 'red'] as const satisfies readonly Level[];

const urgency: Record<Level, number> = { red: 4, orange: 3, yellow: 2, unknown: 1, green: 0 };

/** For sorting: what needs a look first comes first. */
export const byUrgency = (a: { level: Level }, b: { level: Level }): number => urgency[b.level] - urgency[a.level];

/** True from yellow on. */
export const isRaised = (level: Level): boolean => urgency[level] >= 2;

/** The worst raised level of a list; `unknown` when nothing is raised and something is unknown; green only when all are green. */
export function worst(list: readonly Level[]): Level {
  return list.reduce<Level>((sofar, level) => (urgency[level] > urgency[sofar] ? level : sofar), list.length === 0 ? 'unknown' : 'green');
}

/** How many of each level. */
export function tally(list: readonly { level: Level }[]): Record<Level, number> {
  const counts: Record<Level, number> = { unknown: 0, green: 0, yellow: 0, orange: 0, red: 0 };
  for (const { level } of list) counts[level] += 1;
  return counts;
}

/** The level of a value under thresholds, worst first; without thresholds nothing can be said. */
export function levelOf(value: number, thresholds: { yellow: number | null; orange: number | null; red: number | null } | null): Level {
  if (!thresholds) return 'unknown';
  for (const level of ['red', 'orange', 'yellow'] as const) {
    const from = thresholds[level];
    if (from !== null && from !== undefined && value >= from) return level;
  }
  return 'green';
}
