import { sha256 } from '../core/digest.ts';
import type { ImageManifest } from '../model/image.ts';
import type { MachineName } from '../model/machine.ts';
import type { Scenario } from '../model/scenario.ts';

/** Everything that the verdict on a crash state depends on, besides its disks and QEMU: by what a person calls it. */
export interface Inputs {
  image: string;
  /** Content key of everything that the image was built from. */
  'image content': string;
  machine: MachineName;
  path: readonly string[];
  agent: Scenario['agent'];
  provision: Scenario['provision'];
  configuration: Scenario['configuration'];
  checks: Scenario['checks'];
  /** Only where there are any: recordings of programs that did not know it are still good. */
  reinstall?: Scenario['reinstall'];
  feedFaults: Scenario['feedFaults'];
  expect: Scenario['expect'];
}

/** The inputs of one path of a scenario. */
export function inputsOf(scenario: Scenario, manifest: ImageManifest, path: readonly string[]): Inputs {
  const { image, ...rest } = inputsOfScenario(scenario);
  return { image, 'image content': manifest.key, machine: manifest.machine, path, ...rest };
}

/** Those that the scenario alone gives. */
export function inputsOfScenario({
  image,
  agent,
  provision,
  configuration,
  checks,
  reinstall,
  feedFaults,
  expect,
}: Scenario): Omit<Inputs, 'image content' | 'machine' | 'path'> {
  return {
    image,
    agent,
    provision,
    configuration,
    checks,
    ...(reinstall === undefined ? {} : { reinstall }),
    feedFaults,
    expect,
  };
}

/** One digest for all of them, lower-case hex. */
export function inputsDigest(inputs: Inputs): string {
  return sha256(JSON.stringify(Object.entries(inputs)));
}

/** The names of those that are not the same. */
export function differingInputs(one: Inputs, other: Inputs): string[] {
  const values = new Map(Object.entries(other).map(([name, value]) => [name, JSON.stringify(value)]));
  return Object.entries(one).flatMap(([name, value]) =>
    values.get(name) === JSON.stringify(value) ? [] : [name],
  );
}
