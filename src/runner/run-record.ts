import { crashSummary } from '../crash/crash-summary.ts';
import { present, type RunProgress } from '../crash/power-cuts.ts';
import type { ImageManifest } from '../model/image.ts';
import type { MachineName } from '../model/machine.ts';
import { type Problem, type RunRecord, worst } from '../model/record.ts';
import type { PowerCuts, Scenario } from '../model/scenario.ts';
import { manyOutcomes } from '../oracle/outcomes.ts';
import { findingsOf, runVerdict, uncutFindings } from '../oracle/verdict.ts';

/** What a record says besides what happened. A run that ended before its image was there has no manifest. */
export interface RunFacts {
  runId: string;
  scenario: Scenario;
  machine: MachineName;
  manifest: ImageManifest | undefined;
  seed: string;
  powerCuts: PowerCuts;
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
  const parts = {
    paths: present(progress.paths),
    ...(cuts.length === 0 ? {} : { crash: crashSummary(progress, scenario.powerCuts.during) }),
    ...(facts.problem === undefined ? {} : { problem: facts.problem }),
  };
  const found =
    progress.explorations.length === 0 ? findingsOf(parts) : [...uncutFindings(parts), ...progress.findings];
  const many = scenario.expect.outcomes === 'two' ? manyOutcomes(cuts) : [];
  return {
    format: 1,
    id: facts.runId,
    scenario: scenario.name,
    scenarioFile: scenario.source.path,
    machine: facts.machine,
    seed: facts.seed,
    powerCuts: powerCutsText(facts.powerCuts),
    network: scenario.network ?? 'closed',
    verdict: worst([runVerdict(parts), ...(many.length === 0 ? [] : ['failed' as const])]),
    started: facts.started.toISOString(),
    seconds: facts.seconds,
    ...parts,
    findings: [...found, ...many],
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

/** As on the command line: `random:20`. */
export function powerCutsText(powerCuts: PowerCuts): string {
  return 'count' in powerCuts ? `${powerCuts.mode}:${powerCuts.count}` : powerCuts.mode;
}
