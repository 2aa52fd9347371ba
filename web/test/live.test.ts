// What a live event changes on the page.
// Run by `npm test`.
// A late or unknown event must do no harm.
import { describe, expect, it } from 'vitest';
import type { Sensor, ZoneState } from '../src/api/types';
import { reduce, topics } from '../src/live/reduce';

const zone = (code: string, level: ZoneState['level']): ZoneState => ({ code, level, name: { fa: code }, hazard: null, since: null, reason: {}, watched: { sensors: 1, reports: 0 }, population: 0, incident: null });
const sensor: Sensor = {
  id: 'id-1',
  code: 'bridge-1',
  name: { fa: 'پل' },
  position: [48.5, 34.8],
  zone: 'a',
  reach: null,
  gauge: null,
  state_since: '2026-11-23T09:00:00Z',
  quantities: [{ quantity: 'stage_m', unit: 'm', latest: { value: 1, read_at: '2026-11-23T10:00:00Z', received_at: '2026-11-23T10:00:01Z', flag: 'good' }, thresholds: null }],
  state: 'silent',
  expected_interval_secs: 300,
};
const shown = { zones: [zone('a', 'green'), zone('b', 'unknown')], sensors: [sensor] };

describe('a live event', () => {
  it('of a zone shows the level at once and asks for its reason', () => {
    const effect = reduce(shown, 'zone.changed', { zone: 'b', level: 'orange' });
    expect(effect.zones?.map(({ level }) => level)).toEqual(['green', 'orange']);
    expect(effect.stale).toEqual(['zones']);
    expect(shown.zones[1]?.level).toBe('unknown');
  });
  it('with a level nobody knows changes nothing on the screen', () => {
    expect(reduce(shown, 'zone.changed', { zone: 'b', level: 'purple' }).zones).toBeUndefined();
  });
  it('of a reading shows the value at once, and the sensor speaks again', () => {
    const effect = reduce(shown, 'reading.kept', { sensor: 'id-1', quantity: 'stage_m', value: 1.4, read_at: '2026-11-23T10:05:00Z' });
    expect(effect.sensors?.[0]?.quantities[0]?.latest?.value).toBe(1.4);
    expect(effect.sensors?.[0]?.state).toBe('ok');
    expect(effect.stale).toEqual([]);
  });
  it('of a late reading does not push out a newer one', () => {
    const effect = reduce(shown, 'reading.kept', { sensor: 'id-1', quantity: 'stage_m', value: 9, read_at: '2026-11-23T09:00:00Z' });
    expect(effect.sensors).toBeUndefined();
    expect(effect.stale).toEqual(['sensors']);
  });
  it('of a sensor in quarantine leaves it there', () => {
    const effect = reduce({ zones: [], sensors: [{ ...sensor, state: 'quarantine' }] }, 'reading.kept', { sensor: 'id-1', quantity: 'stage_m', value: 2, read_at: '2026-11-23T11:00:00Z' });
    expect(effect.sensors?.[0]?.state).toBe('quarantine');
  });
  it('of an alert asks for everything that an alert shows in', () => {
    expect(reduce(shown, 'alert.changed', { id: 'x' }).stale).toEqual(expect.arrayContaining(['alerts', 'public_alerts', 'delivery', 'proposals']));
  });
  it('called reset makes everything stale, an unknown one nothing', () => {
    expect(reduce(shown, 'reset', {}).stale).toEqual(topics);
    expect(reduce(shown, 'weather.changed', {}).stale).toEqual([]);
  });
});
