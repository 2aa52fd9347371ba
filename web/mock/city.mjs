// An invented evening in the sample city, for looking at the pages without a service; a test fixture, never shipped.
// Used by mock/server.mjs. Shapes follow the API; the geography is the repository's own.
// Everything is made from a fixed moment given by the caller, so that two runs look alike.
import { readFileSync } from 'node:fs';

const data = new URL('../../maps/data/hamadan/', import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(`${name}.geojson`, data), 'utf8'));
const both = (fa, en) => ({ fa, en });
const uuid = (n) => `0190a000-0000-7000-8000-${String(n).padStart(12, '0')}`;

export function city(nowMs) {
  const at = (minutesAgo) => new Date(nowMs - minutesAgo * 60_000).toISOString();
  const [zones, waterways, roads, places, gauges] = ['zones', 'waterways', 'roads', 'places', 'gauges'].map(read);
  const parents = new Set(zones.features.map((zone) => zone.properties.parent));
  for (const zone of zones.features) zone.properties.leaf = !parents.has(zone.properties.code);
  const leaves = zones.features.filter((zone) => zone.properties.leaf);
  const [xs, ys] = [0, 1].map((axis) => leaves.flatMap((zone) => zone.geometry.coordinates.flat(zone.geometry.type === 'MultiPolygon' ? 2 : 1).map((one) => one[axis])));
  const map = {
    city: { name: both('همدان', 'Hamadan'), time_zone: 'Asia/Tehran', approximate: true, label: both('نقشهٔ نمونه: دستی و تقریبی کشیده شده است؛ برای تصمیم واقعی به کار نبرید.', 'Sample map: drawn by hand and approximate; not for real decisions.') },
    center: [48.5148, 34.7983],
    bounds: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
    hash: 'mock',
    exercise: true,
    zones,
    waterways,
    roads,
    places,
  };

  const river = gauges.features.filter((gauge) => gauge.properties.quantity === 'stage_m');
  const flooded = [...new Set(river.filter((gauge) => gauge.properties.code.startsWith('abbasabad')).map((gauge) => gauge.properties.code))];
  const stageAt = (rising, thresholds, minutesAgo) => {
    const base = (thresholds?.yellow ?? 1) * 0.45;
    const wave = Math.sin(minutesAgo / 97) * 0.05 + Math.sin(minutesAgo / 31) * 0.02;
    const rise = rising ? Math.max(0, 1 - minutesAgo / 170) ** 1.6 * ((thresholds?.orange ?? 1.5) * 1.12 - base) : 0;
    return Number((base + wave + rise).toFixed(3));
  };
  const sensors = gauges.features.map((gauge, index) => {
    const { code, name, quantity, thresholds, expected_interval_secs, zone } = gauge.properties;
    const state = index % 9 === 4 ? 'silent' : index === 12 ? 'never' : 'ok';
    const rising = flooded.includes(code);
    const age = state === 'silent' ? 260 : 2;
    const value = quantity === 'stage_m' ? stageAt(rising, thresholds, age) : quantity === 'snow_depth_cm' ? 4 : 7.2;
    const latest = state === 'never' ? null : { value, read_at: at(age), received_at: at(age), flag: 'good' };
    const unit = { stage_m: 'm', snow_depth_cm: 'cm', rain_mm: 'mm', air_temp_c: '°C' }[quantity] ?? 'm';
    const quantities = [{ quantity, unit, latest, thresholds: thresholds ? { yellow: thresholds.yellow, orange: thresholds.orange, red: thresholds.red } : null }];
    if (state !== 'never') quantities.push({ quantity: 'battery_v', unit: 'V', latest: { value: 3.71, read_at: at(age), received_at: at(age), flag: 'good' }, thresholds: null });
    return { id: uuid(1000 + index), code, name, position: gauge.geometry.coordinates, zone: zone ?? leaves[index % leaves.length].properties.code, quantities, state, expected_interval_secs: expected_interval_secs ?? 300 };
  });
  const readings = (id, quantity) => {
    const sensor = sensors.find((one) => one.id === id);
    const one = sensor.quantities.find((each) => each.quantity === quantity);
    const points = [];
    for (let minutes = 24 * 60; minutes >= (sensor.state === 'silent' ? 260 : 2); minutes -= 5) {
      if (sensor.state === 'never') break;
      if (minutes > 600 && minutes < 690) continue; // an evening without a line
      const value = quantity === 'stage_m' ? stageAt(flooded.includes(sensor.code), one.thresholds, minutes) : one.latest.value + Math.sin(minutes / 60) * 0.03;
      points.push([nowMs - minutes * 60_000, Number(value.toFixed(3)), 'good']);
    }
    return { quantity, unit: one.unit, points };
  };

  const levelOf = (index) => (index < 2 ? 'red' : index < 6 ? 'orange' : index < 10 ? 'yellow' : index % 4 === 3 ? 'unknown' : 'green');
  const zoneStates = leaves.map((zone, index) => {
    const level = levelOf(index);
    const raised = ['red', 'orange', 'yellow'].includes(level);
    return {
      code: zone.properties.code,
      name: zone.properties.name,
      level,
      hazard: raised ? 'flood' : null,
      since: at(12 + index * 7),
      reason: raised ? both('سنجهٔ پل تختی ۱٫۶۸ متر خوانده است؛ بالاتر از آستانهٔ نارنجی.', 'The Takhti Bridge gauge reads 1.68 m, above the orange threshold.') : level === 'green' ? both('حسگرها در حد معمول‌اند.', 'The sensors are within the usual range.') : both('هیچ حسگر سالم یا گزارش تازه‌ای از این ناحیه نیست.', 'No working sensor and no recent report in this zone.'),
      watched: { sensors: level === 'unknown' ? 0 : 1 + (index % 3), reports: raised ? 2 : 0 },
      population: zone.properties.population ?? null,
    };
  });

  const position = (index) => places.features[index % places.features.length].geometry.coordinates;
  const report = (n, words, more) => ({ id: uuid(2000 + n), number: String(4_810_200 + n * 37), channel: 'sms', hazard: 'flood', words, place_words: null, position: position(n * 5), zone: leaves[n % 8].properties.code, zone_name: leaves[n % 8].properties.name, depth_cm: null, received_at: at(n * 6 + 1), status: 'new', marks: [], merged_into: null, sender_name: null, sender_masked: '0918…4821', ...more });
  const reports = [
    report(1, 'آب از جدول بالا زده و داره میاد تو پارکینگ خونه‌ها. پل تختی', { place_words: 'پل تختی', depth_cm: 40 }),
    report(2, 'سلام زیرگذر پر آب شده ماشین گیر کرده', { place_words: 'زیرگذر عباس‌آباد', channel: 'web', depth_cm: 60, status: 'verified' }),
    report(3, 'رودخانه خیلی گل‌آلود شده و صدای سنگ میاد', { position: null, marks: ['unreadable'], zone: null, zone_name: null }),
    report(4, 'Water is coming over the footbridge near the park', { channel: 'web', place_words: 'Mardom Park', sender_masked: null }),
    report(5, 'کوچه ما برف سنگین داره و راه بسته است', { hazard: 'snow', channel: 'desk', status: 'verified', depth_cm: 30 }),
    report(6, 'تست تست', { status: 'rejected', marks: ['many_from_sender'] }),
  ];

  const reasons = [
    { text: both('سنجهٔ پل تختی ۱٫۶۸ متر خوانده است؛ بالاتر از آستانهٔ نارنجی (۱٫۵۰ متر) برای ۱۰ دقیقه.', 'The Takhti Bridge gauge reads 1.68 m, above the orange threshold (1.50 m) for 10 minutes.'), kind: 'threshold', evidence_id: sensors[2].id, at: at(11) },
    { text: both('سنجهٔ ورودی عباس‌آباد در یک ساعت ۴۲ سانتی‌متر بالا آمده است.', 'The Abbasabad city inlet rose by 42 cm within an hour.'), kind: 'rise', evidence_id: sensors[1].id, at: at(16) },
    { text: both('سه گزارش از مردم در فاصلهٔ ۶۰۰ متر، یکی تأیید شده.', 'Three reports from people within 600 m, one of them verified.'), kind: 'reports', evidence_id: reports[1].id, at: at(7) },
  ];
  const touched = leaves.slice(0, 6).map((zone, index) => ({ code: zone.properties.code, name: zone.properties.name, share: Math.max(0.08, 0.85 - index * 0.14), minutes: 12 + index * 9 }));
  const stream = waterways.features.filter((one) => one.properties.code.startsWith('abbasabad')).flatMap((one) => one.geometry.coordinates);
  const ribbon = [...stream.map(([x, y]) => [x - 0.004, y + 0.002]), ...stream.map(([x, y]) => [x + 0.004, y - 0.002]).reverse()];
  const incidents = [
    { id: uuid(3001), hazard: 'flood', level: 'red', state: 'confirmed', place: both('رود عباس‌آباد، پایین‌دست پل تختی', 'Abbasabad, below Takhti Bridge'), zones: touched, reasons, started_at: at(48), changed_at: at(4), footprint: { type: 'Polygon', coordinates: [[...ribbon, ribbon[0]]] }, bands: null },
    { id: uuid(3002), hazard: 'snow', level: 'yellow', state: 'candidate', place: both('دامنهٔ الوند', 'Alvand foothills'), zones: touched.slice(4), reasons: [reasons[2]], started_at: at(200), changed_at: at(90), footprint: null, bands: null },
  ];

  const wordings = {
    fa: { headline: 'هشدار سیلاب، سطح قرمز: حاشیهٔ رود عباس‌آباد', description: 'آب رود عباس‌آباد در پل تختی از آستانهٔ نارنجی گذشته و هنوز بالا می‌آید. انتظار می‌رود تا نیم ساعت دیگر به محله‌های پایین‌دست برسد.', instruction: 'از حاشیهٔ رود و زیرگذرها دور شوید. به طبقه‌های بالا بروید. خودرو را از کنار رود بردارید، اما برای خودرو به آب نزنید.', sms: 'هشدار سیلاب: از حاشیهٔ رود عباس‌آباد و زیرگذرها فوری دور شوید. همیار', minor_instruction: 'همراه یک بزرگ‌تر به جای بلند برو و به مربی خود خبر بده. نزدیک آب نرو.', spoken: 'هشدار سیلاب. از حاشیه رود عباس آباد دور شوید.' },
    en: { headline: 'Flood warning, level red: along the Abbasabad', description: 'The Abbasabad at Takhti Bridge has passed the orange threshold and is still rising. It is expected to reach the quarters downstream within half an hour.', instruction: 'Move away from the river and from underpasses. Go to an upper floor. Move your car from the river bank, but never enter the water for a car.', sms: 'Flood warning: move away from the Abbasabad river and underpasses now. Hamyar', minor_instruction: 'Go to high ground with an adult and tell your mentor. Keep away from the water.', spoken: 'Flood warning. Move away from the Abbasabad river.' },
  };
  const content = { hazard: 'flood', level: 'red', wordings, zones: touched.map(({ code, name }) => ({ code, name })), polygons: [[ribbon]], response_types: ['Evacuate', 'Avoid'], urgency: 'Immediate', severity: 'Severe', certainty: 'Observed', expires: new Date(nowMs + 6 * 3_600_000).toISOString(), contact: '137', event_code: 'OET-081' };
  const proposals = [{ id: uuid(4001), incident: uuid(3001), hazard: 'flood', level: 'red', made_at: at(3), state: 'open', headline: both(wordings.fa.headline, wordings.en.headline), reasons, content }];

  const names = ['مریم احمدی', 'رضا کریمی', 'سارا نوری', 'علی حسینی', 'زهرا مرادی', 'حمید رستمی', 'نگار صفایی', 'پویا جلیلی', 'مینا شریفی', 'کیان بهرامی'];
  const helpers = names.map((name, index) => ({ id: uuid(5000 + index), name, language: 'fa', minor: index % 4 === 3, mentor: index % 4 === 3 ? uuid(5000) : null, zones: [leaves[index].properties.code], contacts: [{ kind: 'phone', masked: `0918…${4100 + index * 37}`, verified: true, preference: 1 }, ...(index % 2 ? [{ kind: 'email', masked: 'm…@example.org', verified: index % 3 === 0, preference: 2 }] : [])], consent_until: index % 4 === 3 ? at(-200_000) : null, squad: null }));
  const notices = (done) => names.map((person_name, index) => {
    const failed = index === 6;
    const sent = index < done;
    const answer = sent && !failed ? [null, 'ack', 'safe', null, 'need_help', 'ack'][index % 6] : null;
    return { id: uuid(6000 + index), person_name, contact_masked: index % 3 === 2 ? 's…@example.org' : `0918…${4100 + index * 37}`, channel: index % 3 === 2 ? 'email' : 'sms', state: failed ? 'failed' : sent ? 'delivered' : 'waiting', attempts: failed ? 5 : 1, last_error: failed ? 'gateway answered 500 five times' : null, reason: both(`در ناحیهٔ ${leaves[index % 6].properties.name.fa} است`, `is in zone ${leaves[index % 6].properties.name.en}`), due_at: at(2), sent_at: sent ? at(1) : null, answer, answered_at: answer ? at(0) : null };
  });
  const rejected = [
    { reason: 'bad_payload', detail: 'not JSON: expected value at line 1 column 1', topic: 'hamyar/v1/readings/abbasabad-3', account: 'abbasabad-3', first_at: at(310), last_at: at(12), count: 14, payload: 'stage=1.42;bat=3.6' },
    { reason: 'implausible', detail: 'stage_m 91.2 is outside -5 to 30', topic: 'hamyar/v1/readings/alusjerd-1', account: 'alusjerd-1', first_at: at(95), last_at: at(95), count: 1, payload: '{"stage_m": 91.2}' },
  ];
  const inbox = notices(10).slice(0, 7).flatMap((notice, index) => [
    { id: uuid(8000 + index), at: at(1 + index * 0.1), channel: notice.channel, to_masked: notice.contact_masked, person_name: notice.person_name, subject: notice.channel === 'email' ? wordings.fa.headline : null, body: `${wordings.fa.sms}\n۱ رسید · ۲ در امانم · ۳ کمک`, direction: 'out' },
    ...(notice.answer ? [{ id: uuid(8100 + index), at: at(0.5 + index * 0.05), channel: 'sms', to_masked: notice.contact_masked, person_name: notice.person_name, subject: null, body: { ack: '۱', safe: '۲', need_help: '۳' }[notice.answer], direction: 'in' }] : []),
  ]);
  return { map, sensors, readings, zoneStates, reports, incidents, proposals, content, reasons, helpers, notices, rejected, inbox, uuid, at };
}
