// Watches the demonstration in a browser, against the real service: a flood comes down, an alert is published, people answer.
// Run by `npm run e2e` with HAMYAR_TEST_BINARY set (as `make test` does); left out, and saying so, without it.
// The service gets a directory and free ports of its own and is stopped at the end; every step waits for what it needs, none sleeps.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { mapReady, openBrowser, openPage } from './browser.mjs';
import { startDemo } from './service.mjs';

const binary = process.env.HAMYAR_TEST_BINARY;

describe('the demonstration', { skip: binary ? false : 'HAMYAR_TEST_BINARY is not set', timeout: 420_000 }, () => {
  let browser;
  let demo;
  let own;

  before(async () => {
    own = startDemo(binary, '--demo-auto');
    [browser, demo] = await Promise.all([openBrowser(), own.started]);
  });
  after(async () => {
    await browser?.close();
    await own?.stop();
  });

  const open = async (login, where, size) => {
    const opened = await openPage(browser, size);
    opened.page.setDefaultTimeout(240_000);
    if (login) {
      await opened.page.goto(`${demo.origin}/?sign-in=1&lang=en`);
      await opened.page.fill('input[name=login]', login);
      await opened.page.fill('input[name=password]', demo[login]);
      await opened.page.click('form button');
      await opened.page.waitForSelector('nav');
    }
    await opened.page.goto(`${demo.origin}${where}`);
    return opened;
  };

  it('shows anyone the map, every zone with its level, and that all of it is invented', async () => {
    const { context, page, faults } = await open(null, '/?lang=en');
    await mapReady(page);
    await page.getByText('Demonstration: everything here is invented.').waitFor();
    assert.ok((await page.locator('ul.zones li').count()) > 30);
    assert.deepEqual(faults, []);
    await context.close();
  });

  it('takes a report from anyone and says later how it stands', async () => {
    const { context, page, faults } = await open(null, '/report?lang=en', { width: 390, height: 844 });
    await page.locator('textarea').fill('Water over the kerb near the bridge');
    await page.locator('button.send').click();
    await page.getByText('Your report is kept').waitFor();
    await page.locator('section button:not(.main)').click();
    await page.locator('form button.main').click();
    await page.getByText('received').waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });

  it('comes to a published alert whose delivery and answers are seen, with gauges drawn from what was measured', async () => {
    const { context, page, faults } = await open('officer', '/?lang=en');
    await page.locator('.chip', { hasText: 'In force' }).first().waitFor();
    await page.locator('button', { has: page.locator('.chip', { hasText: 'In force' }) }).first().click();
    await page.getByRole('heading', { name: 'Delivery' }).waitFor();
    await page.waitForFunction(() => Number(document.querySelector('.people strong')?.textContent ?? 0) > 0);
    await page.locator('nav button', { hasText: 'Demo inbox' }).click();
    await page.locator('li.message.in').first().waitFor();
    await page.locator('nav button', { hasText: 'Gauges' }).click();
    await page.locator('svg path.line').first().waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });
});
