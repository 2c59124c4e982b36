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
  page.setDefaultTimeout(15_000);
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

/** Goes to a place inside the running page without a reload. */
export async function go(page, path) {
  await page.goto(`${BASE}${path}`);
  await page.locator('.place').waitFor();
}
