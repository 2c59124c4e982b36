// Part of an order is delivered by choosing its rows; the documents know each other; the goods come back in part.
import assert from 'node:assert/strict';
import { go, open, signIn } from '../browser.mjs';

const state = (value) => `.record-head [data-state=${value}]`;

/** Takes the first row of the document in the head, with a quantity. */
async function pickFirst(page, within, quantity) {
  await within.locator('[data-testid=pick-rows]').click();
  const picker = page.locator('.ant-modal:visible', { has: page.locator('.pick-box') });
  await picker.locator('tbody input[type=checkbox]').first().check();
  await picker.locator('.pick-quantity').first().fill(quantity);
  await picker.locator('.ant-btn-primary').click();
  await picker.waitFor({ state: 'hidden' });
}

export default async function rows(browser) {
  const page = await open(browser, { lang: 'en' });
  await signIn(page, 'admin');
  await go(page, '/erp/sales-orders?state=confirmed&customer.code=C005');
  await page.locator('.grid-row').first().click();
  await page.locator('[data-action=deliver]').click();
  const dialog = page.locator('.ant-modal:visible', { has: page.locator('.dialog-fields') });
  await pickFirst(page, dialog, '2');
  await dialog.locator('.ant-modal-footer .ant-btn-primary').click();
  await page.locator('.created-link').waitFor();
  const order = (await page.locator('.record-head h1').innerText()).trim();
  const delivery = (await page.locator('.created-link').innerText()).trim();
  await page.keyboard.press('Alt+l');
  await page.locator('.links .link-to', { hasText: delivery.split(' ').at(-1) }).waitFor();
  await page.locator('.ant-drawer-close').click();
  await page.locator('.ant-drawer-mask').waitFor({ state: 'hidden' });

  await page.locator('.created-link').click();
  await page.locator('[data-table=lines] [data-row="0"]').waitFor();
  assert.match(await page.locator('[data-table=lines] [data-row="0"] [data-field=quantity]').innerText(), /^2(\.0*)?$/, 'only what was chosen');
  await page.locator('[data-action=post]').click();
  await page.locator(state('posted')).waitFor();

  await go(page, '/erp/sales-returns/new');
  await page.locator('#f-delivery').click();
  await page.keyboard.type(delivery.split(' ').at(-1));
  await page.locator('.ant-select-dropdown:visible .ant-select-item-option', { hasText: delivery.split(' ').at(-1) }).first().click();
  await page.locator('[data-field=customer] .ant-select-content, [data-field=customer] .ant-select-selection-item').filter({ hasText: /\S/ }).first().waitFor();
  await pickFirst(page, page.locator('[data-table=lines]'), '1');
  await page.keyboard.press('Control+s');
  await page.waitForURL((url) => !url.pathname.endsWith('/new'));
  await page.locator('[data-action=post]').click();
  await page.locator(state('posted')).waitFor();
  return `${order}: 2 delivered, 1 came back`;
}
