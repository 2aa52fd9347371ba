// The shapes that the service answers with, in one place.
// Imported by everything that reads the API; the names are those of the contract and of the database.
// Times are RFC 3339 text in UTC, positions are [longitude, latitude] in WGS 84 degrees, texts are maps of language to string.

import type { Feature, FeatureCollection, Geometry } from 'geojson';

export type Texts = Record<string, string>;
export type Position = [longitude: number, latitude: number];
export type Level = 'unknown' | 'green' | 'yellow' | 'orange' | 'red';
export type Hazard = 'flood' | 'snow' | 'ice';
export type Role = 'helper' | 'mentor' | 'operator' | 'officer' | 'approver' | 'admin';
export type ContactKind = 'phone' | 'email' | 'webhook' | 'mqtt';

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Me {
  id: string;
  name: string;
  language: string;
  roles: Role[];
  exercise: boolean;
}

export interface CityMap {
  city: { name: Texts; approximate: boolean; label: Texts; time_zone?: string };
  center: Position;
  /** Everything is invented: the demo. */
  exercise?: boolean;
  bounds: [west: number, south: number, east: number, north: number];
  hash: string;
  zones: FeatureCollection;
  waterways: FeatureCollection;
  roads: FeatureCollection;
  places: FeatureCollection;
}
export type MapFeature = Feature;

export interface ZoneState {
  code: string;
  name: Texts;
  level: Level;
  hazard: Hazard | null;
  since: string | null;
  reason: Texts;
  watched: { sensors: number; reports: number; last_at: string | null };
  population: number | null;
}

export interface Thresholds {
  yellow: number | null;
  orange: number | null;
  red: number | null;
}
export interface Latest {
  value: number;
  read_at: string;
  received_at: string;
  flag: string | null;
}
export interface SensorQuantity {
  quantity: string;
  unit: string;
  latest: Latest | null;
  thresholds: Thresholds | null;
}
export type SensorState = 'ok' | 'silent' | 'never' | 'quarantine';
export interface Sensor {
  id: string;
  code: string;
  name: Texts;
  position: Position;
  zone: string | null;
  quantities: SensorQuantity[];
  state: SensorState;
  expected_interval_secs: number;
}
/** [epoch milliseconds, value, flag] */
export type Point = [at: number, value: number, flag: string | null];
export interface Readings {
  quantity: string;
  unit: string;
  points: Point[];
}
export interface Rejected {
  reason: string;
  detail: string;
  topic: string;
  account: string | null;
  first_at: string;
  last_at: string;
  count: number;
  payload: string;
}

export type ReportStatus = 'new' | 'verified' | 'rejected' | 'merged' | 'closed';
export interface Report {
  id: string;
  number: string;
  channel: string;
  hazard: Hazard | null;
  /** Null once erased. */
  words: string | null;
  place_words: string | null;
  position: Position | null;
  accuracy_m?: number | null;
  located_by?: 'given' | 'words' | null;
  zone: string | null;
  zone_name: Texts | null;
  depth_cm: number | null;
  received_at: string;
  status: ReportStatus;
  marks: string[];
  merged_into: string | null;
  sender_name?: string | null;
  sender_masked: string | null;
}
export interface NewReport {
  hazard?: Hazard;
  words: string;
  place_words?: string;
  position?: Position;
  accuracy_m?: number;
  depth_cm?: number;
  language?: string;
  contact?: { kind: ContactKind; address: string };
  name?: string;
}
export interface Receipt {
  number: string;
  secret: string;
  marks: string[];
  thanks: Texts;
}
export interface Tracked {
  number: string;
  received_at: string;
  status: ReportStatus;
  answer: Texts;
}

export interface Reason {
  text: Texts;
  kind: string;
  evidence_id?: string | null;
  at?: string | null;
}
export interface TouchedZone {
  code: string;
  name: Texts;
  share?: number | null;
  minutes?: number | null;
}
export interface Incident {
  id: string;
  hazard: Hazard;
  level: Level;
  state: 'candidate' | 'confirmed' | 'closed';
  place: Texts | null;
  zones: TouchedZone[];
  reasons: Reason[];
  started_at: string;
  changed_at: string;
  footprint: Geometry | null;
}

export interface Proposal {
  id: string;
  incident: string | null;
  hazard: Hazard;
  level: Level;
  made_at: string;
  state: 'open' | 'adopted' | 'dismissed' | 'superseded';
  kind?: AlertKind;
  headline: Texts;
  reasons: Reason[];
  content: Content;
}

export interface Wording {
  headline: string;
  description: string;
  instruction: string;
  sms: string;
  minor_instruction: string;
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

export type Stage = 'draft' | 'approved' | 'live' | 'ended';
export type AlertKind = 'alert' | 'update' | 'all_clear' | 'cancel';
export type AlertAct = 'edit' | 'approve' | 'publish' | 'update' | 'all_clear' | 'cancel' | 'discard';
export interface Alert {
  id: string;
  stage: Stage;
  ending: string | null;
  kind: AlertKind;
  hazard: Hazard;
  level: Level;
  content: Content;
  content_hash: string;
  authors: { id: string; name: string }[];
  approved_by: { id: string; name: string } | null;
  approved_at: string | null;
  published_at: string | null;
  expires_at: string | null;
  identifier: string | null;
  references: string[];
  supersedes: string[];
  incident: string | null;
  proposal: string | null;
  may: Record<AlertAct, boolean> & { why_not: Partial<Record<AlertAct, Texts>> };
  sms: Record<string, { units: number; segments: number }>;
  history: { at: string; action: string; by_name: string | null; why?: string | null; other?: string | null }[];
}
export interface PublicAlert {
  id: string;
  kind: AlertKind;
  hazard: Hazard;
  level: Level;
  headline: Texts;
  instruction: Texts;
  zones: NamedZone[];
  expires_at: string;
  published_at: string;
  identifier: string;
  url: string;
  exercise?: boolean;
}

export interface ChannelCount {
  channel: string;
  waiting: number;
  sending: number;
  sent: number;
  delivered: number;
  failed: number;
  withdrawn?: number;
  answered: number;
}
export interface NoticeRow {
  id: string;
  person_name: string | null;
  contact_masked: string | null;
  channel: string;
  state: string;
  attempts: number;
  last_error: string | null;
  reason: Texts;
  due_at: string | null;
  sent_at: string | null;
  answer: string | null;
  answered_at: string | null;
}
export interface Delivery {
  broadcast: { state: string; expanded: boolean; people: number };
  by_channel: ChannelCount[];
  people: { told: number; answered: Record<string, number>; silent: number };
  notices: Page<NoticeRow>;
}

export interface HelperRow {
  id: string;
  name: string;
  language: string;
  minor: boolean;
  mentor: string | null;
  mentor_name?: string | null;
  zones: string[];
  contacts: { kind: string; masked: string; verified: boolean; preference: number }[];
  consent_until: string | null;
  squad: string | null;
}
export interface MyNotice {
  id: string;
  alert: string | null;
  language: string;
  subject: string;
  body: string;
  /** What is asked, if anything. */
  question: 'receipt' | 'what_do_you_see' | null;
  answer: string | null;
  made_at: string;
  /** Its time or its alert is over. */
  over: boolean;
}
export interface InboxItem {
  id: string;
  at: string;
  channel: string;
  to_masked: string;
  person_name: string | null;
  subject: string | null;
  body: string;
  direction: 'out' | 'in';
}
