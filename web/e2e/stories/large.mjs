// Ten thousand rows and two hundred lines: few nodes, and a key that costs little.
import assert from 'node:assert/strict';
import { toyServer } from '../../mock/api.mjs';
import { go, signIn, still } from '../browser.mjs';
import { openToy } from '../toy-page.mjs';

const nodes = (page) => page.evaluate(() => document.getElementsByTagName('*').length);
/** Time the page's own thread has worked so far, milliseconds. */
async function work(session) {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find((m) => m.name === 'TaskDuration').value * 1000;
}

export default async function large(browser) {
  const toy = toyServer({ notes: 10_000 });
  const long = toy.all('toy/notes')[3];
  Object.assign(long, { state: 'draft', lines: Array.from({ length: 200 }, (_, i) => ({ ...structuredClone(long.lines[0]), id: `row-${i}` })) });
  // What the server would compute is not asked for here: its answer wakes the form by right.
  const before = (call) => (call.url.includes('dryRun') ? { status: 400, body: { code: 'VALIDATION_FAILED', message: '', details: [], requestId: '' } } : null);
  const { page } = await openToy(browser, { lang: 'en', toy, before });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await signIn(page, 'kim');

  await go(page, '/toy/notes?pageSize=200');
  await page.locator('.grid-row').first().waitFor();
  const listed = await nodes(page);
  assert.ok(listed < 900, `${listed} nodes for a list of ten thousand`);
  await page.locator('.pager', { hasText: '10000' }).waitFor();
  await page.locator('.grid').evaluate((grid) => grid.scrollTo(0, 4_000));
  await page.waitForTimeout(200);
  assert.ok(await page.locator('.grid-row').count() < 80, 'only what is in view is drawn');

  await go(page, '/toy/notes?group=shelf');
  await page.locator('.grid-group').first().waitFor();
  // All of them are counted; the records of a group come when it is opened.
  assert.equal(await page.locator('.grid-row[data-id]').count(), 0);
  await page.locator('.grid-group', { hasText: /S1 / }).locator('.muted', { hasText: /2,?50\d/ }).waitFor();
  await page.locator('.grid-group', { hasText: /S1 / }).click();
  await page.locator('.grid-row[data-id]').first().waitFor();

  await go(page, '/toy/notes?pageSize=200&state=draft');
  await page.locator('.grid-head input').check();
  await page.locator('[data-testid=selection] .link-button').click();
  await page.locator('[data-bulk=confirm]').click();
  await page.locator('.ant-modal-confirm .ant-btn-primary').click();
  await page.locator('.ant-message-notice', { hasText: /done, 0 refused/ }).waitFor({ timeout: 60_000 });
  assert.equal(toy.all('toy/notes').filter((note) => note.state === 'draft').length, 0, 'all that match were led on');

  long.state = 'draft';
  await go(page, `/toy/notes/${long.id}`);
  await page.locator('[data-row="0"] [data-field=quantity] button').click();
  await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT');
  const formed = await nodes(page);
  assert.ok(formed < 1600, `${formed} nodes for a form of two hundred lines`);
  await page.keyboard.press('1');
  await still(page, '.record');
  // Which rows a key wakes is counted, not timed: a busy machine must not decide.
  await page.evaluate(() => {
    window.woken = new Set();
    new MutationObserver((list) => list.forEach((m) => window.woken.add((m.target.nodeType === 1 ? m.target : m.target.parentElement)?.closest('[data-row], .line-total, .item, .record-head')?.className.split(' ').slice(0, 2).join('.') ?? 'page')))
      .observe(document.querySelector('.record'), { subtree: true, childList: true, characterData: true, attributes: true });
  });
  const start = await work(session);
  for (const key of '234567891') await page.keyboard.press(key);
  const each = (await work(session) - start) / 9;
  assert.deepEqual(await page.evaluate(() => [...window.woken].filter((name) => !['line.line-active', 'line.line-total'].includes(name))), [], 'a key wakes its row and the totals');
  return `${listed} and ${formed} nodes, ${each.toFixed(1)} ms of work for a key`;
}
