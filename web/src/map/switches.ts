// Which map layers are on, as the address says it.
// Used by the legend's switches and by the pages that place the layers.
// Only what is off is written, so that a new layer is on for old links.

import { url } from '../state/url.svelte';

const off = (): string[] => (url.get('off') ?? '').split(',').filter(Boolean);

export const isOn = (layer: string): boolean => !off().includes(layer);

export function turn(layer: string): void {
  const now = off();
  const next = now.includes(layer) ? now.filter((one) => one !== layer) : [...now, layer];
  url.set({ off: next.join(',') });
}
