// What is said of a sensor in one line: its main quantity, its value, its level.
// Used by the gauge panels and by the map.
// A sensor that is silent or in quarantine has no level: its last value is not the present.

import type { Level, Sensor, SensorQuantity } from '../api/types';
import { levelOf, worst } from '../format/level';
import { say, word } from '../state/language.svelte';

const decimalsOf: Record<string, number> = { m: 2, cm: 0, mm: 1, m3s: 1, 'm3/s': 1, 'm³/s': 1, c: 1, '°C': 1, ms: 1, 'm/s': 1, v: 2, V: 2 };
export const decimals = (unit: string): number => decimalsOf[unit] ?? 2;

/** Quantities that warn come first, the battery last. */
const weight = ({ quantity, thresholds }: SensorQuantity): number => (thresholds ? 0 : quantity.startsWith('battery') ? 2 : 1);

export const ordered = (sensor: Sensor): SensorQuantity[] => [...sensor.quantities].sort((a, b) => weight(a) - weight(b));
export const mainQuantity = (sensor: Sensor): SensorQuantity | undefined => ordered(sensor)[0];

export const valueText = (value: number, unit: string): string => `${say.measured(value, decimals(unit))} ${word('unit', unit)}`;

export function headline(sensor: Sensor): string {
  const main = mainQuantity(sensor);
  return main?.latest ? valueText(main.latest.value, main.unit) : '';
}

export function levelOfSensor(sensor: Sensor): Level {
  if (sensor.state !== 'ok') return 'unknown';
  const judged = sensor.quantities.filter(({ latest, thresholds }) => latest && thresholds);
  return worst(judged.map(({ latest, thresholds }) => (latest ? levelOf(latest.value, thresholds) : 'unknown')));
}
