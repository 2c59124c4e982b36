// Order to cash through the page, in the demo tenant of a running server.
import assert from 'node:assert/strict';
import { go, offered, open, signIn } from '../browser.mjs';

let browser = null;
let page = null;

/** A fresh window for another person. */
async function as(username) {
  await page?.context().close();
  page = await open(browser, { lang: 'en' });
  await signIn(page, username);
}

/** Picks the first record that the reference field offers for a word. */
async function pick(field, word = '') {
  await page.locator(`#f-${field}`).click();
  if (word) await page.keyboard.type(word);
  await offered(page, word);
  await page.locator('.ant-select-dropdown:visible .ant-select-item-option').first().click();
  return (await page.locator(`[data-field=${field}]`).first().innerText()).trim();
}

/** Runs an action of the record; confirms its dialog when it has one; waits for what it leads to. */
async function act(action, reached) {
  await page.locator(`[data-action=${action}]`).click();
  const dialog = page.locator('.ant-modal:visible');
  const done = page.locator(reached);
  await dialog.or(done).first().waitFor();
  if (await dialog.isVisible()) await dialog.locator('.ant-btn-primary').click();
  await done.first().waitFor();
}

const state = (value) => `.record-head [data-state=${value}]`;
const save = async () => {
  await page.keyboard.press('Control+s');
  await page.waitForURL((url) => !url.pathname.endsWith('/new'));
};
/** The place of the record that the last action made. */
const created = () => page.locator('.created-link').first().getAttribute('href');
/** The amounts of one account of the trial balance, by column name order. */
async function account(code) {
  const row = page.locator('table.report tbody tr', { has: page.locator(`td:first-child:text-is("${code}")`) });
  return (await row.locator('td').allInnerTexts()).map((text) => text.replaceAll(',', ''));
}
const balance = async () => {
  await go(page, '/erp/reports/trial-balance');
  await page.locator('table.report').or(page.locator('#p-from')).first().waitFor();
  const year = new Date().getFullYear();
  if (await page.locator('#p-from').count()) {
    await page.locator('#p-from').fill(`${year}-01-01`);
    await page.locator('#p-to').fill(`${year}-12-31`);
    await page.locator('.conditions button[type=submit]').click();
  }
  await page.locator('table.report tbody tr').first().waitFor();
  return { receivable: await account('1122'), revenue: await account('5001') };
};

/** Order, delivery, invoice, receipt: the trial balance shows them. */
export default async function orderToCash(given) {
  browser = given;
  await as('accountant');
  const before = await balance();

  await as('sales');
  await go(page, '/erp/sales-orders/new');
  const customer = await pick('customer');
  await pick('warehouse');
  await page.locator('[data-table=lines] [data-row="0"] [data-field=product] button').click();
  await page.keyboard.type('P001');
  await offered(page, 'P001');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.closest('[data-field]')?.dataset.field === 'quantity');
  await page.keyboard.type('1');
  await page.keyboard.press('Enter');
  await save();
  const order = new URL(page.url()).pathname;
  await act('confirm', state('confirmed'));
  await act('deliver', '.created-link');
  const delivery = await created();

  await as('keeper');
  await go(page, delivery);
  await act('post', state('posted'));

  await as('accountant');
  await go(page, order);
  await act('invoice', '.created-link');
  await go(page, await created());
  await act('post', state('posted'));
  const invoice = (await page.locator('.record-head h1').innerText()).trim();
  const total = (await page.locator('.figure', { hasText: /Total/ }).locator('b').first().innerText()).replaceAll(',', '');

  await go(page, '/erp/receipts/new');
  await pick('customer', customer.split(/\s/).find((word) => /^[A-Z0-9-]+$/.test(word)) ?? '');
  await pick('bankAccount');
  await page.locator('#f-amount').fill(total);
  await page.locator('[data-table=allocations]').scrollIntoViewIfNeeded();
  if (await page.locator('[data-table=allocations] [data-row="0"]').count() === 0) await page.locator('[data-table=allocations] .lines-add').click();
  else await page.locator('[data-table=allocations] [data-row="0"] [data-field=invoice] button').click();
  await page.keyboard.type(invoice);
  await offered(page, invoice.split(' ').at(-1));
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.closest('[data-field]')?.dataset.field === 'amount');
  await page.keyboard.type(total);
  await page.keyboard.press('Enter');
  await save();
  await act('post', state('posted'));

  const after = await balance();
  const cents = (text) => BigInt((text || '0').replace('.', ''));
  const moved = after.revenue.some((text, i) => /^-?\d+\.\d\d$/.test(text) && cents(text) !== cents(before.revenue[i]));
  assert.ok(moved, 'the trial balance shows the revenue of the order');
  assert.notDeepEqual(after.receivable, before.receivable, 'and what passed through receivables');

  // The seller learns that the keeper has posted its delivery, goes there, and the bell is quiet again.
  await as('sales');
  await page.locator('.bell-count').waitFor();
  const waiting = Number(await page.locator('.bell-count').innerText());
  await page.getByTestId('bell').click();
  const news = page.locator('.news-new', { hasText: /Delivery/ });
  await news.first().waitFor();
  await news.first().locator('.link-button').click();
  await page.waitForURL(`**${delivery}`);
  await page.waitForFunction((n) => Number(document.querySelector('.bell-count')?.textContent ?? 0) === n - 1, waiting);
  return `${order} → ${delivery} → ${invoice}, ${total} received`;
}
