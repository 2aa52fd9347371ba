// The map's colours in both themes.
// Read by the layers; the same tones as the tokens of the style sheet, which a canvas cannot read.
// Levels differ in brightness as well as in hue, and each has a pattern and a sign.

import type { Level } from '../api/types';
import type { Theme } from '../state/theme.svelte';

export interface Palette {
  ground: string;
  text: string;
  halo: string;
  edge: string;
  chosen: string;
  road: string;
  water: string;
  waterText: string;
  place: string;
  level: Record<Level, string>;
  ink: Record<Level, string>;
  mark: string;
}

const light: Palette = {
  ground: '#e6ebf0',
  text: '#14202d',
  halo: 'rgba(255,255,255,0.92)',
  edge: '#6d7d8f',
  chosen: '#0b3d5c',
  road: '#ffffff',
  water: '#2f86bd',
  waterText: '#145b88',
  place: '#37475a',
  level: { unknown: '#d5dae1', green: '#cbe8d4', yellow: '#f8dc78', orange: '#f4a152', red: '#d2453c' },
  ink: { unknown: '#7b8796', green: '#5ea27b', yellow: '#b48a06', orange: '#a64f04', red: '#7d0f0b' },
  mark: '#0b5a86',
};
const dark: Palette = {
  ground: '#0e1822',
  text: '#f1f6fb',
  halo: 'rgba(8,16,24,0.9)',
  edge: '#54687d',
  chosen: '#8fd6fb',
  road: '#33475b',
  water: '#3f9bd3',
  waterText: '#8ccdf3',
  place: '#b8c7d6',
  level: { unknown: '#26323f', green: '#1b4834', yellow: '#a98a1c', orange: '#c4701c', red: '#b52a2a' },
  ink: { unknown: '#66788b', green: '#347a58', yellow: '#5c4a06', orange: '#5f2f02', red: '#5a0808' },
  mark: '#6cc3ee',
};

export const palettes: Record<Theme, Palette> = { light, dark };
