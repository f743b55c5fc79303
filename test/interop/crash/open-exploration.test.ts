import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../src/model/record.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { RealExt4 } from '../../support/real-ext4.ts';
import { type RenamedFile, renamedFile } from '../../support/renamed-file.ts';
import { keepFile } from '../../support/simulated/images.ts';
import { type Lab, slotLab } from '../../support/simulated/lab.ts';
import type { Power } from '../../support/simulated/machine.ts';
import { fails, prints } from '../../support/simulated/shell.ts';

/** Writes of a renamed file to a device's disk `owner`, and then a flush. */
async function write(
  { disks }: Power,
  { blockBytes }: RenamedFile,
  writes: RenamedFile['writes'],
): Promise<void> {
  const disk = disks.get('owner');
  for (const { block, content } of writes) await disk?.write(block * blockBytes, Buffer.from(content), false);
  await disk?.flush();
}

/** Whether the boot loader, which takes the disk as it is, sees the same folder as the system, which recovers the journal. */
async function start(power: Power, made: RenamedFile): Promise<boolean> {
  const { blockBytes, writes, committed, inPlace, folder } = made;
  const disk = power.disks.get('owner');
  const read = async (block: number) => (await disk?.read(block * blockBytes, blockBytes)) ?? Buffer.alloc(0);
  const early = await read(folder);
  const journaled = writes.slice(0, committed);
  const found = await Promise.all(journaled.map(({ block }) => read(block)));
  if (journaled.every(({ content }, i) => found[i]?.equals(content)))
    await write(power, made, writes.slice(committed, inPlace));
  await write(power, made, writes.slice(inPlace));
  return (await read(folder)).equals(early);
}

/** A lab whose device renames a file when it begins to install: in its journal, and in place when it has ended. */
async function renamingLab(): Promise<Lab> {
  using ext4 = new RealExt4();
  const made = renamedFile(ext4);
  const { writes, committed } = made;
  const agrees = new WeakMap<AbortSignal, boolean>();
  const renaming = new WeakSet<AbortSignal>();
  const lab = await slotLab({
    onStart: async (power) => void agrees.set(power.signal, await start(power, made)),
    before: async (command, power) => {
      if (command.startsWith('rauc install')) {
        renaming.add(power.signal);
        await write(power, made, writes.slice(0, committed));
      } else if (renaming.delete(power.signal)) await write(power, made, writes.slice(committed));
      if (!command.includes('names agree')) return undefined;
      return agrees.get(power.signal) === true
        ? prints('yes\n')
        : fails(1, 'the boot loader sees the old name');
    },
  });
  const owner = await keepFile(join(lab.folder, 'image'), 'owner.img', made.base);
  lab.manifest.disks.push({ id: 'owner', attach: 'virtio-blk', cache: 'writeback' });
  for (const { factory } of Object.values(lab.manifest.releases))
    if (factory !== undefined) factory['owner'] = owner;
  await lab.scenario({
    powerCuts: { during: ['install'], states: ['prefix'] },
    checks: [{ name: 'names', run: 'names agree' }],
    expect: { retry: 'unchecked', outcomes: 'unchecked' },
  });
  return lab;
}

/** How many states each way of coming up has. */
function statesBy({ crash }: RunRecord): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verdict, outcome, decides = 0 } of crash?.cuts ?? []) {
    const name = `${verdict}: ${outcome}`;
    counts[name] = (counts[name] ?? 0) + decides;
  }
  return counts;
}

describe('an exploration of a device whose boot loader reads an ext4 that the system recovers', () => {
  needPrograms('mke2fs', 'debugfs');

  it('decides by canonical forms what it decides sector by sector', async () => {
    const lab = await renamingLab();
    const canonical = await lab.run({ jobs: 1 });
    const plain = await lab.run({ jobs: 1, limits: { canonical: false } });
    expect(canonical.crash).toMatchObject({ claim: 'exhaustive', mismatches: 0 });
    expect(canonical.crash).not.toHaveProperty('rawAgain');
    const [found, truth] = [statesBy(canonical), statesBy(plain)];
    expect(found).toEqual(truth);
    expect(Object.keys(truth).filter((way) => way.startsWith('failed'))).toHaveLength(2);
    expect(canonical.crash?.boots).toBeLessThan(plain.crash?.boots ?? 0);
  });
});
