// WCAG 2.1 A/AA on the generic screens, light and dark.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { BASE, go, signIn } from '../browser.mjs';
import { openToy } from '../toy-page.mjs';

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Screens by name: where, what has to be there, and what opens over it. */
const SCREENS = [
  ['home', '/', '.home h1'],
  ['list', '/toy/notes', '.grid-row'],
  ['grouped list', '/toy/notes?group=shelf', '.grid-group'],
  ['filters', '/toy/notes?kind=normal', '.grid-row', async (page) => { await page.keyboard.press('Alt+f'); await page.locator('.filter-panel').waitFor(); }],
  ['columns', '/toy/notes', '.grid-row', async (page) => { await page.keyboard.press('Alt+c'); await page.locator('.columns-panel').waitFor(); }],
  ['edited list', '/toy/gadgets', '.grid-row', async (page) => { await page.keyboard.press('Alt+e'); await page.locator('.inline-rest[aria-label^="Price"]').first().click(); await page.locator('[data-inline=price] input').waitFor(); }],
  ['empty list', '/toy/notes?q=nothing-like-this', '.notice'],
  ['palette', '/toy/notes', '.grid-row', async (page) => { await page.keyboard.press('Control+k'); await page.locator('.hit').first().waitFor(); }],
  ['help', '/toy/notes', '.grid-row', async (page) => { await page.keyboard.press('?'); await page.locator('.help').waitFor(); }],
  ['new', '/toy/notes/new', '.record-head h1'],
  ['refused', '/toy/notes/new', '.record-head h1', async (page) => { await page.keyboard.press('Control+s'); await page.locator('.item-error').first().waitFor(); }],
  ['line in work', '/toy/notes/new', '.record-head h1', async (page) => { await page.locator('[data-row="0"] [data-field=quantity] button').click(); await page.locator('.line-active input').first().waitFor(); }],
  ['report', '/toy/reports/balance', 'table.report'],
  ['chart', '/toy/reports/balance', 'table.report', async (page) => { await page.locator('.ant-segmented-item').nth(1).click(); await page.locator('.drawing canvas').waitFor(); }],
  ['dashboard', '/toy/dashboards/overview', '.panel canvas'],
  ['dashboard as tables', '/toy/dashboards/overview', '.panel canvas', async (page) => { await page.locator('.chart-foot button').first().click(); await page.locator('.chart-table').waitFor(); }],
  ['role', '/platform/roles/new', '.permission-tree'],
  ['not found', '/toy/nothing', '.notice'],
];

export default async function accessibility(browser) {
  const found = [];
  await Promise.all(['light', 'dark'].map(async (theme) => {
    const { page } = await openToy(browser, { lang: 'en', theme });
    const check = async (name) => {
      // What moves is measured where it comes to rest.
      await page.waitForTimeout(250);
      await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect?.getComputedTiming().endTime !== Infinity).map((a) => a.finished.catch(() => undefined))));
      // Read through the debugger, not as a script of the page, so that the content security policy stays in force.
      const answer = await page.evaluate(`${source}; axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })`);
      for (const v of answer.violations) found.push(`${theme} ${name}: ${v.id} x${v.nodes.length}: ${v.help}: ${v.nodes[0].html.slice(0, 200)} ${v.nodes[0].any.map((a) => a.message).join(' ').slice(0, 160)}`);
    };
    await page.goto(BASE);
    await page.locator('#username').waitFor();
    await check('sign-in');
    await signIn(page, 'kim');
    for (const [name, path, ready, over] of SCREENS) {
      await go(page, path);
      await page.locator(ready).first().waitFor();
      await over?.(page);
      await check(name);
    }
    await page.context().close();
  }));
  assert.deepEqual(found, []);
  return `${SCREENS.length + 1} screens, light and dark`;
}
