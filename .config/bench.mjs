// Runs a benchmark of test/bench on the built dist/: node .config/bench.mjs NAME [argument...]. They are type-checked as all else is.
import { rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(root, 'test', 'bench');
const [name = '', ...rest] = process.argv.slice(2);
const names = (await readdir(sources)).filter((file) => file.endsWith('.ts'));
if (!names.includes(`${name}.ts`)) {
  console.error(`there is no benchmark ${name}; there are ${names.map((file) => file.slice(0, -3)).join(', ')}`);
  process.exit(2);
}

/** What a benchmark measures is the program as it is built, so that it finds its images and itself. */
const built = {
  name: 'src is dist',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^(\.\.\/)+src\/.*\.ts$/ }, ({ path, resolveDir }) => ({
      path: pathToFileURL(join(resolveDir, path).replace(join(root, 'src'), join(root, 'dist')).replace(/\.ts$/, '.js')).href,
      external: true,
    })),
};

// One for each process: tests run several at once.
const outdir = join(root, 'node_modules', '.cache', 'bench', String(process.pid));
process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));
await build({
  entryPoints: names.map((file) => join(sources, file)),
  ...{ outdir, outExtension: { '.js': '.mjs' }, bundle: true, plugins: [built] },
  ...{ platform: 'node', format: 'esm', packages: 'external', target: 'node20', logLevel: 'warning' },
});
const file = join(outdir, `${name}.mjs`);
process.argv = [process.argv[0] ?? '', file, ...rest];
await import(pathToFileURL(file).href);
