/**
 * Runs the corpus: is every defect found, does every corrected twin pass, and would killing QEMU for the same CPU time
 * have found it? Prints one JSON object; progress goes to standard error. Needs the built dist/ (npm run corpus).
 * Exit code 0: all found, no false alarm; 1: not so; 2: wrong arguments; 3: something was not decided.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const corpus = dirname(fileURLToPath(import.meta.url));
const cli = join(corpus, '../../dist/cli/main.js');

/** Exit codes of `brownout run` after which its JSON says what was decided: passed, failed, error. */
const decidedCodes = [0, 1, 3];

function readArguments() {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', multiple: true },
      how: { type: 'string', default: 'all' },
      'no-naive': { type: 'boolean', default: false },
      machine: { type: 'string', default: 'qemuarm64' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string' },
      reports: { type: 'string', default: 'reports/corpus' },
    },
  });
  const known = readdirSync(corpus, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  const wanted = values.case ?? known;
  const names = known.filter((name) => wanted.some((word) => name === word || name.startsWith(`${word}-`)));
  for (const word of wanted)
    if (!names.some((name) => name === word || name.startsWith(`${word}-`)))
      throw new RangeError(`no case "${word}"; there are ${known.join(', ')}`);
  return { ...values, naive: !values['no-naive'], names };
}

/** Runs one scenario of a case and returns its record. Throws where the run decided nothing at all. */
async function run(name, which, how, { machine, seed, jobs, reports }) {
  const file = relative(process.cwd(), join(corpus, name, `${which}.yaml`));
  const args = ['run', file, '--machine', machine, '--power-cuts', how, '--seed', seed, '--second-cut-boots', '0', '--retry-boots', '60', '--reports', join(reports, `${name}-${which}`), '--json'];
  if (jobs !== undefined) args.push('--jobs', jobs);
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (!decidedCodes.includes(exitCode) || stdout === '')
    throw new Error(`${file} --power-cuts ${how} ended with ${exitCode}: ${stderr.trim().slice(-600)}`);
  const [first] = JSON.parse(stdout).runs;
  return first.record;
}

/** What a run came to. `failed` counts only after a cut: a scenario that fails without one is broken. */
function judge(record) {
  const finding = record.findings.find(({ cut }) => cut !== '');
  const uncut = record.findings.find(({ cut }) => cut === '');
  const sound = record.verdict === 'passed' || (record.verdict === 'failed' && uncut === undefined && finding !== undefined);
  const why = record.problem?.message ?? uncut?.message ?? `verdict ${record.verdict}`;
  return {
    failed: sound && finding !== undefined,
    ...(sound ? {} : { error: why }),
    ...(finding === undefined ? {} : { finding: { token: finding.token, check: finding.check, message: finding.message, during: finding.during, reason: finding.reason } }),
    ...(record.crash === undefined ? {} : { claim: record.crash.claim, writes: record.crash.recording.writes }),
    states: total(record.crash?.states),
    decided: total(record.crash?.decided),
    audited: record.crash?.audited ?? 0,
    mismatches: record.crash?.mismatches ?? 0,
    boots: record.crash?.boots ?? 0,
    ...(record.crash?.bootsUntilFound === undefined ? {} : { bootsUntilFound: record.crash.bootsUntilFound }),
    cpuSeconds: round(record.timings['cuts.cpu'] ?? 0),
    seconds: round(record.seconds),
  };
}

/** As many kills of QEMU as `budget` CPU seconds pay for, at least one; the first one says what a kill costs. */
async function killFor(budget, name, options) {
  const one = judge(await run(name, 'defect', 'naive:1', options));
  const kills = Math.max(1, Math.floor(budget / one.cpuSeconds));
  // The same seed kills at the same moments, so that the first kill is among the many.
  const { failed, error, cpuSeconds } = one.failed || kills === 1 ? one : judge(await run(name, 'defect', `naive:${kills}`, options));
  return { found: failed, kills: one.failed ? 1 : kills, cpuSeconds, ...(error === undefined ? {} : { error }) };
}

async function runCase(name, options) {
  const say = (text) => process.stderr.write(`${name}: ${text}\n`);
  try {
    const { failed: found, ...defect } = judge(await run(name, 'defect', options.how, options));
    say(`${found ? `found by boot ${defect.bootsUntilFound}` : 'NOT FOUND'} in ${defect.boots} boots, ${defect.cpuSeconds} CPU s${found ? `: ${defect.finding.token} ${defect.finding.message.split('\n')[0]}` : ''}`);
    const { failed: falseAlarm, ...twin } = judge(await run(name, 'twin', options.how, options));
    say(`twin ${falseAlarm ? `FALSE ALARM ${twin.finding.token} ${twin.finding.message}` : 'passed'} in ${twin.boots} boots, ${twin.cpuSeconds} CPU s`);
    const result = { name, found, ...defect, twin: { falseAlarm, ...twin } };
    if (!options.naive) return result;
    const naive = await killFor(defect.cpuSeconds, name, options);
    say(`${naive.kills} kills of QEMU, ${naive.cpuSeconds} CPU s: ${naive.found ? 'found' : 'not found'}`);
    return { ...result, naive };
  } catch (error) {
    say(`ERROR ${error.message}`);
    return { name, found: false, error: error.message };
  }
}

function total(counts = {}) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** The middle of the cases' boots until the defect was found; of an even number the larger of the two. */
function medianOf(boots) {
  return boots.length === 0 ? {} : { medianBootsUntilFound: boots.sort((a, b) => a - b)[boots.length >> 1] };
}

function round(number) {
  return Math.round(number * 10) / 10;
}

async function main() {
  const options = readArguments();
  const cases = [];
  for (const name of options.names) cases.push(await runCase(name, options));
  const count = (condition) => cases.filter(condition).length;
  const summary = {
    found: count(({ found }) => found),
    of: cases.length,
    ...medianOf(cases.flatMap(({ bootsUntilFound }) => bootsUntilFound ?? [])),
    falseAlarms: count(({ twin }) => twin?.falseAlarm === true),
    ...(options.naive ? { naiveFound: count(({ naive }) => naive?.found === true) } : {}),
    how: options.how,
    seed: options.seed,
    cases,
  };
  console.log(JSON.stringify(summary, undefined, 2));
  const undecided = ({ error, twin, naive }) => [error, twin?.error, naive?.error].some((reason) => reason !== undefined);
  if (cases.some(undecided)) return 3;
  return summary.found === summary.of && summary.falseAlarms === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`corpus: ${error.message}\n`);
  process.exitCode = 2;
}
