// Two people in one order: what only one changed is merged, what both changed is chosen.
import assert from 'node:assert/strict';
import { go, open, signIn } from '../browser.mjs';

export default async function conflict(browser) {
  const [one, two] = await Promise.all([open(browser, { lang: 'en' }), open(browser, { lang: 'en' })]);
  await Promise.all([signIn(one, 'admin'), signIn(two, 'sales')]);
  await go(one, '/erp/sales-orders?state=draft');
  await one.locator('.grid-row').first().click();
  await one.locator('#f-note').waitFor();
  const place = new URL(one.url()).pathname;
  await go(two, place);
  await two.locator('#f-note').waitFor();

  await one.locator('#f-note').fill('from the first');
  await one.locator('#f-currency').fill('EUR');
  await one.locator('#f-currency').fill('CNY');
  await one.locator('#f-requiredDate').fill('+9');
  await one.keyboard.press('Tab');
  await two.locator('#f-note').fill('from the second');
  await two.keyboard.press('Control+s');
  await two.locator('.unsaved').waitFor({ state: 'hidden' });

  await one.keyboard.press('Control+s');
  const dialog = one.locator('.ant-modal:visible');
  await dialog.locator('table.conflict').waitFor();
  assert.deepEqual(await dialog.locator('tbody tr td:first-child').allInnerTexts(), ['Note'], 'only what both changed is asked');
  await dialog.locator('.ant-segmented-item', { hasText: 'Theirs' }).click();
  await dialog.locator('[data-testid=merge]').click();
  assert.equal(await one.locator('#f-note').inputValue(), 'from the second');
  await one.keyboard.press('Control+s');
  await one.locator('.unsaved').waitFor({ state: 'hidden' });
  await go(two, place);
  await two.locator('#f-requiredDate').waitFor();
  assert.notEqual(await two.locator('#f-requiredDate').inputValue(), '', 'the change of the first is there');
  assert.equal(await two.locator('#f-note').inputValue(), 'from the second');
}
