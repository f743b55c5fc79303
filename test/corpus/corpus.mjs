/**
 * Runs the corpus: is every defect found, after how many boots, does its sentence name the place, does every corrected
 * twin pass, and would killing QEMU for the same CPU time have found it? Prints one JSON object; progress goes to
 * standard error. Needs the built dist/ (npm run corpus).
 * Exit code 0: all found, no false alarm; 1: not so; 2: wrong arguments; 3: something was not decided. An interruption
 * (Ctrl-C, SIGTERM) ends it with the JSON of the cases that were done, and 3.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findingOf, isOf, joinCases, readCases, scenarioOf, togetherWith } from './cases.mjs';

const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Exit codes of `brownout run` after which its JSON says what was decided: passed, failed, error. */
const decidedCodes = [0, 1, 3];

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interruption.abort());

function readArguments() {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', multiple: true },
      how: { type: 'string', default: 'all' },
      'no-naive': { type: 'boolean', default: false },
      together: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string' },
      audit: { type: 'string' },
      reports: { type: 'string', default: 'reports/corpus' },
    },
  });
  const known = readCases();
  const wanted = values.case ?? known.map(({ name }) => name);
  const is = (word) => ({ name }) => name === word || name.startsWith(`${word}-`);
  for (const word of wanted)
    if (!known.some(is(word))) throw new RangeError(`no case "${word}"; there are ${known.map(({ name }) => name).join(', ')}`);
  const cases = known.filter((one) => wanted.some((word) => is(word)(one)));
  return { ...values, naive: !values['no-naive'] && !values.together, cases };
}

/** Runs one scenario of a case and returns its record. Who does damage without a cut is not cut. */
function run({ name, withoutCut, options }, which, how, settings) {
  const cuts = withoutCut ? 'none' : how;
  return runFile(scenarioOf(name, which), `${name}-${which}`, cuts, options, settings);
}

/** Runs a scenario file and returns its record. Throws where the run decided nothing at all. */
async function runFile(path, title, cuts, options, { seed, jobs, audit, reports }) {
  const file = relative(process.cwd(), path);
  const args = ['run', file, '--power-cuts', cuts, '--reports', join(reports, title), '--json'];
  if (jobs !== undefined) args.push('--jobs', jobs);
  if (cuts !== 'none') args.push('--seed', seed);
  if (cuts === 'all') {
    args.push('--fresh', '--second-cut-boots', '0', '--retry-boots', '60');
    if (audit !== undefined) args.push('--audit', audit);
    args.push(...options);
  }
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () => child.kill();
  interruption.signal.addEventListener('abort', stop, { once: true });
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
  interruption.signal.removeEventListener('abort', stop);
  interruption.signal.throwIfAborted();
  if (!decidedCodes.includes(exitCode) || stdout === '')
    throw new Error(`${file} ended with ${exitCode}: ${stderr.trim().slice(-600)}`);
  const [first] = JSON.parse(stdout).runs;
  return first.record;
}

/**
 * What a run came to. A case that needs a cut counts as failed only after one: a scenario that fails without one is
 * broken, and so is one that fails after a cut where the upgrade itself should have shown it.
 */
function judge(record, one, together = false) {
  const finding = findingOf(record, one, together);
  const other = record.findings.find(({ cut }) => (cut === '') !== one.withoutCut);
  // Of several cases together, another one's finding may be why the run failed.
  const sound = record.verdict === 'passed' || (record.verdict === 'failed' && other === undefined && record.findings.length > 0);
  const bootsUntilFound = together ? finding?.boots : record.crash?.bootsUntilFound;
  const why = record.problem?.message ?? other?.message ?? `verdict ${record.verdict}`;
  return {
    failed: sound && finding !== undefined,
    ...(sound ? {} : { error: why }),
    ...(finding === undefined ? {} : { finding }),
    ...(record.crash === undefined ? {} : { claim: record.crash.claim, writes: record.crash.recording.writes }),
    states: total(record.crash?.states),
    decided: total(record.crash?.decided),
    audited: record.crash?.audited ?? 0,
    mismatches: record.crash?.mismatches ?? 0,
    boots: record.crash?.boots ?? 0,
    ...(bootsUntilFound === undefined ? {} : { bootsUntilFound }),
    cpuSeconds: round(record.timings['cuts.cpu'] ?? 0),
    seconds: round(record.seconds),
  };
}

/** As many kills of QEMU as `budget` CPU seconds pay for, at least one; the first one says what a kill costs. */
async function killFor(budget, one, options) {
  const killed = async (kills) => judge(await run(one, 'defect', `naive:${kills}`, options), one);
  const first = await killed(1);
  const kills = Math.max(1, Math.floor(budget / first.cpuSeconds));
  // The same seed kills at the same moments, so that the first kill is among the many.
  const { failed, error, cpuSeconds } = first.failed || kills === 1 ? first : await killed(kills);
  return { found: failed, kills: first.failed ? 1 : kills, cpuSeconds, ...(error === undefined ? {} : { error }) };
}

