// Small measurements of GeoJSON shapes for drawing: a point for a label, a point to look at.
// Used by the zone layer and by panels that point the map at a zone.
// Good enough for looks; nothing that decides whom to warn is computed in the browser.

import type { Feature, Geometry, Position as Coordinates } from 'geojson';
import type { Position } from '../api/types';

function ringsOf(geometry: Geometry): Coordinates[][] {
  if (geometry.type === 'Polygon') return geometry.coordinates.slice(0, 1);
  if (geometry.type === 'MultiPolygon') return geometry.coordinates.flatMap((polygon) => polygon.slice(0, 1));
  return [];
}

/** Centroid of the largest outer ring (signed area formula, in degrees). */
export function middle(geometry: Geometry): Position | null {
  if (geometry.type === 'Point') return [geometry.coordinates[0] ?? 0, geometry.coordinates[1] ?? 0];
  let best: { area: number; at: Position } | null = null;
  for (const ring of ringsOf(geometry)) {
    let [area, x, y] = [0, 0, 0];
    for (let i = 0; i + 1 < ring.length; i += 1) {
      const [ax = 0, ay = 0] = ring[i] ?? [];
      const [bx = 0, by = 0] = ring[i + 1] ?? [];
      const cross = ax * by - bx * ay;
      area += cross;
      x += (ax + bx) * cross;
      y += (ay + by) * cross;
    }
    if (area !== 0 && (!best || Math.abs(area) > Math.abs(best.area))) best = { area, at: [x / (3 * area), y / (3 * area)] };
  }
  return best?.at ?? null;
}

/** Where a zone's label stands: what the map says, else the middle. */
export function labelPoint(shape: Feature): Position {
  const given = shape.properties?.['label_at'] as Position | undefined;
  return given ?? middle(shape.geometry) ?? [0, 0];
}

/** West, south, east, north of the part of the city where most zones lie: a lone village far away does not make the city small. */
export function coreBounds(shapes: readonly Feature[]): [number, number, number, number] | null {
  const points = shapes.filter((shape) => shape.properties?.['leaf'] !== false).map((shape) => ({ shape, at: labelPoint(shape) }));
  if (points.length === 0) return null;
  const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const [x, y] = [median(points.map(({ at }) => at[0])), median(points.map(({ at }) => at[1]))];
  // A degree of longitude is shorter than one of latitude.
  const away = (at: Position): number => Math.hypot((at[0] - x) * Math.cos((y * Math.PI) / 180), at[1] - y);
  const reach = median(points.map(({ at }) => away(at))) * 2.2;
  const corners = points.filter(({ at }) => away(at) <= reach).flatMap(({ shape }) => ringsOf(shape.geometry).flat());
  const [xs, ys] = [corners.map(([one = 0]) => one), corners.map(([, one = 0]) => one)];
  return corners.length === 0 ? null : [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
