/**
 * What exploration gains: for each workload, every crash state decided by booting few; then, with the same CPU seconds,
 * QEMU killed at random times, as other harnesses do. Prints JSON; progress goes to standard error.
 * npm run bench:explore -- [--case NAME] [--jobs N] [--seed WORD]
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import type { CrashRecord, RunRecord, StateCounts } from '../../src/model/record.ts';

const workloads = [
  { name: 'rauc-qemux86-64', scenario: 'test/scenarios/upgrade.yaml', machine: 'qemux86-64' },
  { name: 'rauc-qemuarm64', scenario: 'test/scenarios/upgrade.yaml', machine: 'qemuarm64' },
  { name: 'dpkg', scenario: 'test/scenarios/dpkg-upgrade.yaml', machine: 'qemuarm64' },
];

const { values } = parseArgs({
  options: {
    case: { type: 'string', multiple: true },
    jobs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    reports: { type: 'string', default: 'reports/bench-explore' },
  },
});

/** Runs the built command line on one workload and returns its record. */
async function run(
  { name, scenario, machine }: (typeof workloads)[number],
  how: string,
): Promise<RunRecord & { crash: CrashRecord }> {
  const args = [
    'dist/cli/main.js',
    'run',
    scenario,
    '--machine',
    machine,
    '--power-cuts',
    how,
    '--seed',
    values.seed,
    '--reports',
    values.reports,
    '--json',
  ];
  if (how === 'all') args.push('--fresh', '--retry-boots', '0', '--second-cut-boots', '0');
  if (values.jobs !== undefined) args.push('--jobs', values.jobs);
  process.stderr.write(`${name}: ${how}\n`);
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (stdout === '')
    throw new Error(`${scenario} --power-cuts ${how} ended with ${exitCode} and printed nothing`);
  const [first] = (JSON.parse(stdout) as { runs: { record: RunRecord }[] }).runs;
  const { crash, problem } = first?.record ?? {};
  if (first === undefined || crash === undefined)
    throw new Error(`${scenario}: ${problem?.message ?? 'no cut was made'}`);
  return { ...first.record, crash };
}

const total = (counts: StateCounts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
const round = (number: number) => Math.round(number * 10) / 10;
const results = [];
for (const workload of workloads.filter(
  ({ name }) => values.case === undefined || values.case.includes(name),
)) {
  const { crash, timings, verdict, seconds } = await run(workload, 'all');
  const deciding = crash.stages[0]?.boots ?? 0;
  const cpu = timings['cuts.cpu'] ?? 0;
  const one = (await run(workload, 'naive:1')).timings['cuts.cpu'] ?? cpu;
  const kills = Math.max(1, Math.floor(cpu / one));
  const naive = await run(workload, `naive:${kills}`);
  const decided = total(crash.decided);
  results.push({
    workload: workload.name,
    verdict,
    claim: crash.claim,
    states: crash.states,
    blockTears: crash.blockTears,
    decided,
    boots: deciding,
    statesPerBoot: round(decided / deciding),
    audited: crash.audited,
    mismatches: crash.mismatches,
    cpuSeconds: round(cpu),
    exploringCpuSeconds: round(timings['explore.cpu'] ?? 0),
    seconds: round(seconds),
    naive: {
      kills,
      cpuSeconds: round(naive.timings['cuts.cpu'] ?? 0),
      verdict: naive.verdict,
      statesAtMost: kills,
    },
    ratio: round(decided / kills),
  });
}
console.log(JSON.stringify(results, null, 2));
