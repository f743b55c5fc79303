// Every static check, the unit tests and those against other programs, two at a time; prints each one's output when it ends. --static leaves the
// tests to somebody else.
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}` };

const checks = [
  ['tsc', ['tsc', '-p', '.']],
  ['tsc page', ['tsc', '-p', 'src/page']],
  ['eslint', ['eslint', '--config', '.config/eslint.config.js', 'src', 'test', '.config']],
  ['tests', ['vitest', 'run', '--config', '.config/vitest.config.ts', '--project', 'unit', '--project', 'interop']],
  ['format', ['biome', 'format', '--config-path', '.config', 'src', 'test']],
  ['layers', ['depcruise', '--config', '.config/dependency-cruiser.cjs', 'src']],
  ['error codes', ['node', '.config/error-codes.mjs']],
  ['unused code', ['knip', '--config', '.config/knip.json']],
];
/** Checks whose output is worth reading also where they pass. */
const tells = ['tests', 'error codes'];
const atOnce = 2;

function check([name, [program, ...args]]) {
  return new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (data) => {
      output += data;
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => take(`${error.message}\n`));
    child.on('close', (status) => {
      console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
      if (status !== 0 || tells.includes(name)) console.log(output.trimEnd());
      resolve(status === 0);
    });
  });
}

const queue = checks.filter(([name]) => !(process.argv.includes('--static') && name === 'tests'));
const results = [];
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results.push(await check(next));
  }),
);
process.exitCode = results.every(Boolean) ? 0 : 1;
