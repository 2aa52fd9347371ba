// The ground of an alert when its zones are edited: added zones bring their shapes, removed zones take theirs away.
// Called by Editor.svelte when a draft is saved; pure.
// A footprint that assessment found stays: only a polygon that is exactly a removed zone's shape goes.

import type { Feature } from 'geojson';
import type { Position } from '../../api/types';

export type Polygons = Position[][][];

function polygonsOf(shape: Feature | undefined): Polygons {
  if (shape?.geometry.type === 'Polygon') return [shape.geometry.coordinates as Position[][]];
  if (shape?.geometry.type === 'MultiPolygon') return shape.geometry.coordinates as Polygons;
  return [];
}

/** Rounded to 1e-6 degrees (0.1 m), so that a shape is known again after a database gave it back. */
const named = (polygon: Position[][]): string => JSON.stringify(polygon, (_, value: unknown) => (typeof value === 'number' ? Math.round(value * 1e6) : value));

export function areaAfter(polygons: Polygons, before: readonly string[], after: readonly string[], shapes: readonly Feature[]): Polygons {
  const shapeOf = (code: string): Feature | undefined => shapes.find((shape) => shape.properties?.['code'] === code);
  const gone = new Set(before.filter((code) => !after.includes(code)).flatMap((code) => polygonsOf(shapeOf(code)).map(named)));
  const kept = polygons.filter((polygon) => !gone.has(named(polygon)));
  const known = new Set(kept.map(named));
  const added = after.filter((code) => !before.includes(code)).flatMap((code) => polygonsOf(shapeOf(code)).filter((polygon) => !known.has(named(polygon))));
  return [...kept, ...added];
}
