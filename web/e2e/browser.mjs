// One Chromium of the distribution, and the few gestures that the stories share.
import { chromium } from 'playwright-core';

export const BASE = process.env.BASE_URL ?? 'http://127.0.0.1:8000';

/** Starts the browser; the flags keep it from talking to anything but the page. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** A fresh window (no cookies, no storage) with preferences set before the first script runs. */
export async function open(browser, { lang = 'zh', theme = 'light', width = 1440, height = 900, tenant = process.env.TENANT ?? 'demo' } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: lang === 'zh' ? 'zh-CN' : 'en-US', acceptDownloads: true });
  await context.addInitScript((prefs) => {
    if (location.protocol === 'about:') return;
    if (!localStorage.getItem('superpaas.preferences')) localStorage.setItem('superpaas.preferences', JSON.stringify(prefs));
  }, { lang, theme, tenant });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  return page;
}

/** Signs in through the page. */
export async function signIn(page, username, password = 'Demo@12345') {
  await page.goto(BASE);
  await page.locator('#username').fill(username);
  await page.locator('#password').fill(password);
  await page.locator('form button[type=submit]').click();
  await page.locator('.shell').waitFor();
}

/** Waits until the first thing a reference field offers shows the word, and goes on doing so: the list of the search is there. */
export async function offered(page, word = '') {
  const first = page.locator('.ant-select-dropdown:visible .ant-select-item-option').first();
  for (let [same, before, looks] = [0, null, 0]; same < 4; looks += 1) {
    if (looks > 450) throw new Error(`nothing with ${word} is offered`);
    const shown = (await first.count()) > 0 ? await first.textContent({ timeout: 100 }).catch(() => null) : null;
    same = shown !== null && shown === before && shown.includes(word) ? same + 1 : 0;
    before = shown;
    await page.waitForTimeout(100);
  }
}

/** Waits until nothing of the element has changed for a while. */
export function still(page, selector, milliseconds = 1_500) {
  return page.evaluate(([what, pause]) => new Promise((resolve) => {
    let timer = setTimeout(done, pause);
    const observer = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, pause); });
    function done() { observer.disconnect(); resolve(); }
    observer.observe(document.querySelector(what), { subtree: true, childList: true, characterData: true, attributes: true });
  }), [selector, milliseconds]);
}

/** Goes to a place inside the running page without a reload. */
export async function go(page, path) {
  await page.goto(`${BASE}${path}`);
  await page.locator('.place').waitFor();
}
