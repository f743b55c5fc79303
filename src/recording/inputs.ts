import { z } from 'zod';
import { sha256 } from '../core/digest.ts';
import type { ImageManifest } from '../model/image.ts';
import { type MachineName, machineNames } from '../model/machine.ts';
import { disturbances, type RecordingVariant } from '../model/recording.ts';
import type { Scenario } from '../model/scenario.ts';
import { type StoredExpect, storedExpect } from './stored-scenario.ts';

/**
 * Everything that the verdict on a crash state depends on, besides its disks and QEMU. Its JSON names kept recordings
 * and is in tokens, so it stays as it was, old words included.
 */
export interface Inputs {
  image: string;
  /** Content key of everything that the image was built from. */
  'image content': string;
  machine: MachineName;
  path: readonly string[];
  /** Not of the first recording of a path. */
  recording?: RecordingVariant;
  agent: Scenario['agent'];
  provision: Scenario['provision'];
  configuration: Scenario['configuration'];
  checks: Scenario['checks'];
  /** Only where there are any, as the next: recordings of programs that did not know it are still good. */
  console?: Scenario['console'];
  clock?: Scenario['clock'];
  network?: Scenario['network'];
  reinstall?: Scenario['reinstall'];
  /** Of a server that the scenario names: who has given the orders of a recording. */
  server?: { address: string; tenant: string };
  feedFaults: Scenario['serverFaults'];
  /** Only where starts of a device with nothing going on are to be cut: their recording has one more window. */
  idle?: true;
  expect: StoredExpect;
}

/** Inputs that were written down: what is not used but only compared is whatever the program of that time wrote. */
export type StoredInputs = z.output<typeof inputsSchema>;

/** Which of several recordings, as it is written down. */
export const variantSchema: z.ZodType<RecordingVariant> = z.object({
  number: z.int().min(2),
  by: z.enum(disturbances).exactOptional(),
});

/** Keeps the order of what it does not know: digests are made over it. */
export const inputsSchema = z.looseObject({
  image: z.string(),
  'image content': z.string(),
  machine: z.enum(machineNames),
  path: z.array(z.string()).min(1),
  recording: variantSchema.exactOptional(),
});

/** The inputs of one recording of a path of a scenario. */
export function inputsOf(
  scenario: Scenario,
  manifest: Pick<ImageManifest, 'key' | 'machine'>,
  path: readonly string[],
  recording: RecordingVariant | undefined,
): Inputs {
  const { image, ...rest } = inputsOfScenario(scenario);
  return {
    image,
    'image content': manifest.key,
    machine: manifest.machine,
    path,
    ...(recording === undefined ? {} : { recording }),
    ...rest,
  };
}

/** Those that the scenario alone gives. */
export function inputsOfScenario({
  image,
  agent,
  provision,
  configuration,
  checks,
  console,
  clock,
  network,
  reinstall,
  server,
  serverFaults,
  powerCuts,
  expect,
}: Scenario): Omit<Inputs, 'image content' | 'machine' | 'path' | 'recording'> {
  return {
    image,
    agent,
    provision,
    configuration,
    checks,
    ...(console === undefined ? {} : { console }),
    ...(clock === undefined ? {} : { clock }),
    ...(network === undefined ? {} : { network }),
    ...(reinstall === undefined ? {} : { reinstall }),
    ...(server === undefined
      ? {}
      : { server: { address: server.hawkbit.address, tenant: server.hawkbit.tenant } }),
    feedFaults: serverFaults,
    ...(powerCuts.during.includes('idle') ? { idle: true } : {}),
    expect: storedExpect(expect),
  };
}

/** One digest for all of them, lower-case hex. */
export function inputsDigest(inputs: Inputs | StoredInputs): string {
  return sha256(JSON.stringify(Object.entries(inputs)));
}

/** The names of those that are not the same, as people know them. */
export function differingInputs(one: Inputs | StoredInputs, other: Inputs | StoredInputs): string[] {
  const values = new Map(Object.entries(other).map(([name, value]) => [name, JSON.stringify(value)]));
  return Object.entries(one).flatMap(([name, value]) =>
    values.get(name) === JSON.stringify(value) ? [] : [name === 'feedFaults' ? 'serverFaults' : name],
  );
}
