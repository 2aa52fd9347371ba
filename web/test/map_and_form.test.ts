// The order and the measures of the map; what a report sends.
// Run by `npm test`.
// Nothing is sent that was not said.
import type { Feature } from 'geojson';
import { describe, expect, it } from 'vitest';
import { above, order } from '../src/map/order';
import { coreBounds, middle } from '../src/map/shape';
import { bodyOf, emptyReport } from '../src/report/fields';

const square = (x: number, y: number): [number, number][] => [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]];
const zone = (code: string, x: number, y = 0): Feature => ({ type: 'Feature', properties: { code, leaf: true }, geometry: { type: 'Polygon', coordinates: [square(x, y)] } });

describe('the map', () => {
  it('puts a layer under the next one that is drawn', () => {
    const drawn = new Set<string>(['ground', 'gauges', 'zones-label']);
    const map = { getLayer: (id: string) => (drawn.has(id) ? ({} as never) : undefined) };
    expect(above(map, 'zones-fill')).toBe('zones-label');
    expect(above(map, 'gauges')).toBeUndefined();
    expect(new Set(order).size).toBe(order.length);
  });
  it('finds the middle of a shape', () => {
    expect(middle(zone('a', 0).geometry)).toEqual([0.5, 0.5]);
    expect(middle({ type: 'LineString', coordinates: [] })).toBeNull();
  });
  it('does not become small for one village far away', () => {
    const town = [0, 1, 2, 3, 4].map((x) => zone(`z${x}`, x));
    expect(coreBounds([...town, zone('far', 100)])?.[2]).toBe(5);
    expect(coreBounds([])).toBeNull();
  });
});

describe('a report', () => {
  it('sends the words as they were typed and the numbers in ASCII', () => {
    const draft = { ...emptyReport(), words: ' آب تا زانو ۲ ', depth: '۵۰', phone: '۰۹۱۸ ۱۲۳ ۴۵۶۷', hazard: 'flood' as const };
    expect(bodyOf(draft, 'fa')).toEqual({ language: 'fa', words: 'آب تا زانو ۲', hazard: 'flood', depth_cm: 50, contact: { kind: 'phone', address: '09181234567' } });
  });
  it('sends nothing that was not said', () => {
    expect(bodyOf({ ...emptyReport(), words: 'x' }, 'en')).toEqual({ words: 'x', language: 'en' });
  });
});
