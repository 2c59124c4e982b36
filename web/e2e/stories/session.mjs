// The session ends while a form is being filled in: nothing is lost, neither over the form nor after a crash.
import assert from 'node:assert/strict';
import { go, open, signIn } from '../browser.mjs';

export default async function sessionEnds(browser) {
  const page = await open(browser, { lang: 'en' });
  await signIn(page, 'sales');
  await go(page, '/erp/sales-orders?state=draft');
  await page.locator('.grid-row').first().click();
  await page.locator('#f-note').waitFor();
  const place = new URL(page.url()).pathname;
  await page.locator('#f-note').fill('written before the session ended');
  await page.locator('.unsaved').waitFor();

  // The cookie is gone and the token of the page is no longer taken, as after a revocation at the server.
  await page.context().clearCookies();
  await page.route('**/api/v1/erp/**', (route) => route.fulfill({ status: 401, contentType: 'application/json', body: '{"code":"TOKEN_EXPIRED","message":"over"}' }));
  await page.keyboard.press('Control+s');
  await page.locator('[data-testid=again]').waitFor();
  await page.unroute('**/api/v1/erp/**');
  await page.locator('#again').fill('not the password');
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=again] .problem', { hasText: /\S/ }).waitFor();
  assert.equal(await page.locator('#f-note').inputValue(), 'written before the session ended');
  await page.locator('#again').fill('Demo@12345');
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=again]').waitFor({ state: 'hidden' });
  await page.locator('.unsaved').waitFor({ state: 'hidden' });

  // A crash: the page goes away without a word; the next visit offers what was typed.
  await page.locator('#f-note').fill('typed before the crash');
  await page.waitForFunction(() => Object.values(localStorage).some((kept) => kept.includes('typed before the crash')));
  const crashed = await page.context().newPage();
  await page.close({ runBeforeUnload: false });
  await crashed.goto(new URL(place, page.url()).href);
  await crashed.locator('[data-testid=kept]').waitFor();
  await crashed.locator('[data-testid=kept] .ant-btn-primary').click();
  assert.equal(await crashed.locator('#f-note').inputValue(), 'typed before the crash');
  await crashed.keyboard.press('Control+s');
  await crashed.locator('.unsaved').waitFor({ state: 'hidden' });
  assert.deepEqual(await crashed.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('superpaas.draft.'))), [], 'what is saved is not kept');
}
