// One's own account, the choice of a mentor and what staff expect of an alert of their own.
// Run by `npm test`; the service is played by a list of answers.
// What a person must know before pressing is on the page before it is pressed.
import { flushSync, mount, unmount, type Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Alert, HelperRow, Schemas } from '../src/api/types';
import ChangePassword from '../src/console/account/ChangePassword.svelte';
import Tokens from '../src/console/account/Tokens.svelte';
import { bodyOf, certaintyOf, nothingChosen, severityOf, tripleOf, urgencyIn, usual } from '../src/console/desk/expected';
import NewAlert from '../src/console/desk/NewAlert.svelte';
import AssignMentor from '../src/console/panels/AssignMentor.svelte';
import { adultsFor, mentorsIn } from '../src/console/panels/mentors';
import MentorsList from '../src/console/panels/MentorsList.svelte';
import { city } from '../src/state/city.svelte';
import { language } from '../src/state/language.svelte';
import { session } from '../src/state/session.svelte';

type Asked = { method: string; path: string; body: unknown };
let asked: Asked[] = [];
let answers: Record<string, () => Response> = {};
let mounted: Record<string, unknown> | undefined;

const json = (status: number, body?: unknown) => () => new Response(body === undefined ? null : JSON.stringify(body), { status });
const refusal = (status: number, word: string) => json(status, { type: `/problems/${word}`, title: word, status });

beforeEach(() => {
  asked = [];
  answers = {};
  language.choose('en');
  vi.stubGlobal('fetch', async (where: string, how: { method: string; body?: string }) => {
    const path = where.replace('/api/v1', '');
    asked.push({ method: how.method, path, body: how.body === undefined ? undefined : JSON.parse(how.body) });
    const answer = answers[`${how.method} ${path}`];
    if (!answer) throw new Error(`nobody answers ${how.method} ${path}`);
    return answer();
  });
});
afterEach(() => {
  if (mounted) void unmount(mounted);
  mounted = undefined;
  session.me = session.over = null;
  city.zones = [];
  vi.unstubAllGlobals();
  language.choose('fa');
});

function show<Props extends Record<string, unknown>>(component: Component<Props>, props: Props): HTMLElement {
  document.body.innerHTML = '';
  mounted = mount(component, { target: document.body, props });
  flushSync();
  return document.body;
}
const find = <Found extends Element>(selector: string): Found => {
  const found = document.querySelector<Found>(selector);
  if (!found) throw new Error(`no ${selector} in ${document.body.innerHTML}`);
  return found;
};
function type(selector: string, text: string): void {
  const field = find<HTMLInputElement>(selector);
  field.value = text;
  // The test's document does not know which option is `:checked`; Svelte asks for it so.
  if (field.tagName === 'SELECT') field.querySelector = ((selector: string) => (selector === ':checked' ? [...field.querySelectorAll('option')].find(({ value }) => value === text) : null)) as typeof field.querySelector;
  field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true }));
  flushSync();
}
async function press(selector: string): Promise<void> {
  const button = find<HTMLButtonElement>(selector);
  const form = button.closest('form');
  if (form && button.type !== 'button') form.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
  else button.click();
  await settle();
}
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  await vi.waitFor(() => flushSync());
}

const officer = { id: 'p1', name: 'Sara', language: 'fa', roles: ['officer'], exercise: true } as Schemas['Me'];

describe('changing one’s own password', () => {
  const fill = (current: string, fresh: string, again = fresh): void => {
    type('[name=current]', current);
    type('[name=new]', fresh);
    type('[name=again]', again);
  };
  it('says before the button that every sign-in ends, and the tokens unless they are to stay', () => {
    const body = show(ChangePassword, {});
    expect(body.textContent).toContain('ends all your sign-ins, in this browser too');
    expect(body.textContent).toContain('ends the tokens of your programs as well');
    find<HTMLInputElement>('[name=keep_tokens]').click();
    flushSync();
    expect(body.textContent).not.toContain('ends the tokens of your programs as well');
    expect(body.textContent).toContain('leaves the tokens of your programs working');
  });
  it('waits for ten characters, twice the same', () => {
    show(ChangePassword, {});
    const main = find<HTMLButtonElement>('button.main');
    fill('old-one-here', 'too-short');
    expect(main.disabled).toBe(true);
    fill('old-one-here', 'long-enough-now', 'long-enough-not');
    expect(main.disabled).toBe(true);
    expect(document.body.textContent).toContain('not the same');
    fill('old-one-here', 'long-enough-now');
    expect(main.disabled).toBe(false);
  });
  it('signs the page out and keeps for the sign-in how many sessions and tokens ended', async () => {
    session.me = officer;
    answers['POST /me/password'] = json(200, { sessions: 3, tokens: 1 });
    show(ChangePassword, {});
    fill('old-one-here', 'long-enough-now');
    await press('button.main');
    expect(asked).toEqual([{ method: 'POST', path: '/me/password', body: { current: 'old-one-here', new: 'long-enough-now', keep_tokens: false } }]);
    expect(session.me).toBeNull();
    expect(session.over).toEqual({ why: 'password', sessions: 3, tokens: 1 });
  });
  it('says that it is the present password that is wrong, and stays signed in', async () => {
    session.me = officer;
    answers['POST /me/password'] = refusal(401, 'wrong-credentials');
    show(ChangePassword, {});
    fill('not-the-old-one', 'long-enough-now');
    await press('button.main');
    expect(document.body.textContent).toContain('The present password is wrong');
    expect(session.me).not.toBeNull();
  });
});

