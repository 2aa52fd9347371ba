// The paths of our own small line icons, drawn on 24 × 24.
// Used by Icon.svelte and, for the signs of the levels, by the map's images.
// Each is decoration beside a word; none stands alone without a label.

export const icons = {
  situation: 'M4 6.5 9 4l6 2.5L20 4v13.5L15 20l-6-2.5L4 20zM9 4v13.5M15 6.5V20',
  gauge: 'M5 3v18M5 6h4M5 10h3M5 14h4M5 18h3M12 17c1.5-1.6 3-1.6 4.5 0s3 1.6 4.5 0M12 12c1.5-1.6 3-1.6 4.5 0s3 1.6 4.5 0',
  report: 'M4 5h16v11H10l-4.5 4v-4H4zM8 9h8M8 12.5h5',
  incident: 'M12 3.5 22 20H2zM12 10v4.5M12 17v.5',
  alert: 'M4 10v4h3l8 4.5v-13L7 10zM18 9.5c1.3 1.3 1.3 3.7 0 5M9 14.5 10 20',
  health: 'M3 12h4l2.5-6 4 12 2.5-6h5',
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5c2 .8 3.2 2.6 3.5 5.5',
  person: 'M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20.5c.6-4.2 3.8-6.5 8-6.5s7.4 2.3 8 6.5',
  inbox: 'M7 3h10v18H7zM10 18h4M7 6h10',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z',
  globe: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18',
  check: 'M4.5 12.5 10 18 20 6.5',
  cross: 'M6 6l12 12M18 6 6 18',
  plus: 'M12 5v14M5 12h14',
  pin: 'M12 21c-4-4.5-6.5-7.7-6.5-11a6.5 6.5 0 0 1 13 0c0 3.3-2.5 6.5-6.5 11zM12 7.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z',
  phone: 'M6 3h3.5l1.5 5-2 1.5c1 2.3 2.7 4 5 5l1.5-2 5 1.5v3.5c0 1-.8 1.5-1.5 1.5C11.5 19.5 4.5 12.5 4.5 5 4.5 4 5 3 6 3z',
  back: 'M10 5l-7 7 7 7M3.5 12H21',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.5 2.5',
  layers: 'M12 3 22 8.5 12 14 2 8.5zM4 12.5l8 4.5 8-4.5M4 16.5l8 4.5 8-4.5',
  out: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  leave: 'M10 4H4v16h6M9 12h12M17 8l4 4-4 4',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.5M4 12h.5M4 18h.5',
  shield: 'M12 3l8 3v6c0 4.5-3.3 7.6-8 9-4.7-1.4-8-4.5-8-9V6zM8.5 12l2.5 2.5 4.5-5',
  help: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.7 2.2c-.8.5-1.2 1-1.2 2M12 16.8v.4',
  eye: 'M2.5 12C5 7.5 8.3 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-5.8 6.5-9.5 6.5S5 16.5 2.5 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
} as const;

export type IconName = keyof typeof icons;

/** The sign of each level: differs in shape, not only in colour. */
export const levelSigns = {
  unknown: 'M9 9.2a3 3 0 1 1 4.4 2.6c-1 .6-1.4 1.1-1.4 2.2M12 17.2v.3',
  green: 'M6.5 12.5l4 4 7-8',
  yellow: 'M12 9v5M12 17.3v.4',
  orange: 'M9 7v5.5M9 16.3v.4M15 7v5.5M15 16.3v.4',
  red: 'M7.5 7.5l9 9M16.5 7.5l-9 9',
} as const;

/** The frame of each level's sign: circle broken, circle, triangle, diamond, octagon. */
export const levelFrames = {
  unknown: 'M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19z',
  green: 'M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19z',
  yellow: 'M12 2 23 21H1z',
  orange: 'M12 .8 23.2 12 12 23.2.8 12z',
  red: 'M7.5 1.5h9l6 6v9l-6 6h-9l-6-6v-9z',
} as const;
