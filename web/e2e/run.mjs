// Runs the browser stories one after another in one browser, each in windows of its own.
// usage: BASE_URL=… node e2e/run.mjs [story…]
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { launch } from './browser.mjs';

const wanted = process.argv.slice(2);
const files = (await readdir(new URL('./stories/', import.meta.url))).filter((name) => name.endsWith('.mjs')).sort();
const browser = await launch();
let failed = 0;
for (const file of files) {
  const name = file.replace('.mjs', '');
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const errors = [];
  const watch = (context) => context.on('page', (page) => page.on('pageerror', (error) => errors.push(error.message)));
  const watched = { newContext: async (options) => { const context = await browser.newContext(options); watch(context); return context; } };
  const start = Date.now();
  try {
    const { default: story } = await import(`./stories/${file}`);
    const said = await story(watched);
    if (errors.length > 0) throw new Error(`errors on the page: ${errors.join(' / ')}`);
    console.log(`ok   ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)${said ? `: ${said}` : ''}`);
  } catch (error) {
    failed += 1;
    console.error(`FAIL ${name}:`, error, errors);
    for (const context of browser.contexts()) for (const page of context.pages()) {
      const shot = join(process.env.SHOTS ?? tmpdir(), `failed-${name}.png`);
      await page.screenshot({ path: shot, caret: 'initial' }).then(() => console.error(`     picture: ${shot}`), () => undefined);
    }
  }
  for (const context of browser.contexts()) await context.close();
}
await browser.close();
process.exitCode = failed === 0 ? 0 : 1;
