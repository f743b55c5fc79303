// Bundles what a report's page does in a browser: src/page → dist/page/page.js and page.css. Part of `npm run build`.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = (name) => join(root, 'src', 'page', name);

const { outputFiles } = await build({
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
  write: false,
});

// Whole or not at all: tests build it side by side.
for (const { path, contents } of outputFiles) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.${process.pid}`, contents);
  await rename(`${path}.${process.pid}`, path);
}
