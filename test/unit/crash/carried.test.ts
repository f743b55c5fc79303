import { readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { carry } from '../../../src/crash/carried.ts';
import type { CutRecord } from '../../../src/model/record.ts';
import {
  type CarriedHeader,
  type CarriedPieces,
  readParts,
  writeParts,
} from '../../support/finding-parts.ts';
import { type Lab, slotLab } from '../../support/simulated/lab.ts';
import { packageLab } from '../../support/simulated/package-image.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';

/** A lab whose run has found something, and where the finding that replays without the image is to be. */
async function labWithFinding(traits: SlotTraits = { forgetsFlush: true }) {
  const lab = await slotLab(traits);
  const { findings } = await lab.run();
  const file = join(lab.reports, 'latest', findings[0]?.file ?? '');
  const found = await readFile(file);
  const kept = join(lab.folder, 'found.brownout');
  await writeFile(kept, found);
  return { lab, file: kept, to: join(lab.folder, 'sent', 'carried.brownout') };
}

/** Another image in place of the lab's, whose files are gone. */
async function loseImage(lab: Lab): Promise<void> {
  await rm(join(lab.folder, 'image'), { recursive: true });
  lab.manifest = { ...lab.manifest, key: 'fedcba9876543210' };
}

describe('a finding that holds what its boot reads', () => {
  it('replays without its image, to the same end', async () => {
    const { lab, file, to } = await labWithFinding();
    const first = await lab.replay(file, { carryTo: to });
    expect((await lab.replay(to)).cut?.verdict).toBe('failed');
    await loseImage(lab);
    await expect(lab.replay(file)).rejects.toMatchObject({
      code: 'inputs-changed',
      message: expect.stringContaining('different: image content') as string,
      hint: expect.stringContaining('made with --carry needs no image') as string,
    });
    await expect(lab.replay(to)).rejects.toMatchObject({
      code: 'inputs-changed',
      hint: expect.stringContaining('brownout replay --carried boots that') as string,
    });
    await expect(lab.replay(file, { takeCarried: true })).rejects.toMatchObject({ code: 'carry-unfit' });
    const again = await lab.replay(to, { takeCarried: true });
    expect(again.reason).toBe(first.reason);
    const end = ({ id, token, verdict, outcome }: CutRecord) => ({ id, token, verdict, outcome });
    expect(again.cut && end(again.cut)).toEqual(first.cut && end(first.cut));
    expect(again.cut?.verdict).toBe('failed');
    expect(lab.events).toContainEqual(
      expect.objectContaining({
        type: 'notice',
        message: expect.stringContaining('--carried boots that') as string,
      }),
    );
    // Less than the image, which is zeros for the most part.
    const { header } = await readParts(to);
    const sectors = (kind: string) =>
      header.carried.disks.flat().reduce((sum, [what, count]) => sum + (what === kind ? count : 0), 0);
    expect(sectors('data')).toBeGreaterThan(0);
    expect(sectors('zero')).toBeGreaterThan(0);
  });

  it('is left by a run that is asked to, beside its own', async () => {
    const lab = await slotLab({ forgetsFlush: true });
    await lab.run({ limits: { carry: true } });
    const names = (await readdir(join(lab.reports, 'latest'))).filter((name) => name.endsWith('.brownout'));
    expect(names).toContain('finding-1.brownout');
    expect(names).toContain('finding-1-carried.brownout');
    const file = await realpath(join(lab.reports, 'latest', 'finding-1-carried.brownout'));
    await loseImage(lab);
    expect((await lab.replay(file, { takeCarried: true })).cut?.verdict).toBe('failed');
  });

  it('is not left by a run that has nothing to make it of, which says so', async () => {
    const lab = await slotLab({ forgetsFlush: true });
    lab.manifest = { ...lab.manifest, qemu: { machineOptions: ['-cpu', 'max'] } };
    await lab.run({ limits: { carry: true } });
    const names = await readdir(join(lab.reports, 'latest'));
    expect(names.filter((name) => name.endsWith('-carried.brownout'))).toEqual([]);
    expect(lab.events).toContainEqual(
      expect.objectContaining({
        type: 'notice',
        message: expect.stringMatching(/^finding 1: no finding of .* replays without it/) as string,
      }),
    );
  });

  it('shows nothing where a device reads more than that', async () => {
    const { lab, file, to } = await labWithFinding();
    await lab.replay(file, { carryTo: to });
    const { header, data } = await readParts(to);
    const files = header.carried.files.reduce((sum, bytes) => sum + bytes, 0);
    const [, held] = header.carried.disks.flat().find(([kind]) => kind === 'data') ?? ['data', 0];
    const disks = header.carried.disks.map((pieces): CarriedPieces => [...pieces]);
    const disk = disks.find((pieces) => pieces.some(([kind]) => kind === 'data')) ?? [];
    const at = disk.findIndex(([kind]) => kind === 'data');
    disk[at] = ['zero', held];
    const rest = Buffer.concat([data.subarray(0, files), data.subarray(files + held * 512)]);
    await writeParts(to, { ...header, carried: { ...header.carried, disks } }, rest);
    await expect(lab.replay(to)).rejects.toMatchObject({ kind: 'harness', code: 'carried-too-little' });
  });

  it('is not made of what needs the image all the same', async () => {
    const { lab, file, to } = await labWithFinding();
    await lab.replay(file, { carryTo: to });
    await expect(lab.replay(to, { carryTo: `${to}2` })).rejects.toMatchObject({
      kind: 'scenario',
      code: 'carry-unfit',
    });
    lab.manifest = { ...lab.manifest, qemu: { machineOptions: ['-cpu', 'max'] } };
    await expect(lab.replay(file, { carryTo: `${to}3` })).rejects.toMatchObject({
      code: 'carry-unfit',
      message: expect.stringContaining('options of its own') as string,
    });
  });

  it('is not made of a device that is upgraded by packages', async () => {
    const { manifest } = await packageLab();
    await expect(carry({ manifest }, [], [])).rejects.toMatchObject({
      code: 'carry-unfit',
      message: expect.stringContaining('the packages of its feeds') as string,
    });
  });

  it('is not made where it is the upgrade done again that fails', async () => {
    let starts = 0;
    const { lab, file, to } = await labWithFinding({
      // The recording starts the device six times.
      onStart: async ({ say, reset }) => {
        starts += 1;
        if (starts <= 6) return;
        say('[    1.000000] Kernel panic - not syncing: VFS: Unable to mount root fs');
        await reset();
      },
    });
    await expect(lab.replay(file, { carryTo: to })).rejects.toMatchObject({
      code: 'carry-unfit',
      message: expect.stringContaining('to install again') as string,
    });
  });

  it('is refused with the field where somebody has made it up', async () => {
    const { lab, file, to } = await labWithFinding();
    await lab.replay(file, { carryTo: to });
    const { header, data } = await readParts(to);
    const { carried } = header;
    const { manifest } = carried;
    const [disk = {}] = manifest.disks;
    const cases: [Partial<CarriedHeader> | { carried: unknown }, string][] = [
      [
        {
          carried: { ...carried, manifest: { ...manifest, qemu: { machineOptions: ['-chardev', 'file'] } } },
        },
        'a finding gives QEMU no options of its own',
      ],
      [
        { carried: { ...carried, manifest: { ...manifest, disks: [{ ...disk, id: '../../etc' }] } } },
        'a disk has a short name',
      ],
      [
        { carried: { ...carried, manifest: { ...manifest, qemu: { memoryMiB: 2 ** 20 } } } },
        'a device has 16 GiB of memory at most',
      ],
      [{ carried: { ...carried, disks: carried.disks.slice(1) } }, 'they are not the disks of the image'],
      [
        { carried: { ...carried, disks: [...carried.disks, [['zero', 8]]] } },
        'they are not the disks of the image',
      ],
      [{ carried: { ...carried, files: [2 ** 40] } }, 'carried.files[0]'],
      [
        { levels: header.levels.map((level) => ({ ...level, pieces: [['data', 8]] })) },
        'are carried already',
      ],
    ];
    for (const [fields, message] of cases) {
      await writeParts(to, { ...header, ...fields }, data);
      await expect(lab.replay(to, { takeCarried: true }), message).rejects.toMatchObject({
        code: 'finding-unreadable',
        message: expect.stringContaining(message) as string,
      });
    }
    await writeFile(to, gzipSync(gunzipSync(await readFile(to)).subarray(0, -600)));
    await expect(lab.replay(to)).rejects.toMatchObject({ code: 'finding-unreadable' });
  });
});
