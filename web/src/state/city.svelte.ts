// What the city looks like now: zones, sensors, reports, incidents, proposals, alerts.
// Started by the console (everything) or by the public start (what anyone may see); read by panels and map layers.
// One list is always shown as one answer of the service gave it; events of the live line say which list to ask for again.

import { untrack } from 'svelte';
import { ask, Problem } from '../api/client';
import type { Alert, CityMap, Incident, Page, Proposal, PublicAlert, Report, Sensor, ZoneState } from '../api/types';
import { useTimeZone } from '../format/time';
import { openLine, type LineState } from '../live/line';
import { reduce, topics, type Topic } from '../live/reduce';
import { session } from './session.svelte';

const gatherMs = 200;
const listMax = 200;
type Listener = (event: string, about: Record<string, unknown>) => void;

class City {
  map = $state.raw<CityMap | null>(null);
  zones = $state.raw<ZoneState[]>([]);
  sensors = $state.raw<Sensor[]>([]);
  reports = $state.raw<Report[]>([]);
  incidents = $state.raw<Incident[]>([]);
  proposals = $state.raw<Proposal[]>([]);
  alerts = $state.raw<Alert[]>([]);
  publicAlerts = $state.raw<PublicAlert[]>([]);
  /** Counts up whenever the service can be asked again after it was away: what no list holds is then asked for anew. */
  returns = $state(0);
  /** Counts up whenever delivery of any alert has changed. */
  deliveryTurn = $state(0);
  line = $state<LineState>('opening');
  lastSign = $state<Date | null>(null);
  /** False until every list has been answered once. */
  loaded = $state(false);

  #wanted: readonly Topic[] = [];
  /** The lists that the service has answered, be it that they are not for this reader. */
  #read = new Set<Topic>();
  #stale = new Set<Topic>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #close: (() => void) | undefined;
  #listeners = new Set<Listener>();

  /** Opens the live line. `staff` sees everything, others the levels and the live alerts. */
  start(staff: boolean): () => void {
    // Started from an effect, which must not run again with every list that changes.
    return untrack(() => this.#open(staff));
  }

  #open(staff: boolean): () => void {
    this.#wanted = staff ? topics : ['zones', 'public_alerts'];
    this.loaded = false;
    this.#read.clear();
    void this.#loadMap();
    void this.#refreshAll();
    this.#close = openLine({
      event: (name, about) => this.#hear(name, about),
      poll: () => this.#refreshAll(),
      state: (line, lastSign) => {
        if (this.line === 'lost' && line !== 'lost') this.returns += 1;
        this.line = line;
        this.lastSign = lastSign;
      },
    });
    return () => untrack(() => this.stop());
  }

  stop(): void {
    this.#close?.();
    this.#close = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#stale.clear();
    this.line = 'opening';
    if (this.#wanted === topics) {
      // What staff saw must not stay on a page that somebody signed out of.
      this.sensors = [];
      this.reports = [];
      this.incidents = [];
      this.proposals = [];
      this.alerts = [];
    }
  }

  /** Told of every event; returns what ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #loadMap(): Promise<void> {
    if (this.map) return;
    try {
      const map = await ask<CityMap>('/map');
      useTimeZone(map.city.time_zone);
      this.map = map;
    } catch {
      // Asked again with the next refresh: the lists say that the line is lost.
    }
  }

  #hear(name: string, about: Record<string, unknown>): void {
    const effect = reduce({ zones: this.zones, sensors: this.sensors }, name, about);
    if (effect.zones) this.zones = effect.zones;
    if (effect.sensors) this.sensors = effect.sensors;
    for (const listener of this.#listeners) listener(name, about);
    this.stale(effect.stale);
  }

  /** Asks for these lists again, soon and together. */
  stale(which: readonly Topic[]): void {
    for (const topic of which) if (this.#wanted.includes(topic)) this.#stale.add(topic);
    if (this.#stale.size === 0 || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const due = [...this.#stale];
      this.#stale.clear();
      void this.refresh(due);
    }, gatherMs);
  }

  /** An empty list says that there is nothing only after the service has said so. */
  async #refreshAll(): Promise<boolean> {
    const answered = await this.refresh(this.#wanted);
    if (this.#wanted.every((topic) => this.#read.has(topic))) this.loaded = true;
    return answered;
  }

  /** Asks for these lists now; true when the service answered each. */
  async refresh(which: readonly Topic[]): Promise<boolean> {
    if (!this.map) void this.#loadMap();
    const answers = await Promise.all(which.map((topic) => this.#fetch(topic)));
    return answers.every(Boolean);
  }

  async #fetch(topic: Topic): Promise<boolean> {
    try {
      switch (topic) {
        case 'zones':
          this.zones = (await ask<Page<ZoneState>>('/zones')).items;
          break;
        case 'sensors':
          this.sensors = (await ask<Page<Sensor>>(`/sensors?limit=${listMax}`)).items;
          break;
        case 'reports':
          this.reports = (await ask<Page<Report>>(`/reports?limit=${listMax}`)).items;
          break;
        case 'incidents':
          this.incidents = (await ask<Page<Incident>>(`/incidents?limit=${listMax}`)).items;
          break;
        case 'proposals':
          this.proposals = (await ask<Page<Proposal>>(`/proposals?limit=${listMax}`)).items;
          break;
        case 'alerts':
          this.alerts = (await ask<Page<Alert>>(`/alerts?limit=${listMax}`)).items;
          break;
        case 'public_alerts':
          this.publicAlerts = (await ask<Page<PublicAlert>>('/alerts/public')).items;
          break;
        case 'delivery':
          this.deliveryTurn += 1;
          break;
      }
      this.#read.add(topic);
      return true;
    } catch (fault) {
      if (fault instanceof Problem && fault.status === 403) this.#read.add(topic);
      if (fault instanceof Problem && fault.status === 401) session.ended();
      return fault instanceof Problem && !fault.offline;
    }
  }
}

export const city = new City();
