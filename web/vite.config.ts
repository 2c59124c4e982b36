import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const backend = process.env.SUPERPAAS_URL ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [react()],
  html: { cspNonce: '__CSP_NONCE__' },
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 1200, emptyOutDir: true },
  // The host stays the browser's own: the server compares it with the origin before it takes the cookie.
  server: { host: '127.0.0.1', proxy: { '/api': { target: backend, changeOrigin: false }, '/health': { target: backend, changeOrigin: false } } },
});
