/**
 * What several workers cost: the crash states of one recording decided by 1, 2 and 4 workers at once, with a ledger that they
 * share and with one each, and merged. Prints JSON; progress goes to standard error.
 * npm run bench:shards -- [--scenario FILE] [--machine NAME] [--workers 1,2,4] [--output FOLDER]
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'scenarios/demo/careful.yaml' },
    machine: { type: 'string', default: 'qemuarm64' },
    workers: { type: 'string', default: '1,2,4' },
    ways: { type: 'string', default: 'shared,apart' },
    output: { type: 'string', default: 'reports/bench-shards' },
  },
});
const recordings = join(values.output, 'recordings');
const usual = ['--machine', values.machine];

/** Runs the built command line; returns what it printed and how long it took. */
async function brownout(args) {
  process.stderr.write(`brownout ${args.join(' ')}\n`);
  const began = performance.now();
  const child = spawn(process.execPath, ['dist/cli/main.js', ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  const exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (stdout === '') throw new Error(`brownout ${args.join(' ')} ended with ${exitCode} and printed nothing`);
  const { record } = JSON.parse(stdout).runs[0];
  return { exitCode, record, seconds: (performance.now() - began) / 1000 };
}

/** Boots of recorded states that a run has made itself. */
const bootsOf = ({ crash }) => (crash?.cuts ?? []).filter(({ kind, booted }) => kind !== 'live' && booted === undefined);
const wholeOf = (record) => bootsOf(record).filter(({ stage, decides }) => stage === 'whole' && decides > 0);
const sum = (list, of) => list.reduce((total, one) => total + of(one), 0);
const round = (number) => Math.round(number * 10) / 10;

mkdirSync(values.output, { recursive: true });
await brownout(['record', values.scenario, ...usual, '--output', recordings, '--reports', join(values.output, 'record')]);
const results = [];
for (const way of values.ways.split(','))
  for (const count of values.workers.split(',').map(Number)) {
    const folder = join(values.output, `${way}-${count}`);
    rmSync(folder, { recursive: true, force: true });
    const shared = way === 'shared' ? ['--ledger', join(folder, 'ledger')] : [];
    const from = ['--recording', recordings, '--jobs', '1'];
    const began = performance.now();
    const workers = await Promise.all(
      Array.from({ length: count }, (_, i) =>
        brownout([
          ...['run', values.scenario, ...usual, '--power-cuts', 'all', ...from, ...shared],
          ...['--shard', `${i + 1}/${count}`, '--reports', join(folder, `reports-${i + 1}`)],
        ]),
      ),
    );
    const wall = (performance.now() - began) / 1000;
    const merged = await brownout(['report', 'merge', folder, ...from, '--reports', join(folder, 'merged')]);
    const cpu = (record) => record.timings['cuts.cpu'] ?? 0;
    const { crash } = merged.record;
    results.push({
      way,
      workers: count,
      exitCodes: workers.map(({ exitCode }) => exitCode),
      verdict: merged.record.verdict,
      claim: crash?.claim,
      decided: sum(Object.values(crash?.decided ?? {}), (states) => states),
      boots: sum(workers, ({ record }) => bootsOf(record).length),
      bootsToDecide: sum(workers, ({ record }) => wholeOf(record).length),
      bootsOfEach: workers.map(({ record }) => bootsOf(record).length),
      mergeBoots: bootsOf(merged.record).length,
      cpuSeconds: round(sum(workers, ({ record }) => cpu(record))),
      mergeCpuSeconds: round(cpu(merged.record)),
      wallSeconds: round(wall),
      mergeSeconds: round(merged.seconds),
    });
    process.stderr.write(`${JSON.stringify(results.at(-1))}\n`);
  }
console.log(JSON.stringify(results, null, 2));
