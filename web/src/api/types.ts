// The shapes that the service answers with, under the names that the pages use.
// Made from `types.gen.ts`, which is made from the service's own document (`npm run types`); imported by everything that reads the API.
// Only what the document cannot say is said here: words instead of strings, geometry instead of objects, tuples instead of lists.

import type { Feature, FeatureCollection, Geometry } from 'geojson';
import type { components } from './types.gen';

export type Schemas = components['schemas'];

/** What is always sent, though it may be null. */
type Sent<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };
/** `Base` with some fields said more exactly; a field that the document does not have is refused. */
type Exact<Base, Fields extends { [K in keyof Fields]: K extends keyof Base ? unknown : never }> = Omit<Sent<Base>, keyof Fields> & Fields;

export type Texts = Record<string, string>;
export type Position = [longitude: number, latitude: number];
export type Level = 'unknown' | 'green' | 'yellow' | 'orange' | 'red';
export type Hazard = 'flood' | 'snow' | 'ice';
export type AlertKind = 'alert' | 'update' | 'all_clear' | 'cancel';
export type Stage = 'draft' | 'approved' | 'live' | 'ended';
export type Role = Schemas['Role'];
export type ContactKind = Schemas['ContactKind'];

export interface Page<T> {
  items: T[];
  next: string | null;
}

export type Me = Sent<Schemas['Me']>;

export type CityMap = Exact<
  Schemas['MapView'],
  { center: Position; bounds: [west: number, south: number, east: number, north: number]; zones: FeatureCollection; waterways: FeatureCollection; roads: FeatureCollection; places: FeatureCollection }
>;
export type MapFeature = Feature;

export type ZoneState = Exact<Schemas['ZoneView'], { level: Level; hazard: Hazard | null; watched: Watched }>;
type Watched = Sent<Schemas['Watched']>;

/** [epoch milliseconds, value, flag] */
export type Point = [at: number, value: number, flag: string | null];
export type Thresholds = Pick<Schemas['ThresholdsView'], 'yellow' | 'orange' | 'red'>;
export type SensorQuantity = Exact<Schemas['QuantityView'], { latest: Schemas['LatestView'] | null; thresholds: Thresholds | null }>;
export type SensorState = Schemas['SensorState'];
export type Sensor = Exact<Schemas['SensorView'], { position: Position; quantities: SensorQuantity[] }>;
export type Readings = Exact<Schemas['PlotView'], { points: Point[] }>;
export type Rejected = Sent<Schemas['RejectView']>;

export type ReportStatus = Schemas['Status'];
export type Report = Exact<Schemas['ReportItem'], { hazard: Hazard | null; position: Position | null; zone_name: Texts | null }>;
export type NewReport = Schemas['NewReport'];
export type Receipt = Exact<Schemas['ReportReceipt'], { thanks: Texts }>;
export type Tracked = Exact<Schemas['ReportFollowed'], { answer: Texts }>;

export type Reason = Sent<Schemas['Reason']>;
export type TouchedZone = Sent<Schemas['IncidentZone']>;
export type Incident = Exact<Schemas['IncidentView'], { hazard: Hazard; level: Level; zones: TouchedZone[]; reasons: Reason[]; footprint: Geometry | null; bands: Bands | null }>;
export type Consequences = Sent<Schemas['ConsequencesView']>;
export type OnGround = Sent<Schemas['OnGroundView']>;
export type IncidentHistory = Sent<Schemas['IncidentHistory']>;
/** By the terrain, where there is some: ground that is flooded with a probability of 0.8, and of 0.5 or more. */
export type Bands = { likely: Geometry; possible: Geometry };
export type Proposal = Exact<Schemas['ProposalView'], { kind: AlertKind; hazard: Hazard; level: Level; reasons: Reason[]; content: Content }>;

/** What is said in one language. The content is the `alerts` crate's own shape, which the document only calls an object. */
export interface Wording {
  headline: string;
  description: string;
  instruction: string;
  sms: string;
  helper_instruction: string;
  minor_instruction: string;
  mentor_instruction: string;
  desk_instruction: string;
  spoken: string;
}
export interface NamedZone {
  code: string;
  name: Texts;
}
export interface Content {
  hazard: Hazard;
  level: Level;
  wordings: Record<string, Wording>;
  zones: NamedZone[];
  polygons: Position[][][];
  response_types: string[];
  urgency: string;
  severity: string;
  certainty: string;
  effective?: string | null;
  onset?: string | null;
  expires: string;
  contact: string;
  web?: string | null;
  event_code: string;
}

export type May = Exact<Schemas['May'], { why_not: Partial<Record<AlertAct, Texts>> }>;
export type AlertAct = 'edit' | 'approve' | 'publish' | 'update' | 'all_clear' | 'cancel' | 'discard';
export type Alert = Exact<Schemas['Alert'], { stage: Stage; kind: AlertKind; hazard: Hazard; level: Level; content: Content; may: May; history: Sent<Schemas['Step']>[] }>;
export type PublicAlert = Exact<Schemas['PublicAlert'], { kind: AlertKind; hazard: Hazard; level: Level; zones: NamedZone[] }>;

export type ChannelCount = Schemas['ChannelProgress'];
export type NoticeRow = Sent<Schemas['NoticeProgress']>;
export type Delivery = Exact<Schemas['Progress'], { notices: Page<NoticeRow> }>;

export type HelperRow = Exact<Schemas['HelperItem'], { contacts: Schemas['ContactItem'][] }>;
export type Invitation = Exact<Schemas['InvitationView'], { zones: NamedZone[] }>;
export type MyNotice = Sent<Schemas['Told']>;
export type Token = Schemas['TokenItem'];
export type InboxItem = Sent<Schemas['Shown']>;
