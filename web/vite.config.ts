// Builds the web part into web/dist, which the binary embeds; called by `npm run build`, `npm run dev` and vitest.
// Nothing is inlined and nothing is loaded from outside, so that the page works under `default-src 'self'` and without internet.
// `npm run dev` hands API calls to a running service (HAMYAR_URL, by default the demonstration on this machine).
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { licences } from './licences.js';

const service = process.env['HAMYAR_URL'] ?? 'http://127.0.0.1:8137';
const handedOn = ['/api', '/cap', '/n/'];

export default defineConfig({
  plugins: [svelte(), licences()],
  // Tests mount components in a browser's document, so Svelte's browser half is wanted there too.
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
  build: {
    target: 'es2020',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The map library alone is about 1 MB before compression; it is loaded only where a map is shown.
    chunkSizeWarningLimit: 1400,
  },
  server: {
    proxy: Object.fromEntries(handedOn.map((path) => [path, { target: service, changeOrigin: false }])),
    // Tests compare tables of the pages with those of the service, which stand outside of this folder.
    ...(process.env['VITEST'] ? { fs: { allow: ['..'] } } : {}),
  },
  test: { environment: 'happy-dom', include: ['test/**/*.test.ts'] },
});