describe('tokens of one’s programs', () => {
  const item = { id: 't1', name: 'hall screen', created: '2026-11-25T10:00:00Z' };
  it('are listed, made with a name, shown once, and put away', async () => {
    answers['GET /me/tokens'] = json(200, { items: [], next: null });
    answers['POST /me/tokens'] = json(201, { id: 't1', token: 'secret-of-the-token' });
    const body = show(Tokens, {});
    await settle();
    expect(body.textContent).toContain('You have no tokens');
    type('[name=token]', '  hall screen ');
    answers['GET /me/tokens'] = json(200, { items: [item], next: null });
    await press('form button.main');
    expect(asked.find(({ method }) => method === 'POST')?.body).toEqual({ name: 'hall screen' });
    expect(body.textContent).toContain('secret-of-the-token');
    expect(body.textContent).toContain('only this once');
    find<HTMLButtonElement>('.callout button:last-child').click();
    flushSync();
    expect(body.textContent).not.toContain('secret-of-the-token');
    expect(body.textContent).toContain('hall screen');
  });
  it('end only after a question', async () => {
    answers['GET /me/tokens'] = json(200, { items: [item], next: null });
    answers['DELETE /me/tokens/t1'] = json(204);
    show(Tokens, {});
    await settle();
    await press('.tokens button');
    expect(asked.some(({ method }) => method === 'DELETE')).toBe(false);
    answers['GET /me/tokens'] = json(200, { items: [], next: null });
    await press('dialog button.grave');
    expect(asked.some(({ method, path }) => method === 'DELETE' && path === '/me/tokens/t1')).toBe(true);
    expect(document.body.textContent).toContain('You have no tokens');
  });
});

const helper = (id: string, name: string, more: Partial<HelperRow> = {}): HelperRow => ({ id, name, language: 'fa', minor: false, mentor: null, mentor_name: null, zones: [], contacts: [], consent_until: null, squad: null, joined_at: '2026-01-01T00:00:00Z', ...more });
const kian = helper('kian', 'Kian', { minor: true });
const people = [helper('mina', 'Mina'), helper('omid', 'Omid'), helper('nima', 'Nima', { minor: true, mentor: 'mina', mentor_name: 'Mina' }), helper('tara', 'Tara', { mentor: 'mina', mentor_name: 'Mina' }), kian];

describe('mentors', () => {
  it('are those who look after somebody, with how many helpers and how many minors', () => {
    expect(mentorsIn(people)).toEqual([{ id: 'mina', name: 'Mina', helpers: 2, minors: 1 }]);
    expect(adultsFor(kian, people).map(({ id }) => id)).toEqual(['omid', 'tara']);
  });
  it('are assigned to a minor with one choice and one button', async () => {
    answers['POST /helpers/kian/mentor'] = json(200, { mentorship_ended: false });
    const done = vi.fn();
    show(AssignMentor, { helper: kian, helpers: people, done });
    expect(find<HTMLButtonElement>('button.main').disabled).toBe(true);
    type('select', 'mina');
    await press('button.main');
    expect(asked).toEqual([{ method: 'POST', path: '/helpers/kian/mentor', body: { mentor: 'mina' } }]);
    expect(done).toHaveBeenCalledOnce();
  });
  it('become one first when they were none, which is said before', async () => {
    answers['POST /mentors/omid/appoint'] = json(204);
    answers['POST /helpers/kian/mentor'] = json(200, { mentorship_ended: false });
    show(AssignMentor, { helper: kian, helpers: people, done: () => undefined });
    type('select', 'omid');
    expect(document.body.textContent).toContain('This makes Omid a mentor');
    await press('button.main');
    expect(asked.map(({ path }) => path)).toEqual(['/mentors/omid/appoint', '/helpers/kian/mentor']);
  });
  it('never are minors, nor the helper', () => {
    show(AssignMentor, { helper: kian, helpers: people, done: () => undefined });
    expect([...document.querySelectorAll('option')].map(({ value }) => value)).toEqual(['', 'mina', 'omid', 'tara']);
  });
  it('end only after the minors who are left were named, and these are named again afterwards', async () => {
    answers['POST /mentors/mina/end'] = json(200, { minors: ['nima'] });
    const changed = vi.fn();
    show(MentorsList, { helpers: people, changed });
    await press('.mentors button');
    expect(find('dialog').textContent).toContain('left without a mentor: Nima');
    await press('dialog button.grave');
    expect(document.body.textContent).toContain('Now without a mentor: Nima');
    expect(changed).toHaveBeenCalledOnce();
  });
});

