// An order from first key to delivery without touching the mouse.
import assert from 'node:assert/strict';
import { open, signIn } from '../browser.mjs';

/** Types into the reference that has the focus and takes the first hit. */
async function refer(page, word) {
  await page.keyboard.type(word);
  await page.locator('.ant-select-dropdown:visible .ant-select-item-option', { hasText: word }).first().waitFor();
  await page.keyboard.press('Enter');
}
const focusedField = (page, name) => page.waitForFunction((wanted) => document.activeElement?.closest('[data-field]')?.dataset.field === wanted, name);
/** Tab until the focus is in a field of the head. */
async function tabTo(page, name) {
  for (let i = 0; i < 40; i++) {
    if (await page.evaluate(() => document.activeElement?.closest('[data-field]')?.dataset.field) === name) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab never reaches ${name}`);
}

export default async function keyboardOrder(browser) {
  const page = await open(browser, { lang: 'en' });
  await signIn(page, 'sales');
  await page.locator('.home h1').waitFor();
  await page.locator('.menu-group').first().waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('new sales order');
  await page.locator('.hit[aria-selected=true]', { hasText: 'New Sales order' }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/sales-orders\/new/);
  await page.locator('#f-customer').waitFor();
  await tabTo(page, 'customer');
  await refer(page, 'C001');
  await tabTo(page, 'warehouse');
  await refer(page, 'WH01');
  await tabTo(page, 'product');
  await refer(page, 'P001');
  await focusedField(page, 'quantity');
  await page.keyboard.type('2');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+s');
  await page.waitForURL((url) => !url.pathname.endsWith('/new'));
  await page.locator('.record-head [data-state=draft]').waitFor();
  await page.keyboard.press('Control+Enter');
  await page.locator('.record-head [data-state=confirmed]').waitFor();
  await page.keyboard.press('Control+Enter');
  await page.locator('.ant-modal:visible #f-act-date').waitFor();
  await page.waitForFunction(() => document.activeElement?.closest('.dialog-fields'));
  await page.keyboard.type('t');
  await page.keyboard.press('Control+Enter');
  await page.locator('.created-link').waitFor();
  return 'create, confirm, deliver';
}
