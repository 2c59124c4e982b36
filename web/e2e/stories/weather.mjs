// A slow network and a failing server: bars instead of blanks, words instead of silence, and the form stays.
import assert from 'node:assert/strict';
import { go, signIn } from '../browser.mjs';
import { openToy } from '../toy-page.mjs';

export default async function weather(browser) {
  let delay = 0;
  let failing = false;
  const before = async (call) => {
    if (delay > 0 && /notes/.test(call.url)) await new Promise((resolve) => setTimeout(resolve, delay));
    const broken = failing && /notes/.test(call.url) && !call.url.includes('dryRun');
    return broken ? { status: 500, body: { code: 'INTERNAL', message: 'This did not work. Try again, or name the request below.', details: null, requestId: 'req-77' } } : null;
  };
  const { page } = await openToy(browser, { lang: 'en', before });
  await signIn(page, 'kim');
  delay = 900;
  await go(page, '/toy/notes');
  await page.locator('.place .skeleton').waitFor();
  assert.equal(await page.locator('.list-head h1').count(), 1, 'the frame is there before the rows');
  await page.locator('.grid-row').first().waitFor();
  delay = 0;

  await page.locator('.tab').nth(1).click();
  await page.waitForURL(/state=draft/);
  await page.locator('.grid-row').first().click();
  await page.locator('#f-remark').waitFor();
  await page.locator('#f-remark').fill('kept through the failure');
  failing = true;
  await page.keyboard.press('Control+s');
  await page.locator('.ant-message-notice', { hasText: 'This did not work' }).waitFor();
  assert.equal(await page.locator('#f-remark').inputValue(), 'kept through the failure');
  failing = false;
  await page.keyboard.press('Control+s');
  await page.locator('.unsaved').waitFor({ state: 'hidden' });

  failing = true;
  await go(page, '/toy/notes');
  await page.locator('.notice', { hasText: 'req-77' }).waitFor({ timeout: 20_000 });
  failing = false;
  await page.locator('.notice button').click();
  await page.locator('.grid-row').first().waitFor();
}
