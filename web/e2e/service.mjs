// A real service for the pages' tests and pictures: started, signed in to, and asked as a page of ours would ask.
// Used by demo.test.mjs, axe.test.mjs and look.mjs.
// Everything is done through the API with the browser's own cookies; nothing reaches into the service.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const stopMs = 15_000;

/** Starts `hamyar serve MODE` with a directory and free ports of its own; `started` resolves once it has printed address and passwords. */
export function startDemo(binary, mode) {
  const data = mkdtempSync(path.join(tmpdir(), 'hamyar-e2e-'));
  const service = spawn(binary, ['serve', mode, '--data', data, '--listen', '127.0.0.1:0', '--mqtt-listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const started = new Promise((resolve, reject) => {
    let said = '';
    const hear = (piece) => {
      said += piece;
      const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
      const password = (login) => new RegExp(`\\b${login}\\b[^\\n]*?(hamadan-\\d{6})`).exec(said)?.[1];
      if (origin && password('officer') && password('approver')) resolve({ origin, officer: password('officer'), approver: password('approver') });
    };
    service.stdout.on('data', hear);
    service.stderr.on('data', hear);
    service.on('exit', (code) => reject(new Error(`the service ended with ${code}:\n${said.slice(-2000)}`)));
  });
  const stop = async () => {
    if (service.exitCode === null) {
      const ended = new Promise((done) => service.once('exit', done));
      service.kill('SIGTERM');
      const late = setTimeout(() => service.kill('SIGKILL'), stopMs);
      await ended;
      clearTimeout(late);
    }
    rmSync(data, { recursive: true, force: true });
  };
  return { started, stop };
}

/** The demonstration to visit: a running one (HAMYAR_URL, HAMYAR_OFFICER, HAMYAR_APPROVER: address and printed passwords) or one of our own. */
export function theDemo(binary, mode) {
  const { HAMYAR_URL: origin, HAMYAR_OFFICER: officer, HAMYAR_APPROVER: approver } = process.env;
  if (origin) return { started: Promise.resolve({ origin, officer, approver }), stop: async () => undefined };
  if (!binary) throw new Error('set HAMYAR_TEST_BINARY, or HAMYAR_URL with HAMYAR_OFFICER and HAMYAR_APPROVER');
  return startDemo(binary, mode);
}

/** Asks the API with the cookies of a browser's context; a refusal throws with the service's own words. */
export function asker(context, origin) {
  return async (method, where, data) => {
    const answer = await context.request.fetch(`${origin}/api/v1${where}`, { method, data, headers: { origin } });
    if (!answer.ok()) throw new Error(`${method} ${where}: ${answer.status()} ${await answer.text()}`);
    const text = await answer.text();
    return text ? JSON.parse(text) : undefined;
  };
}

/** Signs a context in as one of the staff. */
export async function signInStaff(context, demo, login) {
  const ask = asker(context, demo.origin);
  await ask('POST', '/session', { login, password: demo[login] });
  return ask;
}

/** Asks `question` again and again until it answers something; the service works meanwhile. */
export async function until(question, withinMs = 120_000) {
  const end = Date.now() + withinMs;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`nothing came within ${withinMs} ms: ${question}`);
    await new Promise((done) => setTimeout(done, 250));
  }
}

/** One-time codes in the demo's inbox for a telephone that ends with `ending`, the newest first. */
async function codesFor(staff, ending) {
  const { items } = await staff('GET', '/demo/inbox');
  return items.filter(({ to_masked, body }) => to_masked?.endsWith(ending) && /(?:sign-in code|رمز ورود)[^:]*: /.test(body)).sort((a, b) => b.at.localeCompare(a.at));
}

/** Signs a context in as a helper of the demo by a one-time code. */
export async function signInHelper(context, demo, staff, phone) {
  const ask = asker(context, demo.origin);
  const earlier = new Set((await codesFor(staff, phone.slice(-4))).map(({ id }) => id));
  await ask('POST', '/session/code', { kind: 'phone', address: phone });
  const sent = await until(async () => (await codesFor(staff, phone.slice(-4))).find(({ id }) => !earlier.has(id)));
  await ask('POST', '/session/code/verify', { kind: 'phone', address: phone, code: /: ([0-9]+)/.exec(sent.body)[1] });
  return ask;
}
