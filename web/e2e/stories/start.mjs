// The first steps of an empty company: settings, several users at once, the sample company in and out again.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { BASE, go, open, signIn } from '../browser.mjs';

const CHANGED = 'Operator@12345';

async function call(path, body, { token, tenant } = {}) {
  const response = await fetch(`${BASE}/api/v1/${path}`, {
    method: 'POST', body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', 'X-Request-ID': crypto.randomUUID(), ...(token ? { Authorization: `Bearer ${token}`, 'X-Tenant-Id': tenant } : {}) },
  });
  return { status: response.status, body: await response.json().catch(() => null) };
}

const enter = (tenant, username, password) => call('auth/token', { grant_type: 'password', tenant, username, password });

/** The operator, who changes the first password when that has not been done yet. */
async function operator() {
  let answer = await enter('system', 'admin', CHANGED);
  if (answer.status !== 200) {
    const first = (await readFile(process.env.SYSTEM_PASSWORD_FILE, 'utf8')).trim();
    const token = (await enter('system', 'admin', first)).body.access_token;
    await call('auth/password', { currentPassword: first, newPassword: CHANGED }, { token, tenant: 'system' });
    answer = await enter('system', 'admin', CHANGED);
  }
  return { token: answer.body.access_token, tenant: 'system' };
}

export default async function start(browser) {
  assert.ok(process.env.SYSTEM_PASSWORD_FILE, 'SYSTEM_PASSWORD_FILE names the first password of the operator: a new tenant is needed');
  const code = `fresh-${Date.now().toString(36)}`;
  const made = await call('platform/tenants', { code, name: '新公司', nameEn: 'Fresh Company', adminUsername: 'boss', adminPassword: 'Boss@12345', cells: ['erp'] }, await operator());
  assert.equal(made.status, 201, JSON.stringify(made.body));

  const page = await open(browser, { lang: 'en', tenant: code });
  await signIn(page, 'boss', 'Boss@12345');
  await page.waitForURL(/\/start$/);
  await page.locator('.start-name', { hasText: 'Fresh Company' }).waitFor();
  await page.locator('[data-field=passwordLength] input').fill('10');
  await page.locator('[data-testid=start-next]').click();

  await page.locator('.start-row input').first().waitFor();
  const row = (at) => page.locator('fieldset.start-row').nth(at);
  const people = [['ann', 'Ann', 'ERP: everything'], ['ben', 'Ben', 'ERP: reading only']];
  for (const [at, [username, name, role]] of people.entries()) {
    await row(at).getByLabel('User name', { exact: true }).fill(username);
    await row(at).getByLabel('Name', { exact: true }).fill(name);
    await row(at).locator('.ant-select').click();
    await page.locator('.ant-select-dropdown:visible .ant-select-item-option', { hasText: role }).click();
    await page.locator('.ant-select-dropdown:visible').waitFor({ state: 'hidden' });
  }
  await row(1).getByLabel('First password').fill('short');
  const password = await row(0).getByLabel('First password').inputValue();
  await page.locator('[data-testid=create-users]').click();
  await page.locator('[data-testid=made]', { hasText: '1 users created' }).waitFor();
  // Who was refused stays, with the reason: the settings of a moment ago hold.
  await row(0).locator('.start-fault', { hasText: 'at least 10' }).waitFor();
  await row(0).getByLabel('First password').fill('long-enough-now');
  await page.locator('[data-testid=create-users]').click();
  await page.locator('[data-testid=made] tr', { hasText: 'ben' }).waitFor();
  assert.equal((await enter(code, 'ann', password)).status, 200);
  await page.locator('[data-testid=start-next]').click();

  await page.locator('[data-testid=sample-in]').click();
  await page.locator('[data-testid=sample-open]').waitFor({ timeout: 60_000 });
  await page.locator('.start-actions .ant-btn-primary').click();
  await page.locator('.home').waitFor();
  await page.locator('.sample-mark').waitFor();
  await go(page, '/erp/sales-orders');
  await page.locator('.grid-row[data-id]').first().waitFor();
  await page.locator('.top .tenant').click();
  await page.locator('.ant-select-dropdown:visible .ant-select-item-option', { hasText: /^Fresh Company$/ }).click();
  // The page comes anew, at home: who goes elsewhere before that is brought back.
  await page.locator('.home').waitFor();
  await page.locator('.sample-mark').waitFor({ state: 'detached' });
  await go(page, '/erp/sales-orders');
  await page.locator('.notice').waitFor();

  // Not alone any more: the first steps come when they are wanted only.
  await go(page, '/');
  await page.locator('.home a', { hasText: 'First steps' }).click();
  await page.locator('.start-steps button').nth(2).click();
  await page.locator('[data-testid=sample-out]').click();
  await page.locator('.ant-modal-confirm .ant-btn-primary').click();
  await page.locator('[data-testid=sample-in]', { hasText: 'again' }).waitFor();
}
