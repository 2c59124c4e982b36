// Serves a built page and the toy API on 127.0.0.1, with the same content security policy as the gateway.
// usage: node mock/server.mjs <dist> [port]
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { toyServer } from './api.mjs';

const dist = process.argv[2] ?? 'dist';
const port = Number(process.argv[3] ?? 8010);
const MIME = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const toy = toyServer();

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return parts.length > 0 ? JSON.parse(Buffer.concat(parts).toString()) : null;
}

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://127.0.0.1');
  if (pathname.startsWith('/api/')) {
    const answer = toy.handle({ method: request.method, url: request.url, headers: request.headers, body: await body(request) });
    response.writeHead(answer.status, { 'Content-Type': 'application/json', ...(answer.cookie ? { 'Set-Cookie': answer.cookie } : {}) });
    response.end(answer.body === null ? '' : JSON.stringify(answer.body));
    return;
  }
  const asset = pathname.startsWith('/assets/') ? await readFile(join(dist, normalize(pathname))).catch(() => null) : null;
  if (asset) {
    response.writeHead(200, { 'Content-Type': MIME[extname(pathname)] ?? 'application/octet-stream' });
    response.end(asset);
    return;
  }
  const nonce = randomBytes(16).toString('base64');
  const page = (await readFile(join(dist, 'index.html'), 'utf8')).replaceAll('__CSP_NONCE__', nonce);
  response.writeHead(200, {
    'Content-Type': MIME['.html'],
    'Content-Security-Policy': `default-src 'self'; script-src 'self' 'nonce-${nonce}'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'`,
  });
  response.end(page);
}).listen(port, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${port}\n`));
