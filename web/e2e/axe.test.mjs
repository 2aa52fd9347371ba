// Asks axe-core and our own measures about every page of the demonstration, in both languages: nothing serious or critical may be wrong.
// Run by `npm run e2e` with HAMYAR_TEST_BINARY set (as `make test` does); left out, and saying so, without it.
// axe-core (MPL-2.0) is a tool of this test: it is handed to the page by the browser and stands in nothing that is distributed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { openBrowser } from './browser.mjs';
import { measure } from './measure.mjs';
import { everyone, pages } from './pages.mjs';
import { theDemo } from './service.mjs';

const binary = process.env.HAMYAR_TEST_BINARY;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const grave = ['serious', 'critical'];

/** What axe finds grave: the rule, where (the first three places), why. */
const faults = (page) =>
  page.evaluate(async (grave) => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return violations.filter(({ impact }) => grave.includes(impact)).flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ target, any, all }) => `${id}: ${target.join(' ')}: ${[...any, ...all].map(({ message }) => message).join('; ')}`));
  }, grave);

/** Until nothing on the page says that it is still coming. */
const settled = (page) => page.waitForFunction((coming) => document.querySelector('main h1, main h2') && !coming.some((words) => document.body.innerText.includes(words)), ['در حال دریافت…', 'Loading…', 'نقشه در حال آماده شدن است…', 'The map is loading…']);

function withoutWebGl() {
  const real = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
    return /webgl/.test(kind) ? null : real.call(this, kind, ...more);
  };
}

describe('accessibility of every page', { skip: binary || process.env.HAMYAR_URL ? false : 'HAMYAR_TEST_BINARY is not set', timeout: 900_000 }, () => {
  let browser;
  let own;
  let demo;

  before(async () => {
    own = theDemo(binary, '--demo');
    [browser, demo] = await Promise.all([openBrowser(), own.started]);
  });
  after(async () => {
    await browser?.close();
    await own?.stop();
  });

  it('finds nothing serious or critical, nothing cut, no Latin digit in Persian, no target too small for a finger: in Persian and in English, by day and by night, at the desk and in the hand', async (t) => {
    // The pages' security policy forbids foreign scripts, axe included; what it protects is tested elsewhere.
    const { contexts, ask } = await everyone(() => browser.newContext({ reducedMotion: 'reduce', bypassCSP: true }), demo);
    // The map is a picture to axe, and drawing it in software takes its time: here it is left out.
    const tabs = {};
    for (const [who, context] of Object.entries(contexts)) {
      tabs[who] = await context.newPage();
      tabs[who].setDefaultTimeout(60_000);
      await tabs[who].addInitScript(withoutWebGl);
    }
    const found = [];
    let turn = 0;
    for (const [name, who, where, act] of pages(ask, {})) {
      const [address, hash] = (await where()).split('#');
      for (const lang of ['fa', 'en']) {
        const page = tabs[who];
        // Both themes and both widths come round over the pages; all four combinations of each would take four times as long.
        const [theme, phone] = [turn % 2 === 0 ? 'light' : 'dark', turn % 3 === 0];
        turn += 1;
        await page.setViewportSize(phone ? { width: 390, height: 844 } : { width: 1366, height: 768 });
        await page.goto(`${demo.origin}${address}${address.includes('?') ? '&' : '?'}lang=${lang}&theme=${theme}${hash ? `#${hash}` : ''}`);
        await page.waitForSelector('main', { state: 'attached' });
        await settled(page);
        if (act) await act(page);
        await page.evaluate(axe);
        for (const fault of [...(await faults(page)), ...(await measure(page, { lang, phone }))]) found.push(`${name} (${lang}, ${theme}, ${phone ? 'phone' : 'desk'}): ${fault}`);
        t.diagnostic(`${name} (${lang})`);
      }
    }
    assert.deepEqual(found, []);
  });
});
