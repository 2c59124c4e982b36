// An administrator adds fields to customers, a clerk fills them, finds by them and takes them along.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { go, open, signIn } from '../browser.mjs';

const choose = async (page, text) => page.locator('.ant-select-dropdown:visible .ant-select-item-option', { hasText: text }).first().click();
const id = (name) => `[id="f-${name.replace('.', '_')}"]`;
const save = async (page) => {
  await page.keyboard.press('Control+s');
  await page.waitForURL((url) => !url.pathname.endsWith('/new'));
};

/** Adds a field of customers; the way there begins at their list. */
async function define(page, key, label, kind, more = async () => undefined) {
  await go(page, '/erp/customers');
  await page.locator('.grid-row').first().waitFor();
  await page.keyboard.press('Alt+c');
  await page.locator('[data-testid=custom-fields]').click();
  await page.waitForURL(/custom-fields\?type=customers/);
  await page.keyboard.press('Alt+n');
  await page.waitForURL(/custom-fields\/new/);
  assert.equal(await page.locator(id('type')).inputValue(), 'customers');
  await page.locator(id('key')).fill(key);
  await page.locator(id('label')).fill(label);
  await page.locator(id('kind')).click();
  await choose(page, kind);
  await page.locator('[data-field=indexed] .ant-switch, [data-field=indexed] input').first().click();
  await more();
  await save(page);
}

export default async function customStory(browser) {
  const admin = await open(browser, { lang: 'en' });
  await signIn(admin, 'admin');
  const suffix = `s${Date.now()}`;
  const [grade, seats] = [`grade${suffix}`, `seats${suffix}`];
  await define(admin, seats, `Seats ${suffix}`, 'Integer');
  await define(admin, grade, `Grade ${suffix}`, 'Choice', async () => {
    const first = admin.locator('.lines, .line-grid').first();
    await first.locator('button', { hasText: /add|\+/i }).first().click();
    await admin.keyboard.type('gold');
    await admin.keyboard.press('Tab');
    await admin.keyboard.type('Gold');
  });
  await admin.context().close();

  const page = await open(browser, { lang: 'en' });
  await signIn(page, 'sales');
  await go(page, '/erp/customers');
  await page.locator('.grid-row').first().click();
  await page.locator(id(`custom.${seats}`)).fill('12');
  await page.locator(id(`custom.${grade}`)).click();
  await choose(page, 'Gold');
  await page.keyboard.press('Control+s');
  await page.locator('.ant-message-success').first().waitFor();
  await go(page, `/erp/customers?custom.${grade}=gold&cols=code,name,custom.${seats},custom.${grade}`);
  await page.locator('.grid-row', { hasText: 'Gold' }).first().waitFor();
  assert.equal(await page.locator('.grid-row').count(), 1);
  await page.locator('.grid-head [role=columnheader] button', { hasText: `Seats ${suffix}` }).click();
  await page.waitForURL(/sort=custom\./);
  await page.locator('.grid-row', { hasText: '12' }).first().waitFor();
  const waiting = page.waitForEvent('download');
  await page.locator('.list-head button', { hasText: 'Export' }).click();
  await page.locator('.ant-dropdown:visible .ant-dropdown-menu-item', { hasText: 'CSV' }).click();
  const csv = await readFile(await (await waiting).path(), 'utf8');
  assert.match(csv.split('\n')[0], new RegExp(`Seats ${suffix}`));
  assert.match(csv, /12,gold|gold,12/);
  await page.context().close();

  // Out of use they are neither shown nor taken; the demo company goes on without them.
  const end = await open(browser, { lang: 'en' });
  await signIn(end, 'admin');
  for (const key of [seats, grade]) {
    await go(end, '/erp/custom-fields?type=customers');
    await end.locator('.grid-row', { hasText: key }).first().click();
    await end.locator('[data-action=disable]').click();
    await end.locator('.record-head [data-state=disabled]').waitFor();
  }
  await go(end, '/erp/customers');
  await end.locator('.grid-row').first().click();
  await end.locator(id('code')).waitFor();
  for (const key of [seats, grade]) assert.equal(await end.locator(`[data-field="custom.${key}"]`).count(), 0);
}
