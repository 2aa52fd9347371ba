// Small readings of alerts that several components of the desk share.
// Used by the desk, its lists and the situation.
// The service decides what is allowed; here it is only said why not.

import type { Alert, AlertAct, Texts, Wording } from '../../api/types';
import { pick } from '../../state/language.svelte';

export const headlineOf = (alert: Alert): Texts => Object.fromEntries(Object.entries(alert.content.wordings).map(([code, wording]) => [code, wording.headline]));

/** The fields of a wording in the order in which they are edited, with the largest length of each. */
export const fields = [
  { name: 'headline', rows: 2, max: 160 },
  { name: 'sms', rows: 3, max: 600 },
  { name: 'description', rows: 4, max: 5000 },
  { name: 'instruction', rows: 4, max: 5000 },
  { name: 'helper_instruction', rows: 3, max: 5000 },
  { name: 'minor_instruction', rows: 3, max: 5000 },
  { name: 'mentor_instruction', rows: 3, max: 5000 },
  { name: 'desk_instruction', rows: 3, max: 5000 },
  { name: 'spoken', rows: 3, max: 5000 },
] as const satisfies readonly { name: keyof Wording; rows: number; max: number }[];

/** Why the reader may not do something, in words; empty when the service gave no reason. */
export function whyNot(alert: Alert, act: AlertAct): string {
  const reason = alert.may.why_not[act];
  return pick(reason);
}

export const approverName = (alert: Alert): string => (alert.approved_by?.name ?? '');
