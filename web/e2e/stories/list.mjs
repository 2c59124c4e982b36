// A list as people set it up: conditions, columns, groups, a saved view, a favourite, on to the next record.
import assert from 'node:assert/strict';
import { go, signIn } from '../browser.mjs';
import { openToy } from '../toy-page.mjs';

const choose = async (page, text) => page.locator('.ant-select-dropdown:visible .ant-select-item-option', { hasText: text }).first().click();

export default async function listStory(browser) {
  const { page } = await openToy(browser, { lang: 'en' });
  await signIn(page, 'kim');
  await go(page, '/toy/notes');
  await page.locator('.grid-row').first().waitFor();
  await page.keyboard.press('Alt+f');
  const panel = page.locator('.filter-panel');
  await panel.locator('.filter-value input').first().click();
  await page.keyboard.type('S2');
  await choose(page, 'S2');
  await page.keyboard.press('Escape');
  await panel.locator('.filter-foot .ant-btn-primary').click();
  await page.waitForURL(/shelf=/);
  await page.locator('.chip', { hasText: 'S2' }).waitFor();
  assert.equal(await page.locator('.grid-row').count(), 16);

  await page.keyboard.press('Alt+c');
  await page.locator('.columns-list label', { hasText: 'Remark' }).click();
  await page.locator('#group-by').click();
  await choose(page, 'Kind');
  await page.waitForURL(/group=kind/);
  await page.keyboard.press('Alt+c');
  await page.locator('.grid-group').nth(1).waitFor();
  assert.match(page.url(), /cols=/);
  await page.mouse.click(700, 880);

  await page.locator('[data-testid=views]').click();
  await page.locator('.ant-dropdown-menu-item', { hasText: 'Save as a view' }).click();
  await page.locator('.ant-modal input').fill('Second shelf');
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=views]', { hasText: 'Second shelf' }).waitFor();
  await go(page, '/toy/notes');
  await page.locator('.grid-row').first().waitFor();
  await page.locator('[data-testid=views]').click();
  await page.locator('.ant-dropdown-menu-item', { hasText: 'Second shelf' }).click();
  await page.waitForURL(/shelf=/);
  await page.locator('.grid-group').first().waitFor();

  await page.keyboard.press('Alt+b');
  await page.locator('.side .menu-group', { hasText: 'Favourites' }).locator('.menu-item').waitFor();
  await page.locator('.grid-row[data-id]').first().click();
  await page.locator('.record-head h1').waitFor();
  const first = await page.locator('.record-head h1').innerText();
  await page.locator('.neighbours', { hasText: '/16' }).waitFor();
  await page.keyboard.press('Alt+PageDown');
  await page.locator('.record-head h1', { hasNotText: first }).waitFor();
  await page.locator('.crumb').click();
  await page.waitForURL(/shelf=.*group=kind|group=kind.*shelf=/);
}
