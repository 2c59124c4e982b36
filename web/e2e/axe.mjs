// WCAG 2.1 A/AA on the generic screens, light and dark, against the toy server. usage: BASE_URL=… node e2e/axe.mjs
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { go, launch, open, signIn, BASE } from './browser.mjs';

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await launch();
let found = 0;
for (const theme of ['light', 'dark']) {
  const page = await open(browser, { lang: 'en', theme });
  const check = async (name) => {
    await page.waitForTimeout(500);
    // Read through the debugger, not as a script of the page, so that the content security policy stays in force.
    const answer = await page.evaluate(`${source}; axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })`);
    for (const v of answer.violations) {
      found += v.nodes.length;
      console.log(`${theme} ${name}: ${v.id} x${v.nodes.length}: ${v.help}: ${v.nodes[0].html.slice(0, 160)}`);
    }
  };
  await page.goto(BASE);
  await page.locator('#username').waitFor();
  await check('sign-in');
  await signIn(page, 'kim');
  await check('home');
  for (const [name, path, ready] of [['list', '/toy/notes', '.grid-row'], ['new', '/toy/notes/new', '.record-head h1'], ['report', '/toy/reports/balance', 'table.report'], ['role', '/platform/roles/new', '.permission-tree']]) {
    await go(page, path);
    await page.locator(ready).first().waitFor();
    await check(name);
  }
  await page.context().close();
}
await browser.close();
console.log(found === 0 ? 'ok: no violations' : `${found} violations`);
process.exitCode = found === 0 ? 0 : 1;
