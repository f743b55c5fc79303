import { expect, it, vi } from 'vitest';
import type { ImageManifest } from '../../../src/model/image.ts';
import type { MachineName } from '../../../src/model/machine.ts';
import type { Scenario } from '../../../src/model/scenario.ts';
import type { RunHost } from '../../../src/runner/run-host.ts';
import { SharedImages } from '../../../src/runner/shared-images.ts';
import { parseScenario } from '../../../src/scenario/load.ts';

const manifest = {} as ImageManifest;

function needs(image: string, machine: MachineName): { scenario: Scenario; machine: MachineName } {
  const text = `name: x\nmachines: [qemuarm64]\nimage: ${image}\nagent: rauc\nreleases: ["1.0", "1.1"]\n`;
  return { scenario: parseScenario(text, 's.yaml'), machine };
}

/** A host on which packages of images are gone. */
function open(wanted: Parameters<typeof needs>[], gone: Record<string, string[]>, broken: string[] = []) {
  const told: string[] = [];
  const imageFor = vi.fn<RunHost['imageFor']>(async ({ image }, machine, { onReplaced }) => {
    await Promise.resolve();
    const of = gone[`${image} ${machine}`];
    if (of !== undefined) onReplaced?.(of);
    if (broken.includes(image)) throw new Error('no image');
    return manifest;
  });
  const all = wanted.map((one) => needs(...one));
  const { signal } = new AbortController();
  const images = new SharedImages(all, { host: { imageFor }, signal, notice: (text) => told.push(text) });
  const ask = (of = all) =>
    Promise.allSettled(of.map((one) => images.of({ ...one }, () => undefined).then(() => told.length)));
  return { told, imageFor, ask, all };
}

it('an invocation is told once, when all images are there, how many packages were replaced', async () => {
  const { told, imageFor, ask, all } = open(
    [
      ['rauc-ab', 'qemuarm64'],
      ['rauc-ab', 'qemux86-64'],
      ['rauc-ab', 'qemuarm64'],
      ['apt', 'qemuarm64'],
    ],
    {
      'rauc-ab qemuarm64': ['x 1 (now 2)', 'y 1 (now 2)'],
      'rauc-ab qemux86-64': ['x 1 (now 2)'],
      'apt qemuarm64': ['z 1 (now 2)'],
    },
  );
  await ask(all.slice(0, 3));
  expect(told).toEqual([]);
  await ask();
  await ask();
  expect(imageFor).toHaveBeenCalledTimes(3);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(
    /^the mirror no longer has 3 locked packages of rauc-ab and apt \(x 1 \(now 2\), …\)/,
  );
});

it('says nothing where all are as they were locked, and tells of the others where an image cannot be built', async () => {
  const sound = open([['rauc-ab', 'qemuarm64']], {});
  await sound.ask();
  expect(sound.told).toEqual([]);
  const half = open(
    [
      ['rauc-ab', 'qemuarm64'],
      ['apt', 'qemuarm64'],
    ],
    { 'rauc-ab qemuarm64': ['x 1 (now 2)'] },
    ['apt'],
  );
  await half.ask();
  expect(half.told).toHaveLength(1);
  expect(half.told[0]).toContain('1 locked package of rauc-ab (x 1 (now 2))');
});
