import { join } from 'node:path';
import type { ExploreLimits } from '../../../src/crash/explore-cuts.ts';
import type { ImageManifest } from '../../../src/model/image.ts';
import type { RunHost } from '../../../src/runner/run-host.ts';
import { wrongSlotBundle } from './images.ts';
import type { CreateTarget } from './machine.ts';

/** Few boots, and yet every stage. */
export const fewBoots: ExploreLimits = {
  canonical: true,
  snapshots: false,
  auditShare: 0.05,
  auditLeast: 2,
  chanceBoots: 0,
  retryBoots: 3,
  secondCutBoots: 0,
  reuse: false,
  budgetMs: undefined,
};

/** The scenario that a lab writes where a test says nothing else: one upgrade of a device with an owner. */
export const usualScenario = {
  name: 'Simulated',
  machines: ['qemuarm64'],
  image: './image',
  agent: { name: 'rauc', bundle: 'verity' },
  releases: ['1.0', '1.1'],
  provision: [
    { write: { path: '/etc/hostname', content: 'gateway-7\n' } },
    { edit: { path: '/etc/app.conf', replace: 'port=8080', with: 'port=8443' } },
  ],
};

/** What runs ask of their host, with simulated devices. `folder`: its `image` has the images' files. */
export function simulatedHost(
  folder: string,
  manifest: () => ImageManifest,
  createTarget: CreateTarget,
): RunHost {
  return {
    createTarget,
    imageFor: () => Promise.resolve(manifest()),
    wrongReleaseFor: async (_, __, wanted) =>
      'branch' in wanted
        ? 'slots have no branches'
        : { bundles: { [wanted.format]: await wrongSlotBundle(join(folder, 'image'), wanted) } },
    qemuVersion: () => Promise.resolve('simulated'),
    pageParts: () => Promise.resolve({ script: '', style: '' }),
  };
}
