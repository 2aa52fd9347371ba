// The order of everything that is drawn on the map, from the ground up; the only place that knows it.
// Used by `put` whenever a layer is added, whatever the order in which components start.
// A layer whose name is missing here cannot be added: the type checker says so.

import type { Map as GlMap } from 'maplibre-gl';

export const order = [
  'ground',
  'zones-fill',
  'zones-pattern',
  'zones-edge',
  'roads',
  'waterways-casing',
  'waterways',
  'footprints-fill',
  'footprints-possible',
  'footprints-likely',
  'footprints-edge',
  'zones-chosen',
  'waterways-name',
  'places',
  'gauges-value',
  'zones-label',
  'reports',
  'gauges',
] as const;

export type LayerName = (typeof order)[number];

/** The first drawn layer above `name`; undefined when it is the topmost. */
export function above(map: Pick<GlMap, 'getLayer'>, name: LayerName): LayerName | undefined {
  return order.slice(order.indexOf(name) + 1).find((other) => map.getLayer(other) !== undefined);
}
