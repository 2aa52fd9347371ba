// Walks through the pages in a browser, against the invented city: sign-in, four eyes, the public pages, a broken line.
// Run by `npm run e2e` after `npm run build`; what the service itself decides is tested in demo.test.mjs and in Rust.
// Every test ends with a look at what the page reported: a page that logs a fault has failed.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { mock } from '../mock/server.mjs';
import { mapReady, openBrowser, openPage } from './browser.mjs';

/** No map is loaded on a telephone: a test that needs none is several times as fast. */
const inTheHand = { width: 390, height: 844 };

describe('the pages over an invented city', { timeout: 600_000 }, () => {
  let browser;
  let server;
  let city;
  let origin;

  before(async () => {
    browser = await openBrowser();
    ({ server, city } = mock());
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    origin = `http://127.0.0.1:${server.address().port}`;
  });
  after(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });

  const signIn = async (page, login) => {
    await page.goto(`${origin}/?sign-in=1`);
    await page.fill('input[name=login]', login);
    await page.fill('input[name=password]', 'anything');
    await page.click('form button');
    await page.waitForSelector('nav');
  };

  it('draws the map from our own shapes, with Persian labels from our own font, and asks nobody outside', async () => {
    const { context, page, faults } = await openPage(browser);
    const outside = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(origin) && !/^(blob|data):/.test(request.url())) outside.push(request.url());
    });
    await page.goto(`${origin}/`);
    await mapReady(page);
    assert.equal(await page.evaluate(() => document.fonts.check('16px "Vazirmatn Variable"', 'سیل')), true);
    assert.deepEqual(outside, []);
    assert.equal(await page.getAttribute('html', 'lang'), 'fa');
    assert.equal(await page.getAttribute('body', 'dir'), 'rtl');
    assert.equal(await page.getAttribute('html', 'dir'), null);
    assert.deepEqual(faults, []);
    await context.close();
  });

  it('lets one officer adopt, refuses the author’s approval with the reason, and lets a second person approve and publish', async () => {
    const sara = await openPage(browser);
    await signIn(sara.page, 'sara');
    await sara.page.goto(`${origin}/?view=alerts&id=proposal:${city.uuid(4001)}`);
    await sara.page.getByRole('button', { name: 'برداشتن به‌عنوان پیش‌نویس' }).click();
    await sara.page.getByText('تأیید با نفر دوم است').waitFor();
    assert.equal(await sara.page.locator('.actions button.main').isDisabled(), true);
    const address = sara.page.url();

    const reza = await openPage(browser);
    await signIn(reza.page, 'reza');
    await reza.page.goto(address);
    await reza.page.locator('.actions button.main').click();
    await reza.page.locator('dialog button.main').click();
    await reza.page.locator('.actions button.grave').click();
    await reza.page.locator('dialog button.grave').click();
    await reza.page.getByRole('heading', { name: 'رساندن پیام‌ها' }).waitFor();
    // Sara's open page learns of it by the live line.
    await sara.page.getByRole('heading', { name: 'رساندن پیام‌ها' }).waitFor();

    const anyone = await openPage(browser);
    await anyone.page.goto(`${origin}/?lang=en`);
    await anyone.page.getByRole('heading', { name: 'Flood warning, level red' }).waitFor();
    for (const { faults, context } of [sara, reza, anyone]) {
      assert.deepEqual(faults, []);
      await context.close();
    }
  });

  it('counts the text message while it is edited', async () => {
    const { context, page, faults } = await openPage(browser);
    await signIn(page, 'sara');
    await page.goto(`${origin}/?view=alerts&lang=en`);
    await page.getByRole('button', { name: 'New alert' }).click();
    await page.locator('dialog input[type=checkbox]').first().check();
    await page.locator('dialog button.main').click();
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    const text = page.locator('fieldset[lang=fa] label', { hasText: 'Text message' });
    await text.locator('textarea').fill('س'.repeat(70));
    await text.getByText('70 units · 1 part').waitFor();
    await text.locator('textarea').fill('س'.repeat(71));
    await text.getByText('71 units · 2 parts').waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });

  it('takes no yes to a text that changed while the question stood open', async () => {
    const { context, page, faults } = await openPage(browser, inTheHand);
    await signIn(page, 'sara');
    await page.goto(`${origin}/?view=alerts&lang=en`);
    await page.getByRole('button', { name: 'New alert' }).click();
    await page.locator('dialog input[type=checkbox]').first().check();
    await page.locator('dialog form > button.main').click();
    await page.locator('.actions').waitFor();
    const address = page.url();
    const reza = await openPage(browser, inTheHand);
    await signIn(reza.page, 'reza');
    await reza.page.goto(address);
    await reza.page.locator('.actions button.main').click();
    assert.equal(await reza.page.locator('dialog button.main').isDisabled(), false);
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    await page.locator('fieldset[lang=fa] textarea').first().fill('متنی دیگر');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await reza.page.getByText('This alert has just changed.').waitFor();
    assert.equal(await reza.page.locator('dialog button.main').isDisabled(), true);
    assert.deepEqual([...faults, ...reza.faults], []);
    await context.close();
    await reza.context.close();
  });

  it('gives a minor whom nobody looks after a mentor with one choice', async () => {
    const { context, page, faults } = await openPage(browser, inTheHand);
    await signIn(page, 'sara');
    await page.goto(`${origin}/?view=helpers&lang=en`);
    await page.locator('.mentors button').first().click();
    await page.locator('dialog .callout').getByText('Minors who are left without a mentor').waitFor();
    await page.locator('dialog button.grave').click();
    await page.getByText('2 minors without a mentor').waitFor();
    await page.locator('.alone button').first().click();
    await page.selectOption('dialog select', { index: 1 });
    await page.locator('dialog form button.main').click();
    await page.getByText('1 minor without a mentor').waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });

  it('shows a token once, and ends all sign-ins when the password changes', async () => {
    const { context, page, faults } = await openPage(browser, inTheHand);
    await signIn(page, 'sara');
    await page.locator('header a.me').click();
    await page.fill('[name=token]', 'نمایشگر سالن');
    await page.locator('form:has([name=token]) button.main').click();
    await page.getByText('shown-once-and-never-again').waitFor();
    await page.reload();
    await page.getByText('نمایشگر سالن').waitFor();
    assert.equal(await page.getByText('shown-once-and-never-again').count(), 0);
    const change = async (current) => {
      await page.fill('[name=current]', current);
      await page.fill('[name=new]', 'a long enough one');
      await page.fill('[name=again]', 'a long enough one');
      await page.locator('form:has([name=current]) button.main').click();
    };
    await change('wrong');
    await page.getByText('گذرواژهٔ کنونی درست نیست.').waitFor();
    await change('right');
    await page.getByText('۲ ورود و ۱ توکن پایان یافت').waitFor();
    await page.locator('input[name=login]').waitFor();
    assert.equal(await page.locator('nav').count(), 0);
    assert.deepEqual(faults, []);
    await context.close();
  });

  it('takes a report without WebGL and without a map, and shows number and secret', async () => {
    const { context, page, faults } = await openPage(browser, { width: 390, height: 844, geolocation: { longitude: 48.51, latitude: 34.8 }, permissions: ['geolocation'] });
    await page.addInitScript(() => (HTMLCanvasElement.prototype.getContext = () => null));
    await page.goto(`${origin}/report`);
    await page.locator('textarea').fill('آب از جدول بالا زده است');
    await page.getByRole('button', { name: 'از جای من استفاده کن' }).click();
    await page.getByText('جای شما با دقت').waitFor();
    await page.locator('button.send').click();
    await page.getByText('۴۸۱۰۵۵۳۱').waitFor();
    assert.equal(await page.locator('.secret').textContent(), 'k7dm-2xqp-94tr');
    assert.deepEqual(city.reports[0].position, [48.51, 34.8]);
    assert.deepEqual(faults, []);
    await context.close();
  });

  it('says that this browser has no map, and lists everything beside it', async () => {
    const { context, page } = await openPage(browser);
    await page.addInitScript(() => {
      const real = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        return /webgl/.test(kind) ? null : real.call(this, kind, ...more);
      };
    });
    await page.goto(`${origin}/`);
    await page.getByText('این مرورگر نمی‌تواند نقشه را نشان دهد').waitFor();
    assert.ok((await page.locator('ul.zones li').count()) > 30);
    await context.close();
  });

  it('lets a helper answer with one key', async () => {
    const { context, page, faults } = await openPage(browser, { width: 390, height: 844 });
    await page.goto(`${origin}/helper`);
    await page.locator('input[type=tel]').fill('۰۹۱۸۱۲۳۴۵۶۷');
    await page.locator('button.main', { hasText: 'فرستادن کد' }).click();
    await page.locator('input.code').fill('۱۲۳۴۵۶');
    await page.locator('form button.main').click();
    await page.getByRole('button', { name: 'در امانم' }).click();
    await page.getByText('پاسخ شما: «در امانم»').waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });

  it('can be used with the keyboard alone and keeps what is open in the address', async () => {
    const { context, page, faults } = await openPage(browser);
    await signIn(page, 'sara');
    await page.reload();
    await page.waitForSelector('nav');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.className), 'skip');
    const reports = page.locator('nav button', { hasText: 'گزارش‌ها' });
    await reports.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/view=reports/);
    await page.goBack();
    assert.ok(!page.url().includes('view='));
    await page.locator('header button[lang=en]').click();
    await page.waitForFunction(() => document.body.dir === 'ltr' && location.search.includes('lang=en'));
    assert.deepEqual(faults, []);
    await context.close();
  });

  it('goes on in English for whoever came by an English link, and leaves the browser’s own choice as it was', async () => {
    const { context, page, faults } = await openPage(browser, { width: 390, height: 844 });
    await page.goto(`${origin}/?lang=en`);
    await page.locator('.doors a').first().click();
    await page.waitForURL(/\/report/);
    await page.getByRole('heading', { name: 'Report to the city' }).waitFor();
    const other = await context.newPage();
    await other.goto(`${origin}/report`);
    await other.getByRole('heading', { name: 'گزارش به شهر' }).waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });

  it('keeps the focus in a dialog, closes it with Escape, and gives the focus back', async () => {
    const { context, page, faults } = await openPage(browser);
    await signIn(page, 'sara');
    await page.goto(`${origin}/?view=alerts&lang=en`);
    const opener = page.getByRole('button', { name: 'New alert' });
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.locator('dialog').waitFor();
    const stops = await page.locator('dialog').evaluate((dialog) => dialog.querySelectorAll('button, input, select, textarea').length);
    for (let step = 0; step <= stops + 2; step += 1) {
      await page.keyboard.press('Tab');
      // Between the last and the first stop the browser itself may hold the focus; the page behind never does.
      assert.equal(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null), true);
    }
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.textContent?.includes('New alert'));
    assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'solid');
    assert.deepEqual(faults, []);
    await context.close();
  });

  it('loads no map on a telephone until it is opened', async () => {
    const { context, page, faults } = await openPage(browser, { width: 390, height: 844 });
    await signIn(page, 'sara');
    await page.goto(`${origin}/?view=gauges&lang=en`);
    await page.locator('svg path.line').first().waitFor();
    assert.equal(await page.locator('canvas').count(), 0);
    await page.locator('nav button.only-phone').click();
    await mapReady(page);
    assert.deepEqual(faults, []);
    await context.close();
  });

  it('says since when the line is lost, and recovers by itself', async () => {
    const { context, page } = await openPage(browser);
    await signIn(page, 'sara');
    await page.getByText('زنده', { exact: true }).waitFor();
    await context.setOffline(true);
    server.closeAllConnections();
    await page.getByText('ارتباط از ساعت').waitFor();
    await context.setOffline(false);
    await page.getByText('ارتباط از ساعت').waitFor({ state: 'detached' });
    await context.close();
  });
});
