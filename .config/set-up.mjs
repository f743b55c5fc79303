// Makes a fresh clone ready: npm packages, build, host packages, reference images. Plain Node.js without
// dependencies, because it runs before there are any. Doing it again takes a second or two.
// usage: node .config/set-up.mjs [--tests] [--no-images]
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const options = new Set(process.argv.slice(2));
const harnessBroke = 3;

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`error: Node.js 20.19 or newer is needed; this is ${process.versions.node}`);
  process.exit(harnessBroke);
}

function step(what, program, args) {
  const started = Date.now();
  console.log(`set-up: ${what}`);
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) console.error(`error: ${what}: ${error.message}`);
  if (status !== 0) process.exit(program === process.execPath ? (status ?? harnessBroke) : harnessBroke);
  console.log(`set-up: ${what}: done after ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Milliseconds since 1970 of the newest file below; 0 where there is nothing. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const at = (...parts) => join(root, ...parts);

// npm writes this file at the end of every installation.
if (newest(at('node_modules', '.package-lock.json')) < newest(at('package-lock.json'))) {
  step('npm packages', 'npm', ['ci', '--no-audit', '--no-fund']);
}

const inputs = ['src', 'tsconfig.json', '.config/tsconfig.build.json', '.config/build-page.mjs', 'package-lock.json'].map((path) => newest(at(path)));
const stamp = at('dist', '.built');
if (newest(stamp) < Math.max(...inputs)) {
  const started = new Date();
  step('build', 'npm', ['run', '--silent', 'build']);
  writeFileSync(stamp, '');
  utimesSync(stamp, started, started); // what is saved while the compiler runs must count as newer
}

const brownout = at('dist', 'cli', 'main.js');
step('host packages', process.execPath, [brownout, 'setup', ...(options.has('--tests') ? ['--tests'] : [])]);
if (!options.has('--no-images')) step('reference images', process.execPath, [brownout, 'image', 'build', '--all']);
