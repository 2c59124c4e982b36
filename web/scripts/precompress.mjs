// Compresses the built files once, so that the server only has to hand them out.
// index.html stays as it is: the server writes a nonce into it for each answer.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = process.argv[2];
if (!dist) {
  process.stderr.write('usage: node scripts/precompress.mjs <dist>\n');
  process.exit(2);
}

const entries = await readdir(dist, { recursive: true, withFileTypes: true });
for (const entry of entries) {
  const path = join(entry.parentPath ?? entry.path, entry.name);
  if (!entry.isFile() || !/\.(js|css|svg|json|txt|webmanifest)$/.test(entry.name)) continue;
  const body = await readFile(path);
  if (body.length < 512) continue;
  const brotli = brotliCompressSync(body, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
  });
  const gzip = gzipSync(body, { level: 9 });
  if (brotli.length < body.length) await writeFile(`${path}.br`, brotli);
  if (gzip.length < body.length) await writeFile(`${path}.gz`, gzip);
}
