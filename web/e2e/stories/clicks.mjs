// The paths of everyday work that exist take three clicks at most from home; typing and Tab are not clicks.
import assert from 'node:assert/strict';
import { BASE, offered, open, signIn } from '../browser.mjs';

let page = null;
let clicks = 0;

/** A click as a person makes it, counted. */
async function click(locator) {
  clicks += 1;
  await locator.first().click();
}

/** Home, freshly opened; walks a path and answers how many clicks it took. */
async function path(name, most, walk) {
  await page.goto(BASE);
  await page.locator('.home .tile').first().waitFor();
  clicks = 0;
  await walk();
  assert.ok(clicks <= most, `${name}: ${clicks} clicks of ${most}`);
  return `${name} ${clicks}`;
}

const place = (pattern) => page.waitForURL((url) => pattern.test(url.pathname + url.search));
const tile = (pattern) => page.locator('.home .tile', { hasText: pattern });

async function newOrder() {
  await click(tile(/^\+\s*Sales order/));
  await place(/\/erp\/sales-orders\/new/);
  await page.locator('#f-customer').waitFor();
  for (const [field, word] of [['customer', 'C001'], ['warehouse', 'WH01']]) {
    await page.locator(`#f-${field}`).focus();
    await page.keyboard.type(word);
    await offered(page, word);
    await page.keyboard.press('Enter');
  }
  await click(page.locator('[data-table=lines] [data-row="0"] [data-field=product] button'));
  await page.keyboard.type('P001');
  await offered(page, 'P001');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.closest('[data-field]')?.dataset.field === 'quantity');
  await page.keyboard.type('1');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+s');
  await place(/\/erp\/sales-orders\/[0-9a-f-]{36}/);
}

async function findByNumber(number) {
  await page.keyboard.press('Control+k');
  await page.keyboard.type(number);
  await page.locator('.palette [role=option]', { hasText: number }).first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.record-head h1', { hasText: number }).waitFor();
}

async function deliverWaiting(number) {
  await click(tile(/Sales order.*Confirmed/s));
  await click(page.locator('.grid-row[data-id]', { hasText: number }));
  if (await page.locator('.record-head').count() === 0) await page.keyboard.press('Enter');
  await page.locator('[data-action=deliver]').first().waitFor();
  await click(page.locator('[data-action=deliver]'));
  // The dialog takes everything that is open and stands in its first field: Enter goes on.
  await page.waitForFunction(() => document.activeElement.closest('.dialog-fields') !== null);
  await page.keyboard.press('Enter');
  await page.locator('.created-link').first().waitFor();
}

async function overdueOfCustomer() {
  await click(page.locator('.home-groups a', { hasText: /Receivables by age/ }));
  await page.locator('table.report a.drill').first().waitFor();
  await click(page.locator('table.report a.drill'));
  await page.locator('.grid-row[data-id]').first().waitFor();
}

/** From home in three clicks, with the shortest ways in none. */
export default async function threeClicks(browser) {
  page = await open(browser, { lang: 'en' });
  await signIn(page, 'admin');
  const said = [await path('new order', 3, newOrder)];
  const number = (await page.locator('.record-head h1').innerText()).trim();
  said.push(await path('find by number', 1, () => findByNumber(number)));
  await page.keyboard.press('Control+Enter');
  await page.locator('.record-head [data-state=confirmed]').waitFor();
  said.push(await path('deliver what waits', 3, () => deliverWaiting(number)));
  said.push(await path('what a customer owes', 3, overdueOfCustomer));
  return said.join(', ');
}
