// A list as people set it up: conditions, columns, groups, a saved view, a favourite, on to the next record.
import assert from 'node:assert/strict';
import { go, signIn } from '../browser.mjs';
import { openToy } from '../toy-page.mjs';

const choose = async (page, text) => page.locator('.ant-select-dropdown:visible .ant-select-item-option', { hasText: text }).first().click();

export default async function listStory(browser) {
  const { page, toy } = await openToy(browser, { lang: 'en' });
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

  // A view is kept by the server: changed, it says so; updated, it does not; shared, everybody has it.
  const pick = async (text) => {
    await page.locator('[data-testid=views]').click();
    await page.locator('.ant-dropdown:visible .ant-dropdown-menu-item', { hasText: text }).first().click();
  };
  const saved = () => toy.all('platform/saved-views');
  assert.deepEqual(saved().map((v) => [v.name, v.cell, v.type, v.state, v.definition.search.group]), [['Second shelf', 'toy', 'note', 'private', 'kind']]);
  assert.equal(await page.locator('[data-testid=views] .dot').count(), 0);
  await page.locator('.grid-head [role=columnheader] button', { hasText: 'Date' }).click();
  await page.locator('[data-testid=views] .dot').waitFor();
  await pick('Update');
  await page.locator('[data-testid=views] .dot').waitFor({ state: 'detached' });
  assert.equal(saved()[0].definition.search.sort, 'noteDate');
  // Somebody else saves it meanwhile: what differs is chosen.
  Object.assign(saved()[0], { version: saved()[0].version + 1, definition: { ...saved()[0].definition, search: { ...saved()[0].definition.search, sort: '-number' } } });
  await page.locator('.grid-head [role=columnheader] button', { hasText: 'Date' }).click();
  await pick('Update');
  await page.locator('.ant-modal .conflict tbody tr', { hasText: 'Sorting' }).locator('text=Theirs').click();
  await page.locator('[data-testid=merge]').click();
  await page.waitForURL(/sort=-number/);
  assert.equal(saved()[0].definition.search.sort, '-number');
  await pick('Share with everybody');
  await page.waitForFunction(() => true);
  await pick('everybody’s default');
  await page.locator('[data-testid=views]').click();
  await page.locator('.ant-dropdown:visible .ant-dropdown-menu-item-group-title', { hasText: 'Shared views' }).waitFor();
  await page.keyboard.press('Escape');
  assert.deepEqual([saved()[0].state, saved()[0].isDefault], ['shared', true]);
  await go(page, '/toy/notes');
  await page.waitForURL(/view=.*group=kind|group=kind.*view=/);

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

  // Alternatives: of the second shelf and urgent, or of the third; the address keeps them.
  await go(page, '/toy/notes?kind=urgent');
  await page.locator('.grid-row').first().waitFor();
  await page.keyboard.press('Alt+f');
  await page.locator('.filter-panel [data-testid=either]').click();
  const second = page.locator('.filter-group').nth(1);
  await second.locator('.filter-value input').first().click();
  await page.keyboard.type('S3');
  await choose(page, 'S3');
  await page.keyboard.press('Escape');
  await page.locator('.filter-foot .ant-btn-primary').click();
  await page.waitForURL(/or=/);
  await page.locator('.chip-or', { hasText: 'S3' }).waitFor();
  const wanted = toy.all('toy/notes').filter((n) => n.kind === 'urgent' || n.shelf.code === 'S3').length;
  await page.locator('.pager', { hasText: String(wanted) }).waitFor();
  await page.reload();
  await page.locator('.chip-or', { hasText: 'S3' }).waitFor();
  await page.locator('.pager', { hasText: String(wanted) }).waitFor();
  await page.locator('.chip-or button').click();
  await page.locator('.pager', { hasText: '64' }).waitFor();
  // Two levels of groups with the sums of the server; a group opens on its records.
  await go(page, '/toy/notes?group=shelf,kind');
  await page.locator('.grid-group-1').first().waitFor();
  const sum = toy.all('toy/notes').filter((n) => n.shelf.code === 'S1').reduce((all, n) => all + Math.round(Number(n.total) * 100), 0) / 100;
  await page.locator('.grid-group-0', { hasText: /S1 / }).locator('.num', { hasText: sum.toLocaleString('en-US', { minimumFractionDigits: 2 }) }).waitFor();
}
