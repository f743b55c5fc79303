import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { ExploreLimits } from '../../../src/crash/explore-cuts.ts';
import type { RunEvent } from '../../../src/model/event.ts';
import type { ImageManifest } from '../../../src/model/image.ts';
import type { RunRecord } from '../../../src/model/record.ts';
import { type Replayed, type ReplayOptions, replay } from '../../../src/runner/replay.ts';
import type { RunHost } from '../../../src/runner/run-host.ts';
import { type RunOptions, runScenarios } from '../../../src/runner/run-scenarios.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { fewBoots, simulatedHost, usualScenario } from './host.ts';
import { slotImage } from './images.ts';
import { type CreateTarget, simulatedTargets } from './machine.ts';
import { SlotGuest, type SlotTraits } from './slot-guest.ts';

/** What a test says of a run besides its scenario; the rest is a small run of every state. */
export type Asked = Partial<Omit<RunOptions, 'scenarios' | 'limits'>> & { limits?: Partial<ExploreLimits> };

/** A temporary folder with an image, a scenario file, reports and a cache, where runs meet simulated devices. */
export interface Lab {
  folder: string;
  reports: string;
  cache: string;
  manifest: ImageManifest;
  /** The events of all runs. */
  events: RunEvent[];
  /** In place of `simulated`; targets that a test makes itself. */
  createTarget: CreateTarget;
  /** Writes the scenario file; fields in place of or besides the usual ones. */
  scenario(fields?: Record<string, unknown>): Promise<string>;
  /** What runs the scenario file, once or as several. */
  options(asked?: Asked, times?: number): Promise<RunOptions>;
  /** Runs the scenario file. */
  run(asked?: Asked): Promise<RunRecord>;
  replay(what: string, asked?: Partial<ReplayOptions>): Promise<Replayed>;
}

/** A lab for devices with two slots that have these traits. */
export function slotLab(traits: SlotTraits = {}): Promise<Lab> {
  return openLab(
    slotImage,
    simulatedTargets(() => new SlotGuest(traits)),
  );
}

/** A lab that is gone when the test has ended. */
export async function openLab(
  image: (folder: string) => Promise<ImageManifest>,
  createTarget: CreateTarget,
): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-simulated-'));
  const cache = join(folder, 'cache');
  vi.stubEnv('BROWNOUT_CACHE', cache);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });
  await mkdir(join(folder, 'image'));
  const file = join(folder, 'simulated.yaml');
  const lab: Lab = {
    folder,
    cache,
    reports: join(folder, 'reports'),
    manifest: await image(join(folder, 'image')),
    events: [],
    createTarget,
    async scenario(fields = {}) {
      await writeFile(file, JSON.stringify({ ...usualScenario, ...fields }, null, 2));
      return file;
    },
    async options({ limits, ...asked } = {}, times = 1) {
      const scenario = await loadScenario(file);
      return {
        scenarios: Array.from({ length: times }, () => scenario),
        machine: undefined,
        powerCuts: { mode: 'all' },
        limits: { ...fewBoots, ...limits },
        seed: '1',
        reports: lab.reports,
        jobs: 2,
        sshPort: undefined,
        recordings: {},
        events: (event) => lab.events.push(event),
        signal: new AbortController().signal,
        host: hostOf(lab),
        ...asked,
      };
    },
    async run(asked) {
      const [record] = await runScenarios(await lab.options(asked));
      if (record === undefined) throw new Error('the run has left no record');
      return record;
    },
    replay: (what, asked = {}) =>
      replay({
        what,
        reports: lab.reports,
        exportTo: undefined,
        handOver: undefined,
        sshPort: undefined,
        onEvent: (event) => lab.events.push(event),
        signal: new AbortController().signal,
        host: hostOf(lab),
        ...asked,
      }),
  };
  await lab.scenario();
  return lab;
}

function hostOf(lab: Lab): RunHost {
  return simulatedHost(
    lab.folder,
    () => lab.manifest,
    (options) => lab.createTarget(options),
  );
}

/** The codes of all that went wrong, each once: of steps, of what followed each cut, and of what ended the run. */
export function codesOf({ paths, crash, problem }: RunRecord): string[] {
  const steps = [
    ...paths.flatMap((path) => path.steps),
    ...(crash?.cuts ?? []).flatMap(({ checks }) => checks),
  ];
  return [
    ...new Set([
      ...steps.flatMap((step) => step.problem?.code ?? []),
      ...(problem === undefined ? [] : [problem.code]),
    ]),
  ];
}
