// Every page there is, over a real demonstration: where it stands, who opens it, what is pressed first.
// Used by look.mjs (pictures) and axe.test.mjs (accessibility), so that no page can be looked at by one and missed by the other.
// `prepare` plays the officers' part through the API until the stage that a page needs; pages stand in the order of the story.
import { asker, signInHelper, signInStaff, until } from './service.mjs';

/** Telephones of the demo's people: its first mentor, and its first helper, who lives where the flood comes. */
const mentorPhone = '09990000300';
const helperPhone = '09990000100';

/** Contexts by who is signed in. `make` opens a context; everyone gets one of their own. */
export async function everyone(make, demo) {
  const contexts = { anyone: await make(), officer: await make(), approver: await make(), helper: await make(), mentor: await make() };
  const officer = await signInStaff(contexts.officer, demo, 'officer');
  const approver = await signInStaff(contexts.approver, demo, 'approver');
  await signInHelper(contexts.helper, demo, officer, helperPhone);
  const mentor = await signInHelper(contexts.mentor, demo, officer, mentorPhone);
  return { contexts, ask: { anyone: asker(contexts.anyone, demo.origin), officer, approver, mentor } };
}

export const openProposal = (ask) => until(async () => (await ask.officer('GET', '/proposals')).items.find(({ state }) => state === 'open'));

/** Adopts, approves and publishes what is proposed; resolves with the live alert. */
export async function publish(ask, draft) {
  await ask.approver('POST', `/alerts/${draft.id}/approve`, { content_hash: draft.content_hash });
  return ask.officer('POST', `/alerts/${draft.id}/publish`, {});
}

