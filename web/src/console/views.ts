// The views of the console: what the navigation offers and what the address calls them.
// Used by the navigation and by Console.svelte.
// A view that needs the demo is offered only there; one's own account is opened by one's name.

import type { IconName } from '../parts/icons';
import type { PlainKey } from '../state/language.svelte';

export interface View {
  id: string;
  icon: IconName;
  title: PlainKey;
  demoOnly?: true;
  /** Opened from the header, not from the navigation. */
  offNav?: true;
}

export const views = [
  { id: 'situation', icon: 'situation', title: 'view.situation' },
  { id: 'alerts', icon: 'alert', title: 'view.alerts' },
  { id: 'incidents', icon: 'incident', title: 'view.incidents' },
  { id: 'reports', icon: 'report', title: 'view.reports' },
  { id: 'gauges', icon: 'gauge', title: 'view.gauges' },
  { id: 'health', icon: 'health', title: 'view.health' },
  { id: 'helpers', icon: 'people', title: 'view.helpers' },
  { id: 'inbox', icon: 'inbox', title: 'view.inbox', demoOnly: true },
  { id: 'account', icon: 'person', title: 'view.account', offNav: true },
] as const satisfies readonly View[];

export type ViewId = (typeof views)[number]['id'];

export const viewOf = (word: string | null): ViewId => views.find(({ id }) => id === word)?.id ?? 'situation';
