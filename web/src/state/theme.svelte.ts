// Light for the desk by day, dark for the wall and the night.
// Switched in the header; read by the style sheet through `data-theme` and by the map for its colours.
// Without a choice the browser's preference holds.

import { remembered, remember } from './remembered';
import { url } from './url.svelte';

export type Theme = 'light' | 'dark';

const isTheme = (word: string | null): word is Theme => word === 'light' || word === 'dark';

class ThemeState {
  #system = $state<Theme>('light');
  #kept = $state(remembered('theme'));
  readonly now: Theme = $derived.by(() => {
    const asked = url.get('theme');
    if (isTheme(asked)) return asked;
    return isTheme(this.#kept) ? this.#kept : this.#system;
  });

  constructor() {
    if (typeof matchMedia === 'undefined') return;
    const query = matchMedia('(prefers-color-scheme: dark)');
    this.#system = query.matches ? 'dark' : 'light';
    query.addEventListener('change', () => (this.#system = query.matches ? 'dark' : 'light'));
  }

  turn(): void {
    const next: Theme = this.now === 'dark' ? 'light' : 'dark';
    this.#kept = next;
    remember('theme', next);
    url.set({ theme: null });
  }
}

export const theme = new ThemeState();
