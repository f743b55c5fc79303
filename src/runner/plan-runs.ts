import { join } from 'node:path';
import type { MachineName } from '../model/machine.ts';
import { type Scenario, scenarioSlug } from '../model/scenario.ts';
import { assertPossible, type WantedAccelerator } from '../qemu/wanted-accelerator.ts';
import { openReportFolder, timeId } from './report-folder.ts';

/** What is to be run, and where reports go. */
export interface RunRequest {
  scenarios: readonly Scenario[];
  /** Only this machine; every machine of each scenario where undefined. */
  machine: MachineName | undefined;
  /** Folder for reports, created if missing. */
  reports: string;
  /** What runs the guests; absent: the best for what is to be done. */
  accelerator?: WantedAccelerator;
}

/** One scenario on one machine. */
export interface PlannedRun {
  scenario: Scenario;
  machine: MachineName;
  folder: string;
  runId: string;
}

/** The runs of an invocation, with a report folder of their own below `root` where there are several. */
export interface RunsPlan {
  id: string;
  root: string;
  runs: PlannedRun[];
}

/**
 * Names every run of an invocation and opens its report folder; `kind` goes into its name. Undefined where no scenario
 * names the machine. Throws ScenarioError `accelerator-unusable` before any folder is opened, and HarnessError `reports-unwritable`.
 */
export async function planRuns(
  { scenarios, machine: only, reports, accelerator = 'auto' }: RunRequest,
  kind: string,
): Promise<RunsPlan | undefined> {
  const pairs = scenarios.flatMap((scenario) =>
    scenario.machines
      .filter((machine) => only === undefined || machine === only)
      .map((machine) => ({ scenario, machine })),
  );
  if (pairs.length === 0) return undefined;
  await assertPossible(
    accelerator,
    pairs.map(({ machine }) => machine),
  );
  const id = `${timeId(new Date())}${kind === '' ? '' : `-${kind}`}`;
  const names = distinctNames(
    pairs.map(({ scenario, machine }) => `${scenarioSlug(scenario.source.path)}-${machine}`),
  );
  const [single] = names;
  const root = await openReportFolder(reports, names.length === 1 ? `${id}-${single}` : id);
  const runs = pairs.map((pair, i) => {
    const name = names[i] ?? '';
    return { ...pair, folder: names.length === 1 ? root : join(root, name), runId: `${id}-${name}` };
  });
  return { id, root, runs };
}

/** Numbers what is there more than once: scenarios in different folders may have the same file name. */
function distinctNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let n = 2; taken.has(free); n += 1) free = `${name}-${n}`;
    taken.add(free);
    return free;
  });
}
