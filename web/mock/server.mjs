// Serves web/dist and an invented city over the API, for the pages' own tests and for looking at them; never shipped.
// Run by e2e/look.mjs and by hand: `node mock/server.mjs 8138`, log in as sara (officer) or reza (approver), any password.
// Alerts keep the real rules as far as the pages show them: no author approves, an edit voids an approval.
import { createReadStream, existsSync, statSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { city as invented } from './city.mjs';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2', '.svg': 'image/svg+xml' };
const policy = "default-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:";
const people = {
  sara: { id: 'p-sara', name: 'سارا محمدی', language: 'fa', roles: ['operator', 'officer'], exercise: true },
  reza: { id: 'p-reza', name: 'رضا کاظمی', language: 'fa', roles: ['operator', 'approver', 'officer'], exercise: true },
  helper: { id: 'p-helper', name: 'نگار صفایی', language: 'fa', roles: ['helper'], exercise: true },
};

class Refused extends Error {
  constructor(status, word, title) {
    super(title);
    Object.assign(this, { status, word });
  }
}

export function mock(nowMs = Date.now()) {
  const city = invented(nowMs);
  const alerts = [];
  const answers = new Map();
  const tokens = [];
  const live = new Set();
  let events = 0;
  let made = 0;
  const tell = (event, about) => {
    events += 1;
    for (const page of live) page.write(`id: ${events}\nevent: ${event}\ndata: ${JSON.stringify(about)}\n\n`);
  };
  const hash = (content) => [...JSON.stringify(content)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7).toString(16).padStart(64, '0').split('').reverse().join('');
  const now = () => new Date().toISOString();

  function alertOf(content, kind, by, more = {}) {
    made += 1;
    const alert = { id: city.uuid(7000 + made), stage: 'draft', ending: null, kind, hazard: content.hazard, level: content.level, content, content_hash: hash(content), authors: [{ id: by.id, name: by.name }], approved_by: null, approved_at: null, published_at: null, expires_at: content.expires, identifier: null, references: [], supersedes: [], incident: null, proposal: null, sms: {}, history: [{ at: now(), action: 'drafted', by_name: by.name }], ...more };
    alerts.unshift(alert);
    return alert;
  }
  function present(alert, me) {
    const author = alert.authors.some((one) => one.id === me.id);
    const [draft, approved, isLive] = ['draft', 'approved', 'live'].map((stage) => alert.stage === stage);
    const officer = me.roles.includes('officer');
    const approver = me.roles.includes('approver');
    const may = { edit: officer && (draft || approved), approve: draft && approver && !author, publish: approved && officer, update: isLive && officer, all_clear: isLive && officer, cancel: isLive && officer, discard: officer && (draft || approved), why_not: {} };
    if (draft && !may.approve) may.why_not.approve = author ? { fa: 'شما این پیش‌نویس را نوشته یا ویرایش کرده‌اید؛ تأیید با نفر دوم است.', en: 'You wrote or edited this draft; a second person has to approve it.' } : { fa: 'این کار به نقش «تأییدکننده» نیاز دارد.', en: 'This needs the right of an approver.' };
    return { ...alert, may };
  }
  const find = (id) => alerts.find((one) => one.id === id) ?? (() => { throw new Refused(404, 'not-found', 'there is no such alert'); })();
  const note = (alert, action, by) => {
    alert.history.push({ at: now(), action, by_name: by.name });
    tell('alert.changed', { id: alert.id, stage: alert.stage });
    return present(alert, by);
  };
  const list = (items) => ({ items, next: null });
  const staff = (me) => {
    if (!me) throw new Refused(401, 'sign-in-first', 'sign in first');
    return me;
  };

  /** Method and path to answer; `:id` matches one part. */
  const routes = {
    'GET /session': ({ me }) => staff(me),
    'GET /map': () => city.map,
    'GET /zones': () => ({ as_of: now(), ...list(city.zoneStates) }),
    'GET /sensors': ({ me }) => staff(me) && list(city.sensors),
    'GET /sensors/rejected': () => list(city.rejected),
    'GET /sensors/unknown': () => list([{ sensor: 'bridge-9', count: 3, last_at: city.at(40) }]),
    'GET /sensors/:id/readings': ({ id, query }) => city.readings(id, query.get('quantity')),
    'GET /reports': ({ me }) => staff(me) && list(city.reports),
    'POST /reports': ({ body }) => (addReport(body, 'web'), { number: '48105531', secret: 'k7dm-2xqp-94tr', marks: [], thanks: { fa: 'سپاس. گزارش شما به دست کارشناسان رسید.', en: 'Thank you. Your report has reached the desk.' } }),
    'POST /desk/reports': ({ body }) => (addReport(body, 'desk'), { number: '48105549', secret: 'x', marks: [], thanks: {} }),
    'GET /reports/:id': ({ id }) => ({ number: id, received_at: city.at(12), status: 'verified', answer: { fa: 'گزارش شما درست بود و گروه امداد راهی شد.', en: 'Your report was right and a crew is on its way.' } }),
    'POST /reports/:id/:step': ({ id, step }) => {
      city.reports.find((one) => one.id === id).status = { verify: 'verified', reject: 'rejected', close: 'closed' }[step];
      tell('report.changed', { id });
    },
    'GET /incidents': ({ me }) => staff(me) && list(city.incidents),
    'GET /proposals': ({ me }) => staff(me) && list(city.proposals),
    'POST /proposals/:id/adopt': ({ id, me }) => {
      const proposal = city.proposals.find((one) => one.id === id);
      proposal.state = 'adopted';
      const alert = alertOf(structuredClone(proposal.content), 'alert', me, { proposal: id, incident: proposal.incident });
      tell('proposal.changed', { id });
      return note(alert, 'adopted', me);
    },
    'POST /proposals/:id/dismiss': ({ id }) => {
      city.proposals.find((one) => one.id === id).state = 'dismissed';
      tell('proposal.changed', { id });
    },
    'GET /alerts': ({ me }) => list(alerts.map((alert) => present(alert, staff(me)))),
    'GET /alerts/public': () => list(alerts.filter(({ stage }) => stage === 'live').map((alert) => ({ id: alert.id, kind: alert.kind, hazard: alert.hazard, level: alert.level, headline: texts(alert, 'headline'), instruction: texts(alert, 'instruction'), zones: alert.content.zones, expires_at: alert.content.expires, published_at: alert.published_at, identifier: alert.identifier, url: `/cap/alerts/${alert.id}.xml` }))),
    'GET /alerts/:id': ({ id, me }) => present(find(id), staff(me)),
    'POST /alerts': ({ body, me }) => present(alertOf({ ...structuredClone(city.content), hazard: body.hazard, level: body.level, zones: city.zoneStates.filter(({ code }) => body.zones.includes(code)) }, 'alert', me), me),
    'PUT /alerts/:id/content': ({ id, body, me }) => {
      const alert = find(id);
      if (alert.content_hash !== body.expected_hash) throw new Refused(409, 'content-changed', 'somebody else changed this alert');
      Object.assign(alert, { content: body.content, content_hash: hash(body.content), stage: 'draft', approved_by: null, approved_at: null });
      if (!alert.authors.some((one) => one.id === me.id)) alert.authors.push({ id: me.id, name: me.name });
      return note(alert, 'edited', me);
    },
    'POST /alerts/:id/approve': ({ id, body, me }) => {
      const alert = find(id);
      if (alert.authors.some((one) => one.id === me.id)) throw new Refused(403, 'own-work', 'an author cannot approve');
      if (alert.content_hash !== body.content_hash) throw new Refused(409, 'content-changed', 'the content has changed');
      Object.assign(alert, { stage: 'approved', approved_by: { id: me.id, name: me.name }, approved_at: now() });
      return note(alert, 'approved', me);
    },
    'POST /alerts/:id/publish': ({ id, me }) => {
      const alert = find(id);
      Object.assign(alert, { stage: 'live', published_at: now(), identifier: `hamadan.example,2026-${alert.id.slice(-4)}` });
      for (const old of alerts.filter((one) => alert.supersedes.includes(one.id))) Object.assign(old, { stage: 'ended', ending: 'updated' });
      return note(alert, 'published', me);
    },
    'POST /alerts/:id/discard': ({ id, me }) => {
      const alert = find(id);
      Object.assign(alert, { stage: 'ended', ending: 'discarded' });
      return note(alert, 'discarded', me);
    },
    'POST /alerts/:id/:kind': ({ id, kind, me }) => {
      const old = find(id);
      return present(alertOf(structuredClone(old.content), kind.replace('-', '_'), me, { supersedes: [id], incident: old.incident }), me);
    },
    'GET /alerts/:id/delivery': () => {
      const items = city.notices(9);
      const count = (channel, state) => items.filter((one) => one.channel === channel && one.state === state).length;
      const answered = {};
      for (const { answer } of items) if (answer) answered[answer] = (answered[answer] ?? 0) + 1;
      return {
        broadcast: { state: 'done', expanded: true, people: 10 },
        by_channel: ['sms', 'email'].map((channel) => ({ channel, waiting: count(channel, 'waiting'), sending: 0, sent: 0, delivered: count(channel, 'delivered'), failed: count(channel, 'failed'), withdrawn: 0, answered: items.filter((one) => one.channel === channel && one.answer).length })),
        people: { told: 9, answered, silent: 9 - Object.values(answered).reduce((a, b) => a + b, 0) },
        notices: list(items),
      };
    },
    'GET /helpers': ({ me }) => staff(me) && list(city.helpers),
    'GET /helpers/without-mentor': ({ me }) => staff(me) && list(city.helpers.filter(({ minor, mentor }) => minor && !mentor)),
    'POST /helpers/:id/mentor': ({ id, body }) => {
      city.helpers.find((one) => one.id === id).mentor = body.mentor;
      return { mentorship_ended: false };
    },
    'POST /mentors/:id/appoint': () => undefined,
    'POST /mentors/:id/end': ({ id }) => {
      const left = city.helpers.filter(({ mentor }) => mentor === id);
      for (const one of left) one.mentor = null;
      return { minors: left.filter(({ minor }) => minor).map((one) => one.id) };
    },
    'GET /me/tokens': ({ me }) => staff(me) && list(tokens),
    'POST /me/tokens': ({ body }) => {
      tokens.push({ id: city.uuid(9000 + tokens.length), name: body.name, created: now() });
      return { id: tokens.at(-1).id, token: 'shown-once-and-never-again' };
    },
    'DELETE /me/tokens/:id': ({ id }) => void tokens.splice(tokens.findIndex((one) => one.id === id), 1),
    'POST /me/password': ({ body }) => {
      if (body.current === 'wrong') throw new Refused(401, 'wrong-credentials', 'name or password is wrong');
      return { sessions: 2, tokens: body.keep_tokens ? 0 : tokens.splice(0).length };
    },
    'GET /demo/inbox': () => list(city.inbox),
    'GET /me/notices': () => list([{ id: 'n1', alert: 'a', language: 'fa', subject: city.content.wordings.fa.headline, body: city.content.wordings.fa.instruction, question: 'receipt', answer: answers.get('n1') ?? null, made_at: city.at(2), over: false }]),
    'POST /me/notices/:id/answer': ({ id, body }) => void answers.set(id, body.answer),
    'POST /session/code': () => undefined,
  };
  const texts = (alert, field) => Object.fromEntries(Object.entries(alert.content.wordings).map(([code, wording]) => [code, wording[field]]));
  const compiled = Object.entries(routes).map(([route, answer]) => {
    const [method, pattern] = route.split(' ');
    return { method, pattern: new RegExp(`^${pattern.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`), answer };
  });
  function addReport(body, channel) {
    const id = city.uuid(2100 + city.reports.length);
    city.reports.unshift({ id, number: '48105531', channel, hazard: body.hazard ?? null, words: body.words, place_words: body.place_words ?? null, position: body.position ?? null, zone: null, zone_name: null, depth_cm: body.depth_cm ?? null, received_at: now(), status: 'new', marks: [], merged_into: null, incident: null, sender_masked: null });
    tell('report.received', { id });
  }

  async function api(request, response, url) {
    const cookie = /who=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
    const me = people[cookie];
    const where = url.pathname.slice('/api/v1'.length);
    if (where === '/live') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).write('event: reset\ndata: {}\n\n');
      live.add(response);
      request.on('close', () => live.delete(response));
      return;
    }
    let text = '';
    for await (const piece of request) text += piece;
    const body = text ? JSON.parse(text) : {};
    const send = (status, value, headers = {}) => response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json', ...headers }).end(value === undefined ? '' : JSON.stringify(value));
    try {
      if (where === '/session' && request.method === 'POST') {
        const found = people[body.login];
        if (!found) throw new Refused(401, 'wrong-credentials', 'name or password is wrong');
        return send(200, found, { 'set-cookie': `who=${body.login}; Path=/; HttpOnly; SameSite=Strict` });
      }
      if (where === '/session/code/verify') return send(200, people.helper, { 'set-cookie': 'who=helper; Path=/; HttpOnly; SameSite=Strict' });
      if (where === '/session' && request.method === 'DELETE') return send(204, undefined, { 'set-cookie': 'who=; Path=/; Max-Age=0' });
      for (const { method, pattern, answer } of compiled) {
        const match = method === request.method ? pattern.exec(where) : null;
        if (!match) continue;
        const value = answer({ ...match.groups, body, me, query: url.searchParams });
        return send(value === undefined ? 204 : 200, value);
      }
      throw new Refused(404, 'not-found', `nothing at ${where}`);
    } catch (fault) {
      const status = fault.status ?? 500;
      send(status, { type: `/problems/${fault.word ?? 'fault'}`, title: fault.message, status });
    }
  }

  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://mock');
    if (url.pathname.startsWith('/api/v1')) return void api(request, response, url);
    let file = path.join(dist, path.normalize(url.pathname));
    if (!existsSync(file) || statSync(file).isDirectory()) file = path.join(dist, 'index.html');
    response.writeHead(200, { 'content-type': types[path.extname(file)] ?? 'application/octet-stream', 'content-security-policy': policy });
    createReadStream(file).pipe(response);
  });
  return { server, tell, city, alerts };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { server } = mock();
  server.listen(Number(process.argv[2] ?? 8138), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
}
