// Takes pictures of every page in both languages at three sizes, against the mock: `node e2e/look.mjs DIR [name…]`.
// Run by hand after a change of looks; compares nothing, a person looks.
// Ends with an error when a page reported a fault.
import { mkdirSync } from 'node:fs';
import { mock } from '../mock/server.mjs';
import { mapReady, openBrowser, openPage } from './browser.mjs';

const [dir = 'pictures', ...only] = process.argv.slice(2);
mkdirSync(dir, { recursive: true });
const sizes = { phone: [390, 844], laptop: [1366, 768], wall: [2560, 1440] };
const { server, alerts, city } = mock();
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const origin = process.env.HAMYAR_URL ?? `http://127.0.0.1:${server.address().port}`;
const post = (who, path, body = {}) => fetch(`${origin}/api/v1${path}`, { method: 'POST', headers: { 'content-type': 'application/json', cookie: `who=${who}` }, body: JSON.stringify(body) }).then((answer) => answer.json());

const adopted = await post('sara', `/proposals/${city.uuid(4001)}/adopt`);
const pages = {
  public: ['', '/'],
  'public-signin': ['', '/?sign-in=1'],
  report: ['', '/report'],
  track: ['', '/report?track=1'],
  helper: ['', '/helper'],
  notices: ['helper', '/helper'],
  situation: ['sara', '/'],
  alerts: ['sara', '/?view=alerts'],
  draft: ['sara', `/?view=alerts&id=${adopted.id}`],
  proposal: ['sara', `/?view=alerts&id=proposal:${city.uuid(4001)}`],
  incidents: ['sara', '/?view=incidents'],
  reports: ['sara', '/?view=reports'],
  gauges: ['sara', `/?view=gauges&id=${city.sensors[2].id}`],
  health: ['sara', '/?view=health'],
  helpers: ['sara', '/?view=helpers'],
  inbox: ['sara', '/?view=inbox'],
  map: ['sara', '/?map=1'],
  edit: ['sara', `/?view=alerts&id=${adopted.id}`, async (page) => page.locator('.actions button:not(.main):not(.quiet)').first().click()],
  live: ['reza', `/?view=alerts&id=${adopted.id}`],
  'public-live': ['', '/'],
};
const browser = await openBrowser();
let faulty = 0;
for (const [name, [who, path, act]] of Object.entries(pages)) {
  if (name === 'live') {
    await post('reza', `/alerts/${adopted.id}/approve`, { content_hash: alerts[0].content_hash });
    await post('reza', `/alerts/${adopted.id}/publish`);
  }
  for (const [size, [width, height]] of Object.entries(sizes)) {
    for (const lang of ['fa', 'en']) {
      const file = `${name}-${size}-${lang}`;
      if (only.length > 0 && !only.some((one) => file.includes(one))) continue;
      const { context, page, faults } = await openPage(browser, { width, height });
      if (who) await context.addCookies([{ name: 'who', value: who, url: origin }]);
      await page.goto(`${origin}${path}${path.includes('?') ? '&' : '?'}lang=${lang}${process.env.THEME ? `&theme=${process.env.THEME}` : ''}`);
      await page.waitForSelector('main', { state: 'attached' });
      if (await page.locator('div.map').first().isVisible().catch(() => false)) await mapReady(page);
      else await page.waitForLoadState('load');
      await page.waitForTimeout(400);
      if (act) await act(page);
      await page.waitForTimeout(900);
      await page.screenshot({ path: `${dir}/${file}.png` });
      if (faults.length > 0) console.log(file, faults);
      faulty += faults.length;
      await context.close();
    }
  }
}
await browser.close();
server.closeAllConnections();
server.close();
process.exitCode = faulty > 0 ? 1 : 0;
