// Values are changed in the list: Enter saves, Escape leaves, a refusal stays in its cell, somebody else's change is shown.
import assert from 'node:assert/strict';
import { go, signIn } from '../browser.mjs';
import { openToy } from '../toy-page.mjs';

export default async function inline(browser) {
  const { page, toy } = await openToy(browser, { lang: 'en' });
  await signIn(page, 'kim');
  await go(page, '/toy/gadgets');
  await page.locator('.grid-row[data-id]').first().waitFor();
  await page.keyboard.press('Alt+e');
  const row = page.locator('.grid-row[data-id]').first();
  const record = () => toy.all('toy/gadgets').find((g) => g.code === 'G001');
  const cell = row.locator('.inline-rest[aria-label^="Price"]');
  await cell.click();
  await page.locator('[data-inline=price] input').fill('99.5');
  await page.keyboard.press('Escape');
  await cell.waitFor();
  assert.equal(record().price, '12.5000', 'Escape leaves the value');
  await cell.click();
  await page.locator('[data-inline=price] input').fill('99.5');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('.grid-row[data-id] .inline-rest[aria-label^="Price"]')?.textContent.includes('99.5'));
  assert.equal(record().price, '99.5', 'Enter saves it');
  assert.equal(record().version, 2);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')?.startsWith('Price')), true, 'the focus is back on the cell');

  await cell.click();
  await page.locator('[data-inline=price] input').fill('abc');
  await page.keyboard.press('Enter');
  await page.locator('.ant-message-error').waitFor();
  assert.equal(record().version, 2, 'what is no number is not sent');
  await page.locator('[data-inline=price] input').press('Escape');

  record().version = 7;
  record().price = '55.0000';
  await cell.click();
  await page.locator('[data-inline=price] input').fill('1');
  await page.keyboard.press('Enter');
  await page.locator('.ant-message-warning').waitFor();
  await page.waitForFunction(() => document.querySelector('.grid-row[data-id] .inline-rest[aria-label^="Price"]')?.textContent.includes('55'));
  assert.equal(record().price, '55.0000', "the other's change stands");

  await go(page, '/toy/notes?state=confirmed');
  await page.locator('.grid-row[data-id]').first().waitFor();
  await page.keyboard.press('Alt+e');
  assert.equal(await page.locator('.inline-rest').count(), 0, 'nothing opens in a state that is closed');
}