describe('what staff expect of an alert of their own', () => {
  const theirs = import.meta.glob<string>(['../../alerts/src/triple.rs', '../../src/issue/words.rs'], { query: '?raw', import: 'default', eager: true });
  const triple = theirs['../../alerts/src/triple.rs'] ?? '';
  const rows = new Map([...triple.matchAll(/^\/\/! \| ([^|]+) \| (\w+) \|$/gm)].map(([, question = '', answer = '']) => [question, answer]));
  it('reads by the documented tables', () => {
    for (const [impact, severity] of Object.entries(severityOf)) expect(rows.get(impact)).toBe(severity);
    expect([0, 30].map(urgencyIn)).toEqual([rows.get('now, or at most 30 minutes'), rows.get('now, or at most 30 minutes')]);
    expect([31, 60].map(urgencyIn)).toEqual([rows.get('more, and at most 1 hour'), rows.get('more, and at most 1 hour')]);
    expect(urgencyIn(61)).toBe(rows.get('more than 1 hour'));
    expect(certaintyOf).toEqual({
      seen: rows.get('seen by staff, or a checked sensor above its threshold'),
      likely: rows.get('probability 0.5 or more'),
      possible: rows.get('probability 0.05 or more, and less than 0.5'),
      unlikely: rows.get('probability less than 0.05'),
    });
  });
  it('is, unanswered, what the service takes a level to mean', () => {
    const words = theirs['../../src/issue/words.rs'] ?? '';
    for (const [level, { impact, in_minutes, sure }] of Object.entries(usual)) {
      const [, itsImpact, itsTime] = new RegExp(`Level::${level}\\s*=> \\(Impact::(\\w+), TimeToImpact::(Now|After\\(SignedDuration::from_mins\\((?:\\d+)\\)\\))\\)`, 'i').exec(words) ?? [];
      expect([level, itsImpact?.toLowerCase()]).toEqual([level, impact]);
      expect([level, itsTime === 'Now' ? 0 : Number(/\d+/.exec(itsTime ?? '')?.[0])]).toEqual([level, in_minutes]);
      expect(words).toContain(`expected.sure.unwrap_or(Sure::${sure.charAt(0).toUpperCase()}${sure.slice(1)})`);
    }
  });
  it('is not sent when nothing was answered', () => {
    expect(bodyOf(nothingChosen())).toBeUndefined();
    expect(bodyOf({ ...nothingChosen(), in_minutes: 0 })).toEqual({ in_minutes: 0 });
    expect(tripleOf('red', nothingChosen())).toEqual({ severity: 'Extreme', urgency: 'Immediate', certainty: 'Likely' });
  });
  it('is shown as it will read while it is answered, and sent with the draft', async () => {
    city.zones = [{ code: 'bazar', name: { en: 'Bazaar', fa: 'بازار' }, level: 'green', hazard: null, watched: { sensors: 1, reports: 0 } } as unknown as (typeof city.zones)[number]];
    const make = vi.fn(async () => ({ id: 'a1' }) as Alert);
    const made = vi.fn();
    const body = show(NewAlert, { make, made });
    const reads = (): string[] => [...body.querySelectorAll('dd')].map(({ textContent }) => textContent ?? '');
    expect(reads()).toEqual(['Severe', 'Expected: within the hour', 'Likely']);
    type('[name=impact]', 'minor');
    type('[name=in_minutes]', '180');
    type('[name=sure]', 'seen');
    expect(reads()).toEqual(['Moderate', 'Future: after an hour', 'Observed']);
    find<HTMLInputElement>('.zones input').click();
    flushSync();
    await press('form > button.main');
    expect(make).toHaveBeenCalledWith({ hazard: 'flood', level: 'orange', occasion: null, zones: ['bazar'], expected: { impact: 'minor', in_minutes: 180, sure: 'seen' } });
    expect(made).toHaveBeenCalledOnce();
  });
});
