// Pictures of the screens for docs/images, from the demo tenant of a running server; to be looked at before they are kept.
// usage: BASE_URL=… node e2e/shots.mjs <dir> [screen…]
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BASE, go, launch, open, signIn } from './browser.mjs';

const [dir = 'shots', ...wanted] = process.argv.slice(2);
await mkdir(dir, { recursive: true });
const first = (page) => page.locator('.grid-row[data-id]').first();

/** Opens the first record of a list. */
async function openFirst(page, path) {
  await go(page, path);
  await first(page).click();
  await page.locator('.record-head h1').waitFor();
}

/** The screens: name, and the way there. */
const SCREENS = {
  home: async (page) => { await go(page, '/'); await page.locator('.work').first().waitFor(); await page.locator('.home-boards canvas').first().waitFor(); },
  list: async (page) => { await go(page, '/erp/sales-orders'); await first(page).waitFor(); },
  grouped: async (page) => { await go(page, '/erp/sales-orders?group=customer'); await page.locator('.grid-group').first().waitFor(); },
  filters: async (page) => { await go(page, '/erp/sales-orders?orderDate[within]=year'); await first(page).waitFor(); await page.keyboard.press('Alt+f'); await page.locator('.filter-panel').waitFor(); },
  record: (page) => openFirst(page, '/erp/sales-orders?state=confirmed'),
  form: async (page) => { await openFirst(page, '/erp/sales-orders?state=draft'); await page.locator('[data-row="0"] [data-field=quantity] button').click(); await page.locator('.line-active').waitFor(); },
  palette: async (page) => { await go(page, '/erp/sales-orders'); await first(page).waitFor(); await page.keyboard.press('Control+k'); await page.keyboard.type('P0'); await page.locator('.hit').nth(3).waitFor(); await page.waitForTimeout(600); },
  report: async (page) => { await go(page, '/erp/reports/trial-balance'); await page.locator('table.report').waitFor(); },
  chart: async (page) => { await go(page, '/erp/reports/stock-summary'); await page.locator('table.report').waitFor(); await page.locator('.ant-segmented-item').nth(1).click(); await page.locator('.drawing canvas').waitFor(); },
  dashboard: async (page) => { await go(page, '/erp/dashboards/sales'); await page.locator('.drawing canvas').nth(1).waitFor(); },
  role: async (page) => { await openFirst(page, '/platform/roles'); await page.locator('.ant-tree-switcher').first().click(); },
};
const LOOKS = [
  { lang: 'zh', theme: 'light' }, { lang: 'en', theme: 'light' }, { lang: 'zh', theme: 'dark' }, { lang: 'en', theme: 'dark' },
  { lang: 'zh', theme: 'light', width: 390, height: 844 }, { lang: 'en', theme: 'dark', width: 390, height: 844 },
];

const browser = await launch();
let problems = 0;
for (const look of LOOKS) {
  const name = `${look.lang}-${look.theme}${look.width ? '-phone' : ''}`;
  const page = await open(browser, look);
  page.on('pageerror', (error) => { problems += 1; console.log(`${name}: ${error.message}`); });
  await page.goto(BASE);
  await signIn(page, 'admin');
  for (const [screen, way] of Object.entries(SCREENS)) {
    if ((look.width && screen === 'palette') || (wanted.length > 0 && !wanted.includes(screen))) continue;
    await way(page);
    await page.waitForTimeout(400);
    await page.screenshot({ caret: 'initial', path: join(dir, `${screen}-${name}.png`) });
  }
  await page.context().close();
}
await browser.close();
process.exitCode = problems === 0 ? 0 : 1;