async function runCase(one, options) {
  const { name, withoutCut } = one;
  const say = (text) => process.stderr.write(`${name}: ${text}\n`);
  try {
    const { failed: found, ...defect } = judge(await run(one, 'defect', options.how, options), one);
    say(found ? foundText(defect) : `NOT FOUND in ${defect.boots} boots${defect.error === undefined ? '' : `: ${defect.error}`}`);
    const { failed: falseAlarm, ...twin } = judge(await run(one, 'twin', options.how, options), one);
    say(falseAlarm ? `twin FALSE ALARM ${twin.finding.token} ${twin.finding.message}` : `twin ${twin.error ?? 'passed'} in ${twin.boots} boots, ${twin.cpuSeconds} CPU s`);
    const result = { name, found, ...defect, twin: { falseAlarm, ...twin } };
    if (!options.naive || withoutCut) return result;
    const naive = await killFor(defect.cpuSeconds, one, options);
    say(`${naive.kills} kills of QEMU, ${naive.cpuSeconds} CPU s: ${naive.found ? 'found' : 'not found'}`);
    return { ...result, naive };
  } catch (error) {
    say(interruption.signal.aborted ? 'interrupted' : `ERROR ${error.message}`);
    return { name, found: false, error: error.message };
  }
}

/**
 * Runs cases that ask the same as one upgrade, defects and twins at a time, and judges each by its own check. CPU
 * seconds, states and boots are those of the whole.
 */
async function runTogether(cases, options) {
  const names = cases.map(({ name }) => name);
  const say = (name, text) => process.stderr.write(`${name}: ${text}\n`);
  const folder = await mkdtemp(join(tmpdir(), 'brownout-corpus-'));
  try {
    const how = cases[0].withoutCut ? 'none' : options.how;
    const [defects, twins] = await Promise.all(
      ['defect', 'twin'].map(async (which) => {
        const file = join(folder, `${which}.yaml`);
        await writeFile(file, joinCases(names, which));
        return runFile(file, `together-${names[0]}-${which}`, how, cases[0].options, { ...options, jobs: '1' });
      }),
    );
    for (const finding of [...defects.findings, ...twins.findings])
      if (!cases.some((one) => isOf(finding, one))) throw new Error(`a finding of none of them: ${finding.check}: ${finding.message}`);
    return cases.map((one) => {
      const { failed: found, ...defect } = judge(defects, one, true);
      say(one.name, found ? foundText(defect) : `NOT FOUND in ${defect.boots} boots${defect.error === undefined ? '' : `: ${defect.error}`}`);
      const { failed: falseAlarm, ...twin } = judge(twins, one, true);
      say(one.name, falseAlarm ? `twin FALSE ALARM ${twin.finding.token} ${twin.finding.message}` : `twin ${twin.error ?? 'passed'}`);
      return { name: one.name, found, ...defect, twin: { falseAlarm, ...twin } };
    });
  } catch (error) {
    for (const name of names) say(name, `ERROR ${error.message}`);
    return names.map((name) => ({ name, found: false, error: error.message }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function foundText({ finding, bootsUntilFound, boots, cpuSeconds }) {
  const named = finding.namesPlace ? '' : ', the place is NOT NAMED';
  return `found by boot ${bootsUntilFound ?? 0} of ${boots}, ${cpuSeconds} CPU s${named}: ${finding.token} ${finding.message.split('\n')[0]}`;
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
  const parts = options.together
    ? togetherWith(options.cases).map((some) => () => runTogether(some, options))
    : options.cases.map((one) => async () => [await runCase(one, options)]);
  for (const part of parts) {
    const done = await part();
    if (interruption.signal.aborted) break;
    cases.push(...done);
  }
  const count = (condition) => cases.filter(condition).length;
  const summary = {
    found: count(({ found }) => found),
    of: cases.length,
    ...(interruption.signal.aborted ? { interrupted: true } : {}),
    ...medianOf(cases.flatMap(({ bootsUntilFound }) => bootsUntilFound ?? [])),
    falseAlarms: count(({ twin }) => twin?.falseAlarm === true),
    placeNamed: count(({ found, finding }) => found && finding.namesPlace),
    ...(options.naive ? { naiveFound: count(({ naive }) => naive?.found === true) } : {}),
    how: options.how,
    seed: options.seed,
    cases,
  };
  console.log(JSON.stringify(summary, undefined, 2));
  const undecided = ({ error, twin, naive }) => [error, twin?.error, naive?.error].some((reason) => reason !== undefined);
  if (interruption.signal.aborted || cases.some(undecided)) return 3;
  return summary.found === summary.of && summary.falseAlarms === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`corpus: ${error.message}\n`);
  process.exitCode = 2;
}
