// What staff expect of an alert they begin, and the three answers of CAP that follow from it.
// Used by the form of a new alert (to say how the choices will read) and by the editor (for the words there are).
// The service decides: these are the tables of `alerts::triple` and the usual answers of `issue::words`, and a test compares them.

import type { Schemas, Level } from '../../api/types';

export type Expected = Schemas['Expected'];
export type Impact = 'minimal' | 'minor' | 'significant' | 'severe';
export type Sure = Schemas['Sure'];
export type WarningLevel = Exclude<Level, 'unknown' | 'green'>;

export const impacts: readonly Impact[] = ['minimal', 'minor', 'significant', 'severe'];
export const sures: readonly Sure[] = ['seen', 'likely', 'possible', 'unlikely'];
/** The times that can be chosen, in minutes; 0: it is here. */
export const times = [0, 30, 60, 180, 720, 1440] as const;

export const severities = ['Extreme', 'Severe', 'Moderate', 'Minor', 'Unknown'] as const;
export const urgencies = ['Immediate', 'Expected', 'Future', 'Past', 'Unknown'] as const;
export const certainties = ['Observed', 'Likely', 'Possible', 'Unlikely', 'Unknown'] as const;

export interface Triple {
  severity: (typeof severities)[number];
  urgency: (typeof urgencies)[number];
  certainty: (typeof certainties)[number];
}

/** What a level usually means, where nothing else is said. */
export const usual: Record<WarningLevel, { impact: Impact; in_minutes: number; sure: Sure }> = {
  yellow: { impact: 'minor', in_minutes: 60, sure: 'likely' },
  orange: { impact: 'significant', in_minutes: 60, sure: 'likely' },
  red: { impact: 'severe', in_minutes: 0, sure: 'likely' },
};

export const severityOf: Record<Impact, Triple['severity']> = { minimal: 'Minor', minor: 'Moderate', significant: 'Severe', severe: 'Extreme' };
export const certaintyOf: Record<Sure, Triple['certainty']> = { seen: 'Observed', likely: 'Likely', possible: 'Possible', unlikely: 'Unlikely' };
export const urgencyIn = (minutes: number): Triple['urgency'] => (minutes <= 30 ? 'Immediate' : minutes <= 60 ? 'Expected' : 'Future');

/** What was chosen, as the service wants it; nothing when nothing was. */
export interface Chosen {
  impact: Impact | '';
  in_minutes: number | '';
  sure: Sure | '';
}
export const nothingChosen = (): Chosen => ({ impact: '', in_minutes: '', sure: '' });

export function bodyOf(chosen: Chosen): Expected | undefined {
  const said = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== '')) as Expected;
  return Object.keys(said).length > 0 ? said : undefined;
}

/** How the choices will read in the message. */
export function tripleOf(level: WarningLevel, chosen: Chosen): Triple {
  const by = usual[level];
  return {
    severity: severityOf[chosen.impact === '' ? by.impact : chosen.impact],
    urgency: urgencyIn(chosen.in_minutes === '' ? by.in_minutes : chosen.in_minutes),
    certainty: certaintyOf[chosen.sure === '' ? by.sure : chosen.sure],
  };
}
