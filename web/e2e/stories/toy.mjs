// The page against the toy company: keyboard entry, refusals, actions, history, leaving.
import assert from 'node:assert/strict';
import { go, offered, signIn } from '../browser.mjs';
import { openToy } from '../toy-page.mjs';

export default async function toyStory(browser) {
  const { page } = await openToy(browser, { lang: 'en' });
  await signIn(page, 'kim');
  await go(page, '/toy/notes');
  await page.locator('.grid-row').first().waitFor();
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.closest('.keyword') !== null), true, '/ goes to the search');
  await page.locator('.tab').nth(2).click();
  await page.waitForURL(/state=confirmed/);
  await page.keyboard.press('Alt+n');
  await page.waitForURL(/notes\/new/);

  await page.locator('[data-action=save]').click();
  await page.locator('.item-error').first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.closest('[data-field]')?.dataset.field), 'shelf', 'the first missing field has the focus');
  await page.keyboard.type('S2');
  await page.locator('.ant-select-item-option').first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('#f-noteDate').fill('0305');
  await page.keyboard.press('Tab');
  assert.equal(await page.locator('#f-noteDate').inputValue().then((v) => v.slice(5)), '03-05');

  await page.locator('[data-table=lines] [data-row="0"] [data-field=gadget] button').click();
  await page.keyboard.type('G003');
  await offered(page, 'G003');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.closest('[data-field]')?.dataset.field === 'quantity');
  await page.keyboard.type('5000');
  await page.evaluate(async () => { // three Enters before the next frame is drawn: none is lost, nothing takes the focus back
    for (let i = 0; i < 3; i++) {
      document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
      for (let turn = 0; turn < 5; turn++) await null;
    }
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  });
  assert.equal(await page.evaluate(() => document.activeElement.closest('[data-field]')?.dataset.field), 'remark', 'three cells on');
  await page.keyboard.press('Enter');
  await page.locator('[data-row="1"]').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.closest('[data-row]')?.dataset.row), '1', 'the focus is in the new row');
  await page.keyboard.press('Control+s');
  await page.locator('.cell-error').waitFor();
  assert.equal(await page.locator('[data-row="0"] [data-field=quantity] .cell-error').innerText(), 'At most 999', 'the refusal stands in its cell');
  await page.locator('[data-row="0"] [data-field=quantity] input').fill('10');
  await page.locator('[data-row="0"] [data-field=amount]', { hasText: '365.00' }).waitFor();
  await page.keyboard.press('Control+s');
  await page.waitForURL((url) => !url.pathname.endsWith('/new'));

  await page.locator('[data-action=confirm]').click();
  await page.locator('.record-head [data-state=confirmed]').waitFor();
  await page.locator('[data-action=copy]').click();
  await page.locator('.ant-modal .ant-btn-primary').click();
  await page.locator('.created-link').waitFor();
  await page.locator('.record-actions button').last().click();
  await page.locator('.ant-dropdown-menu-item', { hasText: 'History' }).click();
  await page.locator('.history li').nth(1).waitFor();
  await page.locator('.ant-drawer-close').click();
  await page.locator('.ant-drawer-mask').waitFor({ state: 'hidden' });
  await page.locator('.created-link').click();
  await page.locator('.record-head [data-state=draft]').waitFor();
  await page.keyboard.press('Alt+l');
  await page.locator('.links .link-from a').waitFor();
  await page.locator('.ant-drawer-close').click();
  await page.locator('.ant-drawer-mask').waitFor({ state: 'hidden' });
  await page.locator('#f-remark').fill('changed');
  await page.locator('.crumb').click();
  await page.locator('.ant-modal-confirm, .ant-modal').first().waitFor();
  await page.locator('.ant-modal .ant-btn-primary').click();
  await page.waitForURL(/\/toy\/notes($|\?)/);
  await go(page, '/toy/reports/balance');
  await page.locator('table.report tfoot').waitFor();
}
