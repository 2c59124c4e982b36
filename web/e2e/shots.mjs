// Pictures of the generic screens. usage: BASE_URL=… node e2e/shots.mjs <dir> [user] [list path] [report path]
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { go, launch, open, signIn, BASE } from './browser.mjs';

const [dir = 'shots', user = 'admin', list = '/erp/sales-orders', report = `/erp/reports/trial-balance?from=${new Date().getFullYear()}-01-01&to=${new Date().getFullYear()}-12-31`] = process.argv.slice(2);
await mkdir(dir, { recursive: true });
const browser = await launch();
const looks = [
  { lang: 'zh', theme: 'light', width: 1440, height: 900 }, { lang: 'en', theme: 'light', width: 1440, height: 900 },
  { lang: 'zh', theme: 'dark', width: 1440, height: 900 }, { lang: 'zh', theme: 'light', width: 390, height: 844 }, { lang: 'en', theme: 'dark', width: 390, height: 844 },
];
let problems = 0;
for (const look of looks) {
  const name = `${look.lang}-${look.width}-${look.theme}`;
  const page = await open(browser, look);
  const complain = (kind, text) => { problems += 1; console.log(`${name}: ${kind}: ${text}`); };
  page.on('pageerror', (error) => complain('error', error.message));
  page.on('console', (message) => { if (message.type() === 'error' && !message.text().includes('401')) complain('console', message.text().slice(0, 300)); });
  const shot = async (what) => { await page.waitForTimeout(450); await page.screenshot({ caret: 'initial', path: join(dir, `${what}-${name}.png`) }); };
  await page.goto(BASE);
  await page.locator('#username').waitFor();
  await shot('signin');
  await signIn(page, user);
  await shot('home');
  await go(page, list);
  await page.locator('.grid-row').first().waitFor();
  await shot('list');
  await page.locator('.grid-row').first().click();
  await page.locator('.record-head h1').waitFor();
  await shot('record');
  await go(page, `${list}/new`);
  await page.locator('.record-head h1').waitFor();
  await shot('new');
  await go(page, report);
  await page.locator('table.report').waitFor();
  await shot('report');
  await page.context().close();
}
await browser.close();
console.log(problems === 0 ? 'no page errors' : `${problems} page errors`);
process.exitCode = problems === 0 ? 0 : 1;
