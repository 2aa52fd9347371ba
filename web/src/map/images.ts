// Draws the map's patterns and signs on a canvas, so that no image file is needed.
// Called by MapView when the map is made and when the theme changes.
// Every level has its own pattern and its own sign: the map can be read without colours.

import type { Map as GlMap } from 'maplibre-gl';
import type { Level } from '../api/types';
import { levels } from '../format/level';
import { icons, levelFrames, levelSigns } from '../parts/icons';
import type { Palette } from './palette';

const ratio = 2;

function canvas(size: number): CanvasRenderingContext2D {
  const element = document.createElement('canvas');
  element.width = element.height = size * ratio;
  const context = element.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser has no canvas');
  context.scale(ratio, ratio);
  return context;
}

const pixels = (context: CanvasRenderingContext2D): ImageData => context.getImageData(0, 0, context.canvas.width, context.canvas.height);

/** A tile of 16 × 16 that joins itself on all sides. */
function pattern(level: Level, palette: Palette): ImageData {
  const size = 16;
  const context = canvas(size);
  context.strokeStyle = context.fillStyle = palette.ink[level];
  const stroke = (path: string, width: number): void => {
    context.lineWidth = width;
    context.stroke(new Path2D(path));
  };
  switch (level) {
    case 'unknown':
      stroke('M-2 2 2-2M-2 10 10-2M-2 18 18-2M6 18 18 6M14 18l4-4', 1.4);
      break;
    case 'green':
      break;
    case 'yellow':
      context.fill(new Path2D('M4 2.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zM12 10.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z'));
      break;
    case 'orange':
      stroke('M-4 4l8 8M-4-12 20 12M-4-4 20 20M4-12l24 24', 2);
      break;
    case 'red':
      stroke('M-2-2 18 18M-2 18 18-2', 2);
      break;
  }
  return pixels(context);
}

/** The level's sign in its frame, 26 × 26. */
function sign(level: Level, palette: Palette): ImageData {
  const context = canvas(26);
  context.translate(1, 1);
  const frame = new Path2D(levelFrames[level]);
  context.fillStyle = palette.level[level];
  context.fill(frame);
  context.lineWidth = 2;
  context.lineJoin = context.lineCap = 'round';
  context.strokeStyle = level === 'red' ? '#fff' : palette.text;
  if (level === 'unknown') context.setLineDash([3.5, 3]);
  context.stroke(frame);
  context.setLineDash([]);
  context.lineWidth = 2.6;
  context.stroke(new Path2D(levelSigns[level]));
  return pixels(context);
}

/** A round mark with an icon: a gauge or a report. `ring` says its level or status. */
function mark(icon: keyof typeof icons, fill: string, ring: string, ink: string, broken: boolean): ImageData {
  const context = canvas(34);
  context.beginPath();
  context.arc(17, 17, 14, 0, Math.PI * 2);
  context.fillStyle = fill;
  context.fill();
  context.lineWidth = 3.5;
  context.strokeStyle = ring;
  if (broken) context.setLineDash([4, 3.5]);
  context.stroke();
  context.setLineDash([]);
  context.translate(8, 8);
  context.scale(0.75, 0.75);
  context.lineWidth = 2.3;
  context.lineCap = context.lineJoin = 'round';
  context.strokeStyle = ink;
  context.stroke(new Path2D(icons[icon]));
  return pixels(context);
}

export function addImages(map: GlMap, palette: Palette): void {
  const put = (name: string, image: ImageData): void => {
    if (map.hasImage(name)) map.removeImage(name);
    map.addImage(name, image, { pixelRatio: ratio });
  };
  for (const level of levels) {
    put(`pattern-${level}`, pattern(level, palette));
    put(`sign-${level}`, sign(level, palette));
    const ring = level === 'green' ? '#23895a' : level === 'unknown' ? palette.edge : palette.level[level];
    put(`gauge-${level}`, mark('gauge', palette.ground, ring, palette.text, level === 'unknown'));
  }
  put('gauge-plain', mark('gauge', palette.ground, palette.mark, palette.text, false));
  put('report-new', mark('report', palette.mark, palette.halo, palette.ground, false));
  put('report-verified', mark('report', palette.ground, palette.mark, palette.text, false));
}