/** The pages in order: [name, who, () => path, act]. `facts` gathers what earlier stages made. */
export function pages(ask, facts) {
  const alertPath = () => `/?view=alerts&id=${facts.alert.id}`;
  const press = (name) => async (page) => page.locator(name).first().click();
  return [
    ['public-quiet', 'anyone', () => '/'],
    ['sign-in', 'anyone', () => '/?sign-in=1'],
    ['sign-in-refused', 'anyone', () => '/?sign-in=1', async (page) => {
      await page.fill('input[name=login]', 'officer');
      await page.fill('input[name=password]', 'wrong');
      await page.locator('form button.main').click();
      await page.locator('form [role=alert], form .callout').first().waitFor();
    }],
    ['report', 'anyone', () => '/report'],
    ['track', 'anyone', () => '/report?track=1'],
    ['tracked', 'anyone', async () => {
      const made = await ask.anyone('POST', '/reports', { words: 'آب از جدول بالا زده است', language: 'fa' });
      return `/report#${made.number}.${made.secret}`;
    }],
    ['tracked-wrong', 'anyone', () => '/report#1234567.nothing', async (page) => page.locator('form .callout').first().waitFor()],
    ['helper', 'anyone', () => '/helper'],
    ['helper-code', 'anyone', () => '/helper', async (page) => {
      await page.fill('input[type=tel]', '09990009999');
      await page.locator('form button.main[type=submit], form > button.main').last().click();
      await page.locator('input.code').waitFor();
    }],
    ['join', 'anyone', async () => `/helper#invitation=${(await ask.mentor('POST', '/invitations', { zones: ['moradbeyg', 'bu-ali'], minor: true })).link.split('=')[1]}`],
    ['join-gone', 'anyone', () => '/helper#invitation=nothing', async (page) => page.locator('.callout').first().waitFor()],
    ['mentor', 'mentor', () => '/helper'],
    ['mentor-invited', 'mentor', () => '/helper', async (page) => {
      await page.locator('form .zones input[type=checkbox]').first().check();
      await page.locator('form button.main').click();
      await page.locator('.callout').first().waitFor();
    }],
    ['situation', 'officer', () => '/'],
    ['zone', 'officer', () => '/?zone=moradbeyg'],
    ['alerts', 'officer', () => '/?view=alerts'],
    ['proposal', 'officer', async () => `/?view=alerts&id=proposal:${(await openProposal(ask)).id}`],
    ['proposal-approver', 'approver', async () => `/?view=alerts&id=proposal:${(await openProposal(ask)).id}`],
    ['dismiss', 'officer', async () => `/?view=alerts&id=proposal:${(await openProposal(ask)).id}`, press('article .row button:not(.main)')],
    ['incidents', 'officer', () => '/?view=incidents'],
    ['incident', 'officer', async () => `/?view=incidents&id=${(await ask.officer('GET', '/incidents')).items[0].id}`],
    ['reports', 'officer', () => '/?view=reports'],
    ['report-one', 'officer', async () => `/?view=reports&id=${(await ask.officer('GET', '/reports')).items[0].id}`],
    ['desk-report', 'officer', () => '/?view=reports', press('main .row.apart button')],
    ['gauges', 'officer', () => '/?view=gauges'],
    ['gauge', 'officer', async () => `/?view=gauges&id=${(await ask.officer('GET', '/sensors')).items[0].id}`],
    ['health', 'officer', () => '/?view=health'],
    ['helpers', 'officer', () => '/?view=helpers'],
    ['register', 'officer', () => '/?view=helpers', press('main .row.apart button')],
    ['inbox', 'officer', () => '/?view=inbox'],
    ['map', 'officer', () => '/?map=1'],
    ['legend', 'officer', () => '/?map=1', press('.legend > button')],
    ['new-alert', 'officer', () => '/?view=alerts', press('main .row.apart button')],
    ['new-alert-answered', 'officer', () => '/?view=alerts', async (page) => {
      await page.locator('main .row.apart button').first().click();
      await page.selectOption('dialog [name=impact]', 'severe');
      await page.selectOption('dialog [name=in_minutes]', '30');
      await page.selectOption('dialog [name=sure]', 'seen');
      await page.locator('dialog .expected').scrollIntoViewIfNeeded();
    }],
    ['account', 'officer', () => '/?view=account'],
    ['account-refused', 'officer', () => '/?view=account', async (page) => {
      await page.fill('[name=current]', 'not the present one');
      await page.fill('[name=new]', 'a long enough one');
      await page.fill('[name=again]', 'a long enough one');
      await page.locator('form button.main').first().click();
      await page.locator('form .callout.bad').waitFor();
    }],
    ['token-made', 'officer', () => '/?view=account', async (page) => {
      await page.fill('[name=token]', 'نمایشگر سالن');
      await page.locator('form:has([name=token]) button.main').click();
      await page.locator('.secret').waitFor();
      await page.locator('.tokens li').last().scrollIntoViewIfNeeded();
    }],
    ['token-end', 'officer', async () => {
      const { items } = await ask.officer('GET', '/me/tokens');
      if (items.length === 0) await ask.officer('POST', '/me/tokens', { name: 'hall screen' });
      return '/?view=account';
    }, press('.tokens button')],
    ['draft', 'officer', async () => {
      facts.alert ??= await ask.officer('POST', `/proposals/${(await openProposal(ask)).id}/adopt`, {});
      return alertPath();
    }],
    ['edit', 'officer', alertPath, press('.actions button:not(.main):not(.quiet)')],
    ['draft-approver', 'approver', alertPath],
    ['approve', 'approver', alertPath, press('.actions button.main')],
    ['live', 'officer', async () => {
      facts.live ??= await publish(ask, facts.alert);
      return alertPath();
    }, async (page) => page.waitForFunction(() => Number(document.querySelector('.people strong')?.textContent.replace(/[۰-۹]/g, (digit) => digit.charCodeAt(0) - 0x6f0) ?? 0) > 0)],
    ['notices', 'helper', () => '/helper'],
    ['alerts-live', 'officer', () => '/?view=alerts'],
    ['situation-live', 'officer', () => '/'],
    ['public-live', 'anyone', () => '/'],
    ['all-clear', 'officer', async () => {
      facts.clear ??= await ask.officer('POST', `/alerts/${facts.alert.id}/all-clear`, {});
      return `/?view=alerts&id=${facts.clear.id}`;
    }],
    ['cleared', 'officer', async () => {
      facts.cleared ??= await publish(ask, facts.clear);
      return alertPath();
    }],
    ['public-cleared', 'anyone', () => '/'],
    ['mentor-end', 'officer', () => '/?view=helpers', press('.mentors button')],
    ['helpers-alone', 'officer', async () => {
      const { items } = await ask.officer('GET', '/helpers');
      const minor = items.find((one) => one.minor && one.mentor);
      facts.alone ??= await ask.officer('POST', `/mentors/${minor.mentor}/end`);
      return '/?view=helpers';
    }, async (page) => page.locator('.alone').waitFor()],
    ['mentor-assign', 'officer', () => '/?view=helpers', async (page) => {
      await page.locator('.alone button').first().click();
      await page.selectOption('dialog select', { index: 2 });
    }],
  ];
}
