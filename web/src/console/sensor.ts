// What is said of a sensor in one line: its main quantity, its value, its level.
// Used by the gauge panels and by the map.
// A sensor that is silent or in quarantine has no level: its last value is not the present.

import type { Level, Sensor, SensorQuantity, Thresholds } from '../api/types';
import { levelOf, worst } from '../format/level';
import { say, word } from '../state/language.svelte';

const decimalsOf: Record<string, number> = { m: 2, cm: 0, mm: 1, 'm³/s': 1, '°C': 1, 'm/s': 1, V: 2 };
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

/** Quantities of which a higher value is worse at once; a rain counter or a temperature is judged by the rules of assessment only. */
const higherIsWorse = ['stage_m', 'discharge_m3s', 'snow_depth_cm', 'wind_ms'];

/** The thresholds against which a value may be shown. */
export const shownThresholds = ({ quantity, thresholds }: SensorQuantity): Thresholds | null => (higherIsWorse.includes(quantity) ? thresholds : null);

/** Null for a working sensor whose values have no thresholds: it works, and says nothing of danger by itself. */
export function levelOfSensor(sensor: Sensor): Level | null {
  if (sensor.state !== 'ok') return 'unknown';
  const judged = sensor.quantities.flatMap((one) => (one.latest && shownThresholds(one) ? [{ latest: one.latest, thresholds: shownThresholds(one) }] : []));
  if (judged.length === 0) return null;
  return worst(judged.map(({ latest, thresholds }) => levelOf(latest.value, thresholds)));
}
