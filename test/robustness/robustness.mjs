/**
 * Treats brownout badly and looks what is left: kills it at random moments, stops it, gives it too small a disk. Then the
 * same command must come to the same verdict as one that nobody disturbed, and nothing may lie about: no process, no
 * socket, no temporary file, no damaged cache. Prints one JSON object; progress goes to standard error. Needs the built
 * dist/ (npm run robustness).
 *
 * Devices are simulated, in a process of its own each (simulated-run.ts), so that hundreds of moments cost minutes.
 * --build IMAGE kills builds of that image instead, from the packages of this host's cache; --scenario FILE runs of real
 * machines. Exit code 0: all as it should be; 1: not so; 2: wrong arguments; 3: it
 * fails undisturbed. A full disk needs root, for a small tmpfs.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist/cli/main.js');

function readArguments() {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '50' },
      rounds: { type: 'string', default: '10' },
      stops: { type: 'string', default: '5' },
      'stop-seconds': { type: 'string', default: '5' },
      sizes: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      build: { type: 'string' },
      scenario: { type: 'string' },
      machine: { type: 'string', default: 'qemuarm64' },
    },
  });
  const number = (name) => {
    if (/^\d{1,4}$/.test(values[name])) return Number(values[name]);
    process.stderr.write(`--${name}: expected a number, found ${values[name]}\n`);
    process.exit(2);
  };
  const numbers = ['kills', 'rounds', 'stops', 'stop-seconds', 'sizes', 'seed'].map((name) => [name, number(name)]);
  return { ...values, ...Object.fromEntries(numbers) };
}

const args = readArguments();

/** Mulberry32: the same moments for the same seed, as shares of the time that an undisturbed run takes. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = randomFrom(args.seed);

/** The program under test: how it is started in a folder, and what of its output must be the same each time. */
let subject;

/** A folder with all that one series of runs leaves, its temporary files included. */
async function newPlace(parent = tmpdir()) {
  const path = await mkdtemp(join(parent, 'robust-'));
  await mkdir(join(path, 'tmp'));
  await subject.prepare?.(path);
  return path;
}

function start(place) {
  const [program, ...rest] = subject.command(place);
  const child = spawn(program, rest, {
    cwd: root,
    env: { ...process.env, BROWNOUT_CACHE: join(place, 'cache'), TMPDIR: join(place, 'tmp') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (said[name] += text));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...said }));
  return { child, ended };
}

/** Until it has begun to work: Node has read the program, which it does the same way each time. */
async function begun(place, ended) {
  let over = false;
  void ended.then(() => (over = true));
  // A run has its workspace then, a build says what it uses.
  const signs = ['cache/work', 'cache/in-use'].map((name) => join(place, name));
  while (!over) {
    for (const sign of signs) if ((await stat(sign).catch(() => undefined)) !== undefined) return;
    await sleep(5);
  }
}

/** A run that nobody disturbs: what it came to, and in how many seconds once it had begun to work. */
async function wholeRun(place) {
  const { ended } = start(place);
  await begun(place, ended);
  const began = performance.now();
  const { code, stdout, stderr } = await ended;
  const seconds = (performance.now() - began) / 1000;
  let decided;
  try {
    decided = subject.decided(stdout);
  } catch (error) {
    decided = { unreadable: String(error), stdout: stdout.slice(0, 300), stderr: stderr.slice(-600) };
  }
  return { code, seconds, decided, stderr };
}

async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.map((entry) => ({ path: relative(folder, join(entry.parentPath, entry.name)), entry }));
}

/** What must not be there when the run after a disturbance has ended: names for people. */
async function leftovers(place) {
  const left = [];
  for (const name of await readdir(join(place, 'tmp'))) left.push(`tmp/${name}`);
  for (const folder of ['cache/work', 'cache/in-use'])
    for (const name of await readdir(join(place, folder)).catch(() => []))
      if (name !== 'wrong-commits') left.push(`${folder}/${name}`);
  for (const folder of ['cache', 'reports'])
    for (const { path, entry } of await filesBelow(join(place, folder)))
      if (path.endsWith('.tmp') || entry.isSocket()) left.push(`${folder}/${path}`);
  for (const id of await readdir('/proc'))
    if (/^\d+$/.test(id)) {
      const command = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
      if (command.includes(place)) left.push(`process ${id}: ${command.replaceAll('\0', ' ').slice(0, 80)}`);
    }
  return [...new Set(left)];
}

