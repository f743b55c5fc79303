// Bundles what a report's page does in a browser: src/page → dist/page/page.js and page.css. Part of `npm run build`.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = (name) => join(root, 'src', 'page', name);

await build({
  entryPoints: [
    { in: source('main.ts'), out: 'page' },
    { in: source('page.css'), out: 'page' },
  ],
  outdir: join(root, 'dist', 'page'),
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['chrome123', 'firefox120', 'safari17.5'],
  legalComments: 'none',
  charset: 'utf8',
  logLevel: 'warning',
});
