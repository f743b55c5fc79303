import { crashSummary } from '../crash/crash-summary.ts';
import { present, type RunProgress } from '../crash/power-cuts.ts';
import type { ImageManifest } from '../model/image.ts';
import type { MachineName } from '../model/machine.ts';
import {
  type CrashRecord,
  type CutRecord,
  type Finding,
  type Problem,
  type RunRecord,
  type Verdict,
  worst,
} from '../model/record.ts';
import type { PowerCuts, Scenario } from '../model/scenario.ts';
import type { Shard } from '../model/shard.ts';
import { knownOn, markKnown } from '../oracle/known.ts';
import { manyOutcomes } from '../oracle/outcomes.ts';
import { cutFindings, findingsOf, runVerdict, uncutFindings } from '../oracle/verdict.ts';

/** What a record says besides what happened. A run that ended before its image was there has no manifest. */
export interface RunFacts {
  runId: string;
  scenario: Scenario;
  machine: MachineName;
  manifest: ImageManifest | undefined;
  seed: string;
  powerCuts: PowerCuts;
  shard?: Shard | undefined;
  /** Parts that no worker has finished, where what they left is merged. */
  unfinished?: readonly string[];
  started: Date;
  seconds: number;
  timings: Record<string, number>;
  host: RunRecord['host'];
  problem?: Problem;
}

/** The record of a run from everything that was decided. */
export function makeRecord(facts: RunFacts, progress: RunProgress): RunRecord {
  const { scenario, manifest } = facts;
  const releases = Object.values(manifest?.releases ?? {});
  const cuts = present(progress.cuts);
  const happened = {
    paths: present(progress.paths),
    ...(cuts.length === 0 && progress.explorations.length === 0 ? {} : { crash: crashOf(facts, progress) }),
    ...(facts.problem === undefined ? {} : { problem: facts.problem }),
  };
  const found =
    progress.explorations.length === 0
      ? findingsOf(happened)
      : [...uncutFindings(happened), ...progress.findings, ...shownLiveAlone(cuts, progress.findings)];
  const many = scenario.expect.outcomes === 'two' ? manyOutcomes(cuts) : [];
  const list = knownOn(scenario.known, facts.machine);
  const { known, ...parts } = markKnown(
    { ...happened, findings: [...found, ...many] },
    list,
    dayOf(facts.started),
  );
  return {
    format: 1,
    id: facts.runId,
    scenario: scenario.name,
    scenarioFile: scenario.source.path,
    machine: facts.machine,
    seed: facts.seed,
    powerCuts: powerCutsText(facts.powerCuts),
    network: scenario.network ?? 'closed',
    ...(facts.shard === undefined ? {} : { shard: facts.shard }),
    verdict: verdictOf(parts, facts.powerCuts),
    started: facts.started.toISOString(),
    seconds: facts.seconds,
    ...parts,
    ...(known.length === 0 ? {} : { known }),
    timings: facts.timings,
    host: facts.host,
    inputs: {
      scenario: scenario.source.sha256,
      image: scenario.image,
      imageKey: manifest?.key ?? '',
      disks: Object.fromEntries(
        releases.flatMap(({ version, factory }) =>
          Object.entries(factory ?? {}).map(([disk, file]) => [`${version}/${disk}`, file.sha256]),
        ),
      ),
      bundles: Object.fromEntries(
        releases.flatMap(({ version, bundles }) =>
          Object.entries(bundles).map(([format, file]) => [`${version}/${format}`, file.sha256]),
        ),
      ),
      packages: Object.fromEntries((manifest?.packages ?? []).map(({ name, version }) => [name, version])),
    },
  };
}

function crashOf({ scenario, shard, unfinished = [] }: RunFacts, progress: RunProgress): CrashRecord {
  const crash = crashSummary(progress, scenario.powerCuts.during, shard !== undefined);
  return unfinished.length === 0 ? crash : { ...crash, unfinished: [...unfinished] };
}

/** What failed after live cuts, and in no state that was explored. */
function shownLiveAlone(cuts: readonly CutRecord[], explored: readonly Finding[]): Finding[] {
  return cutFindings(cuts.filter(({ kind }) => kind === 'live')).filter(
    ({ check, message }) => !explored.some((one) => one.check === check && one.message === message),
  );
}

/** The day of a moment, in UTC: `2027-03-01`. */
export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

/**
 * The verdict of a run with its findings. What is known must hide nothing: where it has kept a path from being cut, or states
 * from being tried, these are open.
 */
function verdictOf(
  parts: Pick<RunRecord, 'paths' | 'crash' | 'findings' | 'problem'>,
  powerCuts: PowerCuts,
): Verdict {
  const found = parts.findings.map(({ known }) => (known?.status === 'known' ? 'known' : 'failed'));
  const verdict = worst([runVerdict(parts), ...found]);
  if (verdict !== 'known') return verdict;
  const uncut =
    powerCuts.mode !== 'none' &&
    parts.paths.some(({ steps }) => steps.some((step) => step.verdict === 'known'));
  return uncut || (parts.crash?.skipped ?? 0) > 0 ? 'unknown' : verdict;
}

/** As on the command line: `random:20`. */
export function powerCutsText(powerCuts: PowerCuts): string {
  return 'count' in powerCuts ? `${powerCuts.mode}:${powerCuts.count}` : powerCuts.mode;
}
