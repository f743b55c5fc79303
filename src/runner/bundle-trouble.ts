import { ScenarioError } from '../core/errors.ts';
import type { FeedFault } from '../feed/faults.ts';
import type { ImageManifest } from '../model/image.ts';
import type { FaultyAttempt, Scenario } from '../model/scenario.ts';
import { bundlePath } from './bench.ts';

/** One fault of one bundle. */
export interface Trouble {
  fault: FeedFault;
  /** `the server's file ends at byte 14000 of 28000 of 2.0`: for people. */
  text: string;
}

type Releases = Pick<ImageManifest, 'releases'>;

/** Throws ScenarioError `fault-beyond` where a fault names a byte that a bundle of the scenario's paths does not have. */
export function assertFaults(scenario: Scenario, manifest: Releases): void {
  const upgradedTo = new Set(scenario.paths.flatMap((path) => path.slice(1)));
  for (const attempt of scenario.feedFaults)
    for (const release of upgradedTo) troubleOf(scenario, manifest, attempt, release);
}

/** What an attempt means for the bundle of one release. Throws ScenarioError `fault-beyond`. */
export function troubleOf(
  { agent, source }: Scenario,
  { releases }: Releases,
  { name, fault, at }: FaultyAttempt,
  release: string,
): Trouble {
  const bundle = 'bundle' in agent ? agent.bundle : '';
  const file = bundlePath(release, bundle).slice(1);
  const bytes = releases[release]?.bundles[bundle]?.bytes ?? 0;
  const place = 'byte' in at ? at.byte : Math.floor(bytes * at.share);
  if (fault !== 'missing' && place >= bytes)
    throw new ScenarioError(
      'fault-beyond',
      `${source.path}: feedFaults, ${name}: there is no byte ${place} in the ${bundle} bundle of ${release}, which has ${bytes}`,
      { hint: 'bytes are counted from 0; a share such as 50% fits every bundle' },
    );
  const where = `byte ${place} of ${bytes} of ${release}`;
  switch (fault) {
    case 'missing':
      return { fault: { kind: 'missing', file }, text: `${release} is missing from the server` };
    case 'truncated':
      return { fault: { kind: 'truncated', file, bytes: place }, text: `the server's file ends at ${where}` };
    case 'corrupted':
      return { fault: { kind: 'corrupted', file, at: place }, text: `the server sends a wrong ${where}` };
    case 'dropped':
      return {
        fault: { kind: 'dropped', file, afterBytes: place },
        text: `the server drops the connection at ${where}`,
      };
  }
}