/** What `brownout cache verify` says is damaged. */
function damaged(place) {
  const { stdout, status } = spawnSync(process.execPath, [cli, 'cache', 'verify', '--json'], {
    env: { ...process.env, BROWNOUT_CACHE: join(place, 'cache') },
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (status === 4) return [];
  return JSON.parse(stdout)
    .entries.filter(({ damage }) => damage.length > 0)
    .map(({ kind, name, damage }) => `${kind} ${name}: ${damage[0]}`);
}

/** What is wrong after a run that followed a disturbance; empty where nothing is. */
async function troubles(place, after, expected) {
  const found = [];
  if (after.code !== expected.code) found.push(`exit code ${after.code}: ${after.stderr.slice(-400)}`);
  const [is, should] = [after.decided, expected.decided].map((one) => JSON.stringify(subject.compared(one)));
  if (is !== should) found.push(`decided ${is} instead of ${should}`);
  found.push(...(await leftovers(place)).map((one) => `left: ${one}`));
  found.push(...(after.decided?.damaged ?? damaged(place)).map((one) => `damaged: ${one}`));
  return found;
}

/** One sentence, no stack, nothing that blames brownout. */
function badMessage(stderr) {
  const lines = stderr.split('\n').filter((line) => line !== '');
  const errors = lines.filter((line) => line.startsWith('error:'));
  if (errors.length > 1) return `${errors.length} errors: ${stderr.slice(0, 400)}`;
  if (/^\s+at /m.test(stderr) || /unexpected|fault of brownout|Unhandled|node:internal/.test(stderr))
    return stderr.slice(0, 600);
  return undefined;
}

async function experiment(name, repetitions, once) {
  const began = performance.now();
  const failures = [];
  const notes = [];
  for (let i = 0; i < repetitions; i += 1) {
    const result = await once(i);
    if (result.troubles.length > 0) failures.push({ repetition: i, ...result });
    else if (result.note !== undefined) notes.push(result.note);
    process.stderr.write(`${name} ${i + 1}/${repetitions}: ${result.troubles.length === 0 ? 'as it should be' : result.troubles.join('; ').slice(0, 300)}\n`);
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  return { name, repetitions, sound: repetitions - failures.length, seconds, notes: tally(notes), failures };
}

function tally(notes) {
  const counts = {};
  for (const note of notes) counts[note] = (counts[note] ?? 0) + 1;
  return counts;
}

/** Kills it at a random moment; it ends at once where it has ended before. */
async function killAt(place, seconds) {
  const { child, ended } = start(place);
  const killed = begun(place, ended)
    .then(() => sleep(seconds * 1000))
    .then(() => child.kill('SIGKILL'));
  const { signal } = await ended;
  void killed;
  return signal === 'SIGKILL';
}

/** Where it had come to, by what it has left: for the table. */
async function reached(place) {
  const recordings = await readdir(join(place, 'cache/recordings')).catch(() => []);
  if (recordings.length === 0) return 'before a recording was kept';
  const [name = ''] = recordings;
  const boots = await readdir(join(place, 'cache/recordings', name, 'boots')).catch(() => []);
  return boots.length === 0 ? 'recording kept' : 'while it explored or after';
}

const [kindOfSubject] = [args.build !== undefined ? 'build' : args.scenario !== undefined ? 'scenario' : 'simulated'];

/** Whose bundle is made once. */
async function simulated() {
  const outfile = join(root, 'node_modules/.cache/robustness/run/simulated-run.mjs');
  await build({
    ...{ entryPoints: [join(root, 'test/robustness/simulated-run.ts')], outfile, bundle: true },
    ...{ platform: 'node', format: 'esm', packages: 'external', target: 'node20', logLevel: 'warning' },
  });
  return {
    command: (place) => [process.execPath, outfile, place],
    decided: (stdout) => JSON.parse(stdout)[0],
    // How many boots it takes hangs on which of two came back first.
    compared: ({ boots, made, damaged: _, ...rest }) => rest,
    boots: ({ made }) => made,
  };
}

/** This host's cache, from which packages and images are taken and in which nothing is changed. */
const ownCache =
  (process.env.BROWNOUT_CACHE ?? '') !== ''
    ? process.env.BROWNOUT_CACHE
    : join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'brownout');

function building(image) {
  return {
    async prepare(place) {
      await mkdir(join(place, 'cache'));
      await cp(join(ownCache, 'debs'), join(place, 'cache/debs'), { recursive: true });
    },
    command: () => [process.execPath, cli, 'image', 'build', image, '--machine', args.machine, '--json'],
    decided: (stdout) => JSON.parse(stdout),
    compared: (digests) => digests,
  };
}

function real(scenario) {
  return {
    command: (place) => [
      ...[process.execPath, cli, 'run', scenario, '--machine', args.machine, '--power-cuts', 'random:1'],
      ...['--json', '--reports', join(place, 'reports'), '--jobs', '1'],
    ],
    async prepare(place) {
      await mkdir(join(place, 'cache'));
      spawnSync('cp', ['-al', join(ownCache, 'images'), join(place, 'cache/images')]);
    },
    decided: (stdout) => {
      const [{ record }] = JSON.parse(stdout).runs;
      return { verdict: record.verdict, problem: record.problem?.code, steps: record.paths.map(({ steps }) => steps.length) };
    },
    compared: (decided) => decided,
  };
}

subject = kindOfSubject === 'build' ? building(args.build) : kindOfSubject === 'scenario' ? real(args.scenario) : await simulated();

const first = await newPlace();
const expected = await wholeRun(first);
if (expected.code !== 0) {
  process.stderr.write(`nothing can be told: an undisturbed run ends with ${expected.code}: ${expected.stderr}\n`);
  process.exit(3);
}
const initial = await troubles(first, expected, expected);
const again = kindOfSubject === 'simulated' ? await wholeRun(first) : expected;
await rm(first, { recursive: true });
if (kindOfSubject === 'simulated') {
  // The host may have been busy with something else; moments after the end would test nothing.
  const second = await newPlace();
  expected.seconds = Math.min(expected.seconds, (await wholeRun(second)).seconds);
  await rm(second, { recursive: true });
}
process.stderr.write(`undisturbed: exit code ${expected.code} in ${expected.seconds.toFixed(1)} s\n`);
const experiments = [];

experiments.push(
  await experiment('killed, then run again', args.kills, async () => {
    const place = await newPlace();
    const moment = random() * expected.seconds;
    const killed = await killAt(place, moment);
    const where = killed ? await reached(place) : 'had ended';
    const found = await troubles(place, await wholeRun(place), expected);
    await rm(place, { recursive: true });
    return { moment: Number(moment.toFixed(2)), troubles: found, note: where };
  }),
);

if (args.rounds > 0) {
  experiments.push(
    await experiment(`killed ${args.rounds} times in one folder, then run again`, 1, async () => {
      const place = await newPlace();
      for (let i = 0; i < args.rounds; i += 1) await killAt(place, random() * expected.seconds);
      const after = await wholeRun(place);
      const found = await troubles(place, after, expected);
      await rm(place, { recursive: true });
      const made = subject.boots === undefined ? '' : `, boots of its own ${subject.boots(after.decided)}, undisturbed ${subject.boots(expected.decided)}`;
      return { troubles: found, note: `same verdict${made}` };
    }),
  );
}

experiments.push(
  await experiment(`stopped for ${args['stop-seconds']} s`, args.stops, async () => {
    const place = await newPlace();
    const { child, ended } = start(place);
    const moment = random() * expected.seconds;
    await begun(place, ended);
    await sleep(moment * 1000);
    child.kill('SIGSTOP');
    await sleep(args['stop-seconds'] * 1000);
    child.kill('SIGCONT');
    const { code, stdout, stderr } = await ended;
    let decided = {};
    try {
      decided = subject.decided(stdout);
    } catch {}
    const found = await troubles(place, { code, decided, stderr }, expected);
    await rm(place, { recursive: true });
    return { moment: Number(moment.toFixed(2)), troubles: found };
  }),
);

if (process.getuid?.() === 0 && kindOfSubject === 'simulated') {
  const used = await sizeOf();
  for (const which of ['cache', 'reports', 'tmp', ''])
    experiments.push(
      await experiment(`a full disk below ${which === '' ? 'everything' : which}`, args.sizes, async (i) => {
        const place = await newPlace();
        const small = join(place, which);
        await mkdir(small, { recursive: true });
        const kib = Math.max(16, Math.floor(((i + 1) / (args.sizes + 1)) * used[which]));
        mount(small, kib);
        if (which === '') await mkdir(join(place, 'tmp'));
        try {
          const full = await wholeRun(place);
          const found = [];
          if (![expected.code, 3].includes(full.code)) found.push(`exit code ${full.code}: ${full.stderr.slice(-400)}`);
          const message = badMessage(`${full.stderr}${full.decided?.message ?? ''}`);
          if (message !== undefined) found.push(`message: ${message}`);
          spawnSync('mount', ['-o', 'remount,size=512m', small]);
          found.push(...(await troubles(place, await wholeRun(place), expected)));
          return { kib, troubles: found, note: `exit code ${full.code}` };
        } finally {
          spawnSync('umount', ['-l', small]);
          await rm(place, { recursive: true, force: true });
        }
      }),
    );
}

/** KiB that an undisturbed run writes at most, by folder. */
async function sizeOf() {
  const place = await newPlace();
  const { ended } = start(place);
  let running = true;
  const done = ended.finally(() => (running = false));
  const most = { cache: 0, reports: 0, tmp: 0, '': 0 };
  while (running) {
    for (const which of Object.keys(most)) {
      let bytes = 0;
      for (const { path } of await filesBelow(join(place, which)))
        bytes += (await stat(join(place, which, path)).catch(() => ({ blocks: 0 }))).blocks * 512;
      most[which] = Math.max(most[which], Math.ceil(bytes / 1024));
    }
    await sleep(20);
  }
  await done;
  await rm(place, { recursive: true });
  return most;
}

function mount(folder, kib) {
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'brownout-robust', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`no tmpfs: ${stderr}`);
}

/** Where every run had ended before it was killed, nothing was tried. */
const tried = experiments.every(({ notes, repetitions }) => repetitions === 0 || notes['had ended'] !== repetitions);
const sound = tried && initial.length === 0 && experiments.every(({ failures }) => failures.length === 0);
const host = { cores: availableParallelism(), node: process.version };
process.stdout.write(
  `${JSON.stringify({ subject: kindOfSubject, host, seed: args.seed, undisturbed: { ...expected, troubles: initial, again: again.decided }, experiments, sound }, null, 2)}\n`,
);
process.exitCode = sound ? 0 : 1;
