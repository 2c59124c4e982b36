// A screen of its own for what lists serve badly, what stands in its place where there is none, and a part that does
// not come: never a blank, and what was typed stays.
import assert from 'node:assert/strict';
import { go, open, signIn } from '../browser.mjs';
import { openToy } from '../toy-page.mjs';

/** The closing of periods: what stands open, what closing would leave behind, why a step is refused, and the way back. */
async function closing(browser) {
  const page = await open(browser, { lang: 'en' });
  await signIn(page, 'admin');
  await page.locator('.side .menu-item', { hasText: 'Period close' }).click();
  await page.waitForURL(/\/erp\/screens\/period-close/);
  const rows = page.locator('[data-period]');
  await rows.nth(11).waitFor();
  assert.equal(await rows.count(), 12, 'a year has twelve months');
  const busy = page.locator('[data-period]:has(.open-work)').first();
  await busy.waitFor();
  const lead = busy.locator('.open-work a').first();
  const said = Number(await lead.locator('b').innerText());
  await lead.click();
  await page.locator('.pager').waitFor();
  assert.match(await page.locator('.pager').innerText(), new RegExp(`^${said} `), 'the count is that of the list it leads to');
  await page.goBack();

  const last = rows.last();
  await last.locator('[data-action=soft-close]').click();
  await page.locator('.ant-modal .step').waitFor();
  await page.locator('[data-testid=step]:not([disabled])').click();
  await last.locator('[data-state=soft-closed]').waitFor();
  await last.locator('[data-action=reopen]').click();
  await page.locator('[data-testid=step]:not([disabled])').click();
  await last.locator('[data-state=open]').waitFor();

  // Who may not do it sees why, and nothing happens.
  const clerk = await open(browser, { lang: 'en', width: 390 });
  await signIn(clerk, 'auditor');
  await go(clerk, '/erp/screens/period-close');
  await clerk.locator('[data-period] button').first().waitFor();
  assert.equal(await clerk.locator('[data-period] button:not([disabled])').count(), 0);
}

/** A screen that this page does not have: the list of its type, with a quiet word. */
async function absent(browser) {
  const { page } = await openToy(browser, { lang: 'en' });
  await signIn(page, 'kim');
  await page.locator('.side .menu-item', { hasText: 'Shelf map' }).click();
  await page.locator('.quiet-note', { hasText: 'Shelf map' }).waitFor();
  await page.locator('.grid-row[data-id]').first().waitFor();
  await page.locator('input.keyword, .keyword input').first().fill('S2');
  await page.waitForURL(/\/toy\/screens\/shelf-map\?q=S2/);
  await go(page, '/toy/screens/no-such-screen');
  await page.locator('.notice').waitFor();
}

/** Parts that the server no longer has: a drawer of a form, then a place. */
async function missing(browser) {
  const { page } = await openToy(browser, { lang: 'en' });
  await signIn(page, 'kim');
  let away = true;
  await page.route(/\/(history|report-page)[^/]*\.(js|tsx)/, (route) => (away ? route.abort() : route.continue()));
  await go(page, '/toy/notes?state=draft');
  await page.locator('.grid-row').first().click();
  await page.locator('#f-remark').fill('typed before the parts went away');
  await page.keyboard.press('Alt+h');
  await page.locator('.ant-drawer [data-testid=part-missing]').waitFor();
  assert.equal(await page.locator('#f-remark').inputValue(), 'typed before the parts went away', 'the form stands beside it');
  await page.waitForTimeout(600);
  away = false;
  page.on('dialog', (dialog) => void dialog.accept());
  await page.locator('[data-testid=part-missing] button').click();
  await page.locator('[data-testid=kept]').waitFor();
  await page.locator('[data-testid=kept] button').first().click();
  assert.equal(await page.locator('#f-remark').inputValue(), 'typed before the parts went away');
  await page.keyboard.press('Control+s');
  await page.locator('.unsaved').waitFor({ state: 'hidden' });

  away = true;
  await go(page, '/toy/reports/balance');
  await page.locator('.place [data-testid=part-missing]').waitFor();
  away = false;
  await page.locator('[data-testid=part-missing] button').click();
  await page.locator('.conditions').waitFor();
}

export default async function screen(browser) {
  await closing(browser);
  await absent(browser);
  await missing(browser);
}
