// What a first visit and a form cost on the wire, and the limits. Builds into a directory of its own; fails when one is exceeded.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'vite';

/** Kilobytes after brotli: the shell with the list, and what a form, a report, a dashboard and its drawings load on top of it. */
const LIMITS = { 'shell and list': 300, form: 40, report: 40, dashboard: 40, drawing: 190 };

const dist = await mkdtemp(join(tmpdir(), 'superpaas-budget-'));
try {
  await build({ logLevel: 'error', build: { outDir: dist, emptyOutDir: true, manifest: true } });
  const manifest = JSON.parse(await readFile(join(dist, '.vite/manifest.json'), 'utf8'));
  const closure = (key, seen = new Set()) => {
    const chunk = manifest[key];
    if (!chunk || seen.has(key)) return seen;
    seen.add(key);
    for (const other of chunk.imports ?? []) closure(other, seen);
    return seen;
  };
  const files = (keys) => new Set([...keys].flatMap((key) => [manifest[key].file, ...(manifest[key].css ?? [])]));
  const weigh = async (names) => {
    let sum = 0;
    for (const name of names) {
      const body = await readFile(join(dist, name));
      sum += brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }).length;
    }
    return sum / 1024;
  };
  const first = files(closure('index.html'));
  const extra = (source) => new Set([...files(closure(source))].filter((name) => !first.has(name)));
  const sizes = {
    'shell and list': await weigh(first),
    form: await weigh(extra('src/record/record-page.tsx')),
    report: await weigh(extra('src/report/report-page.tsx')),
    dashboard: await weigh(extra('src/dash/dashboard-page.tsx')),
    drawing: await weigh(extra('src/chart/drawing.tsx')),
  };
  for (const [name, limit] of Object.entries(LIMITS)) {
    const size = sizes[name];
    const over = !(size > 0 && size <= limit);
    (over ? process.stderr : process.stdout).write(`${over ? 'too large: ' : ''}${name} ${size.toFixed(1)} KB of ${limit}\n`);
    if (over) process.exitCode = 1;
  }
} finally {
  await rm(dist, { recursive: true, force: true });
}
