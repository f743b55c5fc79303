import type { RunContext } from '../device/run-context.ts';
import type { PathRecord } from '../model/record.ts';
import type { PowerCuts } from '../model/scenario.ts';
import { areDecided, keptPaths, pathKey } from '../recording/kept-paths.ts';
import { KeptVerdicts } from '../recording/kept-verdicts.ts';

/** Paths that earlier runs have taken without a cut, of a run in which nothing else is asked. */
export interface EarlierPaths {
  /** Undefined where no earlier run has come to its end, or none is to count. */
  find: (releases: string[]) => Promise<PathRecord | undefined>;
  /** Keeps a path that this run has taken, where each of its steps says something of the device. */
  keep: (path: PathRecord | undefined) => Promise<void>;
}

/** What of a run says whether earlier ones count. */
interface AskedPaths {
  powerCuts: PowerCuts;
  recordings: { keepPaths?: boolean; fresh?: boolean };
  seed: string;
  qemuVersion: string;
}

/** Undefined where power is cut, which recordings are kept for, or paths are not to be kept. */
export async function earlierPaths(
  context: RunContext,
  { powerCuts, recordings, seed, qemuVersion }: AskedPaths,
): Promise<EarlierPaths | undefined> {
  if (powerCuts.mode !== 'none' || recordings.keepPaths !== true) return undefined;
  const kept = await KeptVerdicts.open(context, keptPaths, { qemuVersion, seed });
  return {
    find: async (releases) => {
      const known = recordings.fresh === true ? undefined : await kept.find(pathKey({ releases }));
      return known && { ...known.value, taken: known.decided };
    },
    keep: async (path) => {
      if (path !== undefined && areDecided(path.steps)) await kept.keep(pathKey(path), path);
    },
  };
}
