// Starts the browser for the pages' tests and for looking at them.
// Used by e2e/run.mjs and e2e/look.mjs. WebGL is drawn in software, so no graphics card is needed.
// Every fault that a page reports is collected; a test that leaves one behind fails.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const candidates = [process.env.HAMYAR_TEST_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export async function openBrowser() {
  const executablePath = candidates.find((one) => one && existsSync(one));
  if (!executablePath) throw new Error('no chromium found; set HAMYAR_TEST_CHROMIUM');
  return chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'] });
}

/** A page of its own session; `faults` grows with every error the page reports. */
export async function openPage(browser, { width = 1366, height = 768, ...more } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce', ...more });
  const page = await context.newPage();
  // Drawing maps in software on a busy machine takes its time.
  page.setDefaultTimeout(90_000);
  const faults = [];
  page.on('pageerror', (fault) => faults.push(`page: ${fault.message}`));
  page.on('console', (message) => {
    // An answer of 401 before signing in is the question "who am I", not a fault.
    if (message.type() === 'error' && !/status of 401|status of 403|status of 409/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  return { context, page, faults };
}

export const mapReady = (page) => page.waitForSelector('[data-ready=true]', { timeout: 60_000, state: 'attached' });
