// Takes pictures of every page in both languages at three sizes: `node e2e/look.mjs DIR [name…]`; THEME=dark for the dark theme.
// With HAMYAR_TEST_BINARY it starts a demonstration of its own; with HAMYAR_URL, HAMYAR_OFFICER and HAMYAR_APPROVER (the printed passwords) it visits a running one.
// Run by hand after a change of looks; compares nothing, a person looks, and what can be measured is printed. Ends with an error when a page reported a fault.
import { mkdirSync } from 'node:fs';
import { mapReady, openBrowser } from './browser.mjs';
import { measure } from './measure.mjs';
import { everyone, pages } from './pages.mjs';
import { theDemo } from './service.mjs';

const [dir = 'pictures', ...only] = process.argv.slice(2);
mkdirSync(dir, { recursive: true });
const sizes = { phone: [390, 844], laptop: [1366, 768], wall: [2560, 1440] };
const theme = process.env.THEME ? `&theme=${process.env.THEME}` : '';
const own = theDemo(process.env.HAMYAR_TEST_BINARY, '--demo');
const demo = await own.started;

const browser = await openBrowser();
let faulty = 0;
try {
  const { contexts, ask } = await everyone(() => browser.newContext({ reducedMotion: 'reduce' }), demo);
  for (const [name, who, where, act] of pages(ask, {})) {
    // A page further on in the story needs what the earlier ones made, whether or not they are wanted.
    const needed = ['draft', 'live', 'all-clear', 'cleared', 'helpers-alone'].includes(name);
    const wanted = Object.keys(sizes).flatMap((size) => ['fa', 'en'].map((lang) => [size, lang, `${name}-${size}-${lang}`])).filter(([, , file]) => only.length === 0 || only.some((one) => file.startsWith(one) || `-${file}`.includes(one)));
    if (wanted.length === 0 && !needed) continue;
    let path = await where();
    for (const [size, lang, file] of wanted) {
      const [address, hash] = path.split('#');
      const page = await contexts[who].newPage();
      page.setDefaultTimeout(60_000);
      page.on('pageerror', (fault) => (console.log(file, fault.message), (faulty += 1)));
      page.on('console', (message) => {
        if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) (console.log(file, message.text()), (faulty += 1));
      });
      await page.setViewportSize({ width: sizes[size][0], height: sizes[size][1] });
      await page.goto(`${demo.origin}${address}${address.includes('?') ? '&' : '?'}lang=${lang}${theme}${hash ? `#${hash}` : ''}`);
      try {
        await page.waitForSelector('main', { state: 'attached' });
        if (await page.locator('div.map').first().isVisible().catch(() => false)) await mapReady(page);
        await page.waitForLoadState('load');
        if (act) await act(page);
        // A map writes its values only after the readings have come and it has come to rest.
        await page.waitForTimeout((await page.locator('div.map canvas').count()) > 0 ? 2_500 : 700);
        for (const ugly of await measure(page, { lang, phone: size === 'phone' })) console.log(`${file}: ${ugly}`);
      } catch (fault) {
        console.log(file, String(fault).slice(0, 300));
        faulty += 1;
      }
      await page.screenshot({ path: `${dir}/${file}.png` });
      await page.close();
    }
  }
} finally {
  await browser.close();
  await own.stop();
}
process.exitCode = faulty > 0 ? 1 : 0;
