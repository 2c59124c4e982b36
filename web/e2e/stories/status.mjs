// What the administrator sees of the work between applications: how far each is, what was put aside, and the way on.
import assert from 'node:assert/strict';
import { go, signIn } from '../browser.mjs';
import { openToy } from '../toy-page.mjs';

const LETTER = { id: 'toy.01', cell: 'toy', producer: 'far', tenantId: 'demo', eventType: 'far.shelf.moved', subject: 's1', state: 'dead', attempts: 8, error: '货架 S9 不存在', at: '2026-03-02T01:20:00Z', event: { data: { shelf: 'S9' } } };

export default async function statusStory(browser) {
  let letters = [LETTER, { ...LETTER, id: 'toy.02', eventType: 'far.shelf.painted' }];
  const rights = ['toy.*', 'platform.health.read', 'platform.dead-letter.read', 'platform.dead-letter.replay', 'platform.dead-letter.discard'];
  const before = ({ url, method }, toy) => {
    const path = new URL(url).pathname;
    if (path.endsWith('/auth/me')) { const me = toy.handle({ url, method }); return { ...me, body: { ...me.body, permissions: rights } }; }
    if (path.endsWith('/platform/health-summary')) return { status: 200, body: { status: 'degraded', cells: [
      { cell: 'toy', state: 'up', latencyMs: 1.4, version: '0.1.0', deadLetters: letters.length, events: [{ producer: 'far', reachable: true, pending: letters.length, lagMs: 65_000, contactAt: null }] },
      { cell: 'far', state: 'down', latencyMs: 1000, version: null, events: null, deadLetters: null }] } };
    if (path.endsWith('/platform/dead-letters')) return { status: 200, body: { data: letters, unavailable: ['far'] } };
    const settled = /dead-letters\/([^/]+)\/(replay|discard)$/.exec(path);
    if (!settled) return null;
    letters = letters.filter((letter) => letter.id !== settled[1]);
    return { status: 200, body: { id: settled[1], state: 'settled' } };
  };
  for (const width of [1440, 390]) {
    const { page, toy } = await openToy(browser, { lang: width === 390 ? 'zh' : 'en', width, before: (call) => before(call, toy) });
    await signIn(page, 'kim');
    await go(page, '/status');
    await page.locator('[data-cell=far] .tag-void').waitFor();
    assert.match(await page.locator('[data-cell=toy]').innerText(), width === 390 ? /落后 1 条，65 s/ : /2 behind, 65 s/);
    if (width === 390) { await page.locator('[data-letter="toy.02"]').waitFor(); continue; }
    await page.locator('[data-letter="toy.01"] summary').click();
    assert.match(await page.locator('[data-letter="toy.01"] pre').innerText(), /"shelf": "S9"/);
    await page.locator('[data-letter="toy.01"] button', { hasText: 'Try again' }).click();
    await page.locator('[data-letter="toy.01"]').waitFor({ state: 'detached' });
    await page.locator('[data-letter="toy.02"] button', { hasText: 'Give up' }).click();
    await page.locator('.ant-modal-confirm').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.ant-modal-confirm').waitFor({ state: 'hidden' });
    assert.equal(letters.length, 1, 'giving up is asked first');
  }
}
