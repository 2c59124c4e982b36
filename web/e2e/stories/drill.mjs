// Every figure that leads somewhere leads to a list or a report that answers, narrowed by the row and by what was asked.
import assert from 'node:assert/strict';
import { go, open, signIn } from '../browser.mjs';

/** Reports with declared ways, and whether their figures lead to records. */
const REPORTS = { 'trial-balance': true, 'ar-aging': true, 'stock-summary': true, 'sales-margin': true, 'income-statement': false };

export default async function drill(browser) {
  const page = await open(browser, { lang: 'en' });
  await signIn(page, 'admin');
  let followed = 0;
  for (const [report, records] of Object.entries(REPORTS)) {
    await go(page, `/erp/reports/${report}`);
    await page.locator('table.report a.drill').first().waitFor();
    const ways = await page.locator('table.report a.drill').evaluateAll((links) => {
      const seen = new Map();
      for (const link of links) {
        const url = new URL(link.href);
        const kind = `${url.pathname}?${[...url.searchParams.keys()].sort().join('&')}`;
        if (!seen.has(kind)) seen.set(kind, url.pathname + url.search);
      }
      return [...seen.values()];
    });
    assert.ok(ways.length > 0, `${report} leads somewhere`);
    for (const way of ways) {
      assert.equal(way.includes('/reports/'), !records, way);
      await go(page, way);
      await page.locator(records ? '.grid-row[data-id]' : 'table.report tbody tr').first().waitFor();
      followed += 1;
    }
  }
  await go(page, '/erp/reports/trial-balance');
  const row = page.locator('table.report tbody tr:not(.group)', { has: page.locator('td:first-child:text-is("1122")') });
  const debit = (await row.locator('td').nth(3).innerText()).replaceAll(',', '');
  await row.locator('td').nth(3).locator('a').click();
  await page.locator('.chip').first().waitFor();
  const chips = (await page.locator('.chips').innerText()).replaceAll('\n', ' ');
  assert.match(chips, /Account .*1122/, chips);
  await page.locator('.grid-row[data-id]').first().waitFor();
  const entries = await page.evaluate(async () => document.querySelectorAll('.grid-row[data-id] .cell-ref').length);
  assert.ok(entries > 0);
  const shown = await page.locator('.grid-row[data-id] [data-label=Debit]').allInnerTexts();
  const sum = shown.reduce((total, text) => total + BigInt((text.trim() || '0').replaceAll(',', '').replace('.', '')), 0n);
  const pages = await page.locator('.pager').count();
  if (pages === 0 || shown.length < 50) assert.equal(sum, BigInt(debit.replace('.', '')), 'the entries add up to the figure');

  await go(page, '/platform/audit-log');
  await page.locator('[data-testid=verify]').click();
  await page.locator('[data-testid=proof] .tag-done').nth(1).waitFor();
  assert.equal(await page.locator('[data-testid=proof] .tag-void').count(), 0, 'every chain is whole');
  return `${followed} ways followed, ${shown.length} entries behind ${debit}`;
}
