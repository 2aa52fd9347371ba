// What a layer component gets from the map around it, and how it adds what it draws.
// Used by every file in `layers/`; set by MapView.
// A layer takes away what it added when it ends.

import type { Feature, FeatureCollection } from 'geojson';
import type { AddLayerObject, GeoJSONSource, Map as GlMap, MapLayerMouseEvent } from 'maplibre-gl';
import { getContext, setContext } from 'svelte';
import type { PlainKey } from '../state/language.svelte';
import { above, type LayerName } from './order';

const contextKey = Symbol('map');

export const provideMap = (map: () => GlMap): void => void setContext(contextKey, map);
export const theMap = (): GlMap => (getContext(contextKey) as () => GlMap)();

/** What the legend says of a layer. */
export interface LayerCard {
  /** The word in the URL when it is switched off. */
  id: string;
  title: PlainKey;
  help: PlainKey;
  licence: PlainKey;
  legend: { swatch: string; text: PlainKey }[];
}

/** How much larger than on a desk the page's type is: on the wall the map's letters grow with it. */
export const textScale = (): number => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

export const fontStack = ['Vazirmatn Variable'];

type Spec = AddLayerObject & { id: LayerName };

/** Adds a source and its layers at their places, and returns what takes them away again. */
export function put(map: GlMap, source: string, data: FeatureCollection, layers: Spec[]): () => void {
  if (!map.getSource(source)) map.addSource(source, { type: 'geojson', data });
  for (const layer of layers) if (!map.getLayer(layer.id)) map.addLayer(layer, above(map, layer.id));
  return () => {
    for (const layer of layers) if (map.getLayer(layer.id)) map.removeLayer(layer.id);
    if (map.getSource(source)) map.removeSource(source);
  };
}

export function show(map: GlMap, source: string, data: FeatureCollection): void {
  (map.getSource(source) as GeoJSONSource | undefined)?.setData(data);
}

export const collection = (features: Feature[]): FeatureCollection => ({ type: 'FeatureCollection', features });

/** Calls `chosen` with the feature's properties on a click; the pointer says that it can be clicked. */
export function clickable(map: GlMap, layer: LayerName, chosen: (properties: Record<string, unknown>) => void): () => void {
  const click = (event: MapLayerMouseEvent): void => {
    const feature = event.features?.[0];
    if (!feature || event.defaultPrevented) return;
    event.preventDefault();
    chosen(feature.properties as Record<string, unknown>);
  };
  const enter = (): void => void (map.getCanvas().style.cursor = 'pointer');
  const leave = (): void => void (map.getCanvas().style.cursor = '');
  map.on('click', layer, click);
  map.on('mouseenter', layer, enter);
  map.on('mouseleave', layer, leave);
  return () => {
    map.off('click', layer, click);
    map.off('mouseenter', layer, enter);
    map.off('mouseleave', layer, leave);
  };
}
