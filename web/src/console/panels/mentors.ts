// Who looks after whom, read from the list of helpers.
// Used by the list of helpers, the choice of a mentor and the list of mentors.
// The service has no list of mentors: whoever looks after somebody is known to be one, anybody else of age may become one.

import type { HelperRow } from '../../api/types';

export interface Mentor {
  id: string;
  name: string;
  helpers: number;
  minors: number;
}

/** Everybody who looks after somebody, by name. */
export function mentorsIn(helpers: readonly HelperRow[]): Mentor[] {
  const names = new Map(helpers.map(({ id, name }) => [id, name]));
  const found = new Map<string, Mentor>();
  for (const { mentor, mentor_name, minor } of helpers) {
    if (!mentor) continue;
    const known = found.get(mentor) ?? { id: mentor, name: mentor_name ?? names.get(mentor) ?? '—', helpers: 0, minors: 0 };
    found.set(mentor, { ...known, helpers: known.helpers + 1, minors: known.minors + (minor ? 1 : 0) });
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name, 'fa'));
}

/** Everybody of age who looks after nobody and could become `helper`'s mentor, by name. */
export function adultsFor(helper: HelperRow | null, helpers: readonly HelperRow[]): HelperRow[] {
  const mentors = new Set(helpers.map(({ mentor }) => mentor));
  return helpers.filter(({ id, minor }) => !minor && id !== helper?.id && !mentors.has(id)).sort((a, b) => a.name.localeCompare(b.name, 'fa'));
}
