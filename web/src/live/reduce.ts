// Says what a live event changes: which lists must be fetched again, and what can be shown at once.
// Called by the city's state for every event; a pure function, so that its rules are tested without a server.
// An unknown event changes nothing; `reset` makes everything stale.

import type { Level, Sensor, ZoneState } from '../api/types';

export const topics = ['zones', 'sensors', 'reports', 'incidents', 'proposals', 'alerts', 'public_alerts', 'delivery'] as const;
export type Topic = (typeof topics)[number];

export const eventNames = [
  'reset',
  'zone.changed',
  'reading.kept',
  'report.received',
  'report.changed',
  'incident.changed',
  'proposal.changed',
  'alert.changed',
  'delivery.changed',
  'sensor.changed',
  'sandbox.changed',
] as const;
export type EventName = (typeof eventNames)[number];

export interface Shown {
  zones: ZoneState[];
  sensors: Sensor[];
}
export interface Effect {
  stale: readonly Topic[];
  /** What to show before the fetch comes back. */
  zones?: ZoneState[];
  sensors?: Sensor[];
}

const levelWords: readonly string[] = ['unknown', 'green', 'yellow', 'orange', 'red'];

type About = Record<string, unknown>;

function withZone(zones: ZoneState[], about: About): ZoneState[] | undefined {
  const { zone, level } = about;
  if (typeof level !== 'string' || !levelWords.includes(level)) return undefined;
  if (!zones.some((one) => one.code === zone && one.level !== level)) return undefined;
  return zones.map((one) => (one.code === zone ? { ...one, level: level as Level } : one));
}

function withReading(sensors: Sensor[], about: About): Sensor[] | undefined {
  const { sensor, quantity, value, read_at } = about;
  if (typeof value !== 'number' || typeof read_at !== 'string') return undefined;
  const target = sensors.find((one) => one.id === sensor || one.code === sensor);
  const measured = target?.quantities.find((one) => one.quantity === quantity);
  if (!target || !measured) return undefined;
  // A late reading must not push out a newer one.
  if (measured.latest && Date.parse(measured.latest.read_at) > Date.parse(read_at)) return undefined;
  const latest = { value, read_at, received_at: measured.latest?.received_at ?? read_at, flag: 'good' as const };
  const quantities = target.quantities.map((one) => (one === measured ? { ...one, latest } : one));
  return sensors.map((one) => (one === target ? { ...one, quantities, state: one.state === 'quarantine' ? one.state : 'ok' } : one));
}

/** The effect of `event`, whose details are `about`, on what is shown. */
export function reduce(shown: Shown, event: string, about: About): Effect {
  switch (event as EventName) {
    case 'reset':
      return { stale: topics };
    case 'zone.changed':
      return { stale: ['zones'], zones: withZone(shown.zones, about) };
    case 'reading.kept': {
      const sensors = withReading(shown.sensors, about);
      return sensors ? { stale: [], sensors } : { stale: ['sensors'] };
    }
    case 'sensor.changed':
      return { stale: ['sensors'] };
    case 'report.received':
    case 'report.changed':
      return { stale: ['reports'] };
    case 'incident.changed':
      return { stale: ['incidents', 'zones'] };
    case 'proposal.changed':
      return { stale: ['proposals'] };
    case 'alert.changed':
      return { stale: ['alerts', 'public_alerts', 'proposals', 'delivery'] };
    case 'sandbox.changed':
    case 'delivery.changed':
      return { stale: ['delivery'] };
    default:
      return { stale: [] };
  }
}
