// What the form of a report holds while it is filled in, and what is sent of it.
// Used by the public report page and by the form of the 137 desk.
// The words stay as they were typed; only numbers are read with any digits.

import type { Hazard, NewReport, Position } from '../api/types';
import { asciiDigits, typedNumber } from '../format/digits';

export interface ReportDraft {
  hazard: Hazard | '';
  words: string;
  place_words: string;
  position: Position | null;
  /** How far off the position may be; null when it is a place of the map. */
  accuracy_m: number | null;
  depth: string;
  phone: string;
  name: string;
}

export const emptyReport = (): ReportDraft => ({ hazard: '', words: '', place_words: '', position: null, accuracy_m: null, depth: '', phone: '', name: '' });

/** How deep, in words that fit a body, and the depth in centimetres that is sent for it. */
export const depthSteps = [10, 30, 50, 100] as const;

/** What is sent; `language` is the one in which the person is answered. */
export function bodyOf(draft: ReportDraft, language: string): NewReport {
  const body: NewReport = { words: draft.words.trim(), language };
  if (draft.hazard) body.hazard = draft.hazard;
  if (draft.place_words.trim()) body.place_words = draft.place_words.trim();
  if (draft.position) body.position = draft.position;
  if (draft.position && draft.accuracy_m !== null) body.accuracy_m = Math.round(draft.accuracy_m);
  const depth = typedNumber(draft.depth);
  if (depth !== null && depth >= 0) body.depth_cm = Math.round(depth);
  const phone = asciiDigits(draft.phone).replace(/[\s()-]/g, '');
  if (phone) body.contact = { kind: 'phone', address: phone };
  if (draft.name.trim()) body.name = draft.name.trim();
  return body;
}
