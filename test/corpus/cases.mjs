/**
 * The corpus' cases: what each consists of, how several of them are made one scenario, and what a run's record says of
 * each. Used by corpus.mjs and by the integration test of the corpus.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

const corpus = dirname(fileURLToPath(import.meta.url));

/**
 * Every case, by name, sorted. `names`: what the sentence of a finding must have, one of them; `withoutCut`: the
 * upgrade itself shows the defect; `alone`: it cannot share a device with other cases; `options`: more options of
 * `brownout run` that its question needs.
 */
export function readCases() {
  return readdirSync(corpus, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const text = readFileSync(join(corpus, name, 'case.yaml'), 'utf8');
      const { names, withoutCut = false, alone = false, options = [] } = parse(text);
      return { name, names, withoutCut, alone, options };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The scenario file of a case; `which`: defect or twin. */
export function scenarioOf(name, which) {
  return join(corpus, name, `${which}.yaml`);
}

/**
 * One scenario of several cases: one upgrade that takes their steps one after the other, and one device that is asked
 * all their questions. Recording, live cut and boots are paid once. Throws where they cannot be one: what is asked after
 * a cut must be the same.
 */
export function joinCases(names, which) {
  const all = names.map((name) => ({ name, scenario: parse(readFileSync(scenarioOf(name, which), 'utf8')) }));
  const [{ scenario: first }] = all;
  for (const { name, scenario } of all)
    if (stringify(asked(scenario)) !== stringify(asked(first))) throw new RangeError(`${name} asks something else than ${names[0]}`);
  const checks = all.flatMap(({ scenario }) => scenario.checks ?? []);
  if (new Set(checks.map(({ name }) => name)).size < checks.length)
    throw new RangeError(`two checks of ${names.join(', ')} have the same name`);
  const { machines, image, releases, powerCuts, expect } = first;
  const configuration = all.flatMap(({ scenario }) => scenario.configuration ?? []);
  const scenario = {
    name: `Corpus, ${which}: ${names.map((name) => name.slice(0, 2)).join(', ')}`,
    machines,
    image,
    agent: { name: 'script', ...commands(all, 'install'), ...commands(all, 'confirm') },
    releases,
    provision: all.flatMap(({ scenario }) => scenario.provision ?? []),
    ...(configuration.length > 0 ? { configuration } : {}),
    ...(checks.length > 0 ? { checks } : {}),
    powerCuts,
    // Each step leaves the device whole in a way of its own.
    expect: { ...expect, outcomes: 'unchecked' },
  };
  return stringify(scenario, { blockQuote: 'literal', lineWidth: 0 });
}

/** Cases in groups of those that can be one scenario, at most `most` in each: a finding is explained for eight at most. */
export function togetherWith(cases, most = 6) {
  const groups = new Map();
  for (const one of cases) {
    const key = one.alone ? one.name : stringify([asked(parse(readFileSync(scenarioOf(one.name, 'defect'), 'utf8'))), one.withoutCut, one.options]);
    const group = groups.get(key) ?? [[]];
    if (group.at(-1).length === most) group.push([]);
    group.at(-1).push(one);
    groups.set(key, group);
  }
  return [...groups.values()].flat();
}

/** What a scenario asks, besides its checks and in how many ways a device may come out whole. */
function asked({ machines, image, releases, powerCuts, expect: { outcomes: _, ...expect } }) {
  return { machines, image, releases, powerCuts, expect };
}

/** The commands of all cases that have some, each in a shell of its own. */
function commands(all, key) {
  const parts = all
    .filter(({ scenario }) => scenario.agent[key] !== undefined)
    .map(({ name, scenario }) => `# ${name}\n(\n${scenario.agent[key].trimEnd()}\n)`);
  return parts.length === 0 ? {} : { [key]: ['set -e', ...parts, ''].join('\n') };
}

/** Whether a finding of a run of several cases is of this one: its check failed, or its place is named. */
export function isOf({ check, cut, message, reason }, { name, names, withoutCut }) {
  if ((cut === '') !== withoutCut) return false;
  const { checks = [] } = parse(readFileSync(scenarioOf(name, 'defect'), 'utf8'));
  return checks.some((one) => one.name === check) || hasOne(names, message) || (check.includes('retry') && hasOne(names, reason));
}

function hasOne(names, text = '') {
  return names.some((name) => text.includes(name));
}

/**
 * What a run's record says of a case: its finding, whether the sentence names one of `names`, and how many boots it took.
 * `together`: the run is of other cases, too.
 */
export function findingOf(record, one, together) {
  const { names, withoutCut } = one;
  const finding = record.findings.find((found) => (together ? isOf(found, one) : (found.cut === '') === withoutCut));
  if (finding === undefined) return undefined;
  const { token, check, message, during, reason } = finding;
  return { token, check, message, during, reason, namesPlace: hasOne(names, withoutCut ? message : (reason ?? message)), boots: bootsUntil(record, finding) };
}

/** Boots in the order in which they ended, up to the first that showed it; the live cut is none of them. */
function bootsUntil({ crash }, finding) {
  const boots = (crash?.cuts ?? []).filter(({ kind }) => kind !== 'live');
  const at = boots.findIndex(({ id, verdict }) => id === finding.cut && verdict === 'failed');
  return at === -1 ? undefined : at + 1;
}
