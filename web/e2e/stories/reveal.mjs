// Sensitive values: masked for everybody, in clear by an eye for those who may, each of these sights noted, and no other.
import assert from 'node:assert/strict';
import { go, open, signIn } from '../browser.mjs';

const sights = async (page) => {
  await page.keyboard.press('Alt+h');
  await page.locator('.ant-drawer .ant-segmented-item').nth(1).click();
  await page.locator('.ant-drawer .history, .ant-drawer .muted').first().waitFor();
  await page.waitForTimeout(600);
  const count = await page.locator('.ant-drawer .history li').count();
  await page.keyboard.press('Escape');
  await page.locator('.ant-drawer .history').waitFor({ state: 'hidden' });
  return count;
};

export default async function reveal(browser) {
  const page = await open(browser, { lang: 'en' });
  await signIn(page, 'admin');
  const number = `139${String(Date.now()).slice(-8)}`;
  await go(page, '/erp/suppliers/new');
  await page.locator('#f-code').fill(`R${number}`);
  await page.locator('#f-name').fill('Reveal works');
  await page.locator('#f-phone').fill(number);
  await page.keyboard.press('Control+s');
  await page.waitForURL(/suppliers\/0/);
  await page.reload();
  const phone = page.locator('#f-phone');
  await phone.waitFor();
  const mask = await phone.getAttribute('placeholder');
  assert.ok(mask?.includes('*') && await phone.inputValue() === '', `the form opens masked: ${mask}`);

  // The list shows the mask; its eye one value.
  await go(page, `/erp/suppliers?code=R${number}`);
  const row = page.locator('.grid-row[data-id]').first();
  await row.locator('.masked', { hasText: mask }).waitFor();
  await row.click();
  await phone.waitFor();
  assert.equal(await sights(page), 0, 'masks are no sights');
  await page.goBack();
  await row.locator('[data-reveal=phone]').click();
  await row.locator('.in-clear', { hasText: number }).waitFor();
  await row.locator('[data-reveal=phone]').click();
  await row.locator('.masked', { hasText: mask }).waitFor();

  // In the form the eye fills in what one goes on from; what was only looked at is not changed.
  await row.click();
  await phone.waitFor();
  assert.equal(await sights(page), 1);
  await page.locator('.item [data-reveal=phone]').click();
  await page.waitForFunction((n) => document.querySelector('#f-phone').value === n, number);
  assert.equal(await page.locator('.unsaved').count(), 0, 'looking changes nothing');
  // Another last digit, whatever it was.
  await phone.fill(number.slice(0, -1) + String((Number(number.at(-1)) + 1) % 10));
  await page.locator('.unsaved').waitFor();
  await page.keyboard.press('Control+s');
  await page.locator('.unsaved').waitFor({ state: 'hidden' });
  assert.equal(await phone.inputValue(), '', 'masked again when it is saved');
  assert.equal(await sights(page), 2, 'the save is no sight');

  // Who may not unmask has masks and no eye.
  const auditor = await open(browser, { lang: 'zh', theme: 'dark', width: 390 });
  await signIn(auditor, 'auditor');
  await go(auditor, '/erp/suppliers');
  await auditor.locator('.grid-row[data-id]', { hasText: `R${number}` }).locator('text=/139\\*+/').waitFor();
  assert.equal(await auditor.locator('[data-reveal]').count(), 0);
}
