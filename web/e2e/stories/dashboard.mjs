// Reports at a glance: on the home page and on a page of their own, as drawing and as table, each point leading to records.
import assert from 'node:assert/strict';
import { go, open, signIn } from '../browser.mjs';

/** What the content security policy or the browser complains about. */
function complaints(page) {
  const said = [];
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) said.push(message.text()); });
  return said;
}

export default async function dashboard(browser) {
  const page = await open(browser, { lang: 'en' });
  const said = complaints(page);
  await signIn(page, 'admin');
  await page.locator('.home-boards .drawing canvas').first().waitFor();
  const choices = await page.locator('.board-choice button').allInnerTexts();
  assert.deepEqual(choices, ['Sales overview', 'Receivables overview', 'Stock overview']);
  await page.locator('.board-choice button', { hasText: 'Stock' }).click();
  await page.locator('[data-panel=stock-ledger] canvas').waitFor();
  await page.reload();
  await page.locator('[data-panel=stock-ledger] canvas').waitFor();

  await go(page, '/erp/dashboards/stock');
  const ledger = page.locator('[data-panel=stock-ledger]');
  await ledger.locator('canvas').waitFor();
  const figures = await ledger.locator('dd').allInnerTexts();
  assert.equal(figures.length, 3);
  assert.equal(figures[0], figures[1], 'the stock is worth what its account says');
  assert.equal(figures[2], '0.00');
  await ledger.locator('.chart-foot button').click();
  const rows = ledger.locator('table.report tbody tr');
  assert.equal(await rows.count(), 12, 'twelve months');
  assert.equal(await rows.last().locator('td').nth(1).innerText(), figures[0], 'the table has the same figures');
  await rows.last().locator('a.drill').first().click();
  await page.waitForURL(/\/erp\/stock-moves\?/);
  await page.locator('.grid-row[data-id]').first().waitFor();

  await go(page, '/erp/dashboards/sales');
  const trend = page.locator('[data-panel=sales-trend]');
  await trend.locator('canvas').waitFor();
  const [revenue = ''] = await trend.locator('dd').allInnerTexts();
  const box = await trend.locator('canvas').boundingBox();
  // The last month's columns stand at the right end: a click on one opens what was invoiced or received in that month.
  for (let x = box.width - 24; x > box.width - 80 && page.url().includes('/dashboards/'); x -= 4) {
    await page.mouse.click(box.x + x, box.y + box.height - 32);
    await page.waitForTimeout(60);
  }
  await page.waitForURL(/\/erp\/(sales-invoices|receipts)\?/);
  assert.match(decodeURIComponent(page.url()), /(invoice|receipt)Date\[gte\]=\d{4}-\d{2}-01&(invoice|receipt)Date\[lte\]=/, 'the month is kept');
  await page.goBack();
  await trend.locator('canvas').waitFor();
  await trend.getByRole('link').first().click();
  await page.waitForURL(/\/erp\/reports\/sales-trend\?from=\d{4}-\d{2}-01/);
  await page.locator('table.report tfoot').waitFor();
  assert.ok((await page.locator('table.report tfoot').innerText()).includes(revenue), 'the report says what the board says');
  await page.locator('.ant-segmented-item').nth(1).click();
  await page.locator('.drawing canvas').waitFor();
  assert.match(await page.locator('.drawing').getAttribute('aria-label'), /Sales by month · Received: \d{4}-\d{2} [\d,.]+/);

  const keeper = await open(browser, { lang: 'zh' });
  const keeperSaid = complaints(keeper);
  await signIn(keeper, 'keeper');
  await keeper.locator('.home-boards canvas').first().waitFor();
  assert.equal(await keeper.locator('.board-choice').count(), 0, 'who may read reports of stock only sees one board');
  assert.deepEqual(await keeper.locator('[data-panel]').evaluateAll((all) => all.map((p) => p.dataset.panel)), ['stock-summary']);
  assert.deepEqual([...said, ...keeperSaid].filter((text) => !text.includes('401')), [], 'the browser complains about nothing');
  return `${choices.length} boards, revenue ${revenue}`;
}
