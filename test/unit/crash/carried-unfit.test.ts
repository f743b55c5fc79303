import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { restoreCarried } from '../../../src/crash/carried.ts';
import { restoreFinding } from '../../../src/crash/finding-file.ts';
import type { ReplayOptions } from '../../../src/runner/replay.ts';
import { type CarriedHeader, readParts, writeParts } from '../../support/finding-parts.ts';
import { simulatedHost } from '../../support/simulated/host.ts';
import { type Lab, slotLab } from '../../support/simulated/lab.ts';

const taken: Partial<ReplayOptions> = { takeCarried: true };

/** A lab whose image starts by firmware; a finding of its run, the same as it is carried, and where others may be. */
async function carriedLab() {
  const lab = await slotLab({ forgetsFlush: true });
  const firmware = join(lab.folder, 'image', 'code.fd');
  const bytes = Buffer.alloc(1024, 7);
  await writeFile(firmware, bytes);
  const code = { path: firmware, sha256: sha256(bytes), bytes: 1024 };
  lab.manifest = { ...lab.manifest, boot: { kind: 'firmware', attach: 'pflash', code } };
  const { findings } = await lab.run();
  const plain = join(lab.folder, 'plain.brownout');
  await writeFile(plain, await readFile(join(lab.reports, 'latest', findings[0]?.file ?? '')));
  const carried = join(lab.folder, 'carried.brownout');
  await lab.replay(plain, { carryTo: carried });
  return { lab, plain, carried, other: join(lab.folder, 'other.brownout') };
}

function notices({ events }: Lab): string[] {
  return events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
}

function hostWithQemu(lab: Lab, version: string): Partial<ReplayOptions> {
  const host = simulatedHost(
    lab.folder,
    () => lab.manifest,
    (options) => lab.createTarget(options),
  );
  return { host: { ...host, qemuVersion: () => Promise.resolve(version) } };
}

describe('a carried finding that does not fit', () => {
  it('is what the file says otherwise than its image: the wrong machine, image, disks, firmware, program', async () => {
    const { lab, carried, other } = await carriedLab();
    const { header, data } = await readParts(carried);
    const wider = (log: string) => {
      const stored = JSON.parse(log) as { disks: { sectors: number }[] };
      const [disk] = stored.disks;
      if (disk !== undefined) disk.sectors += 8;
      return JSON.stringify(stored);
    };
    const { manifest, disks } = header.carried;
    const held = (fields: object): CarriedHeader => ({
      ...header,
      carried: { ...header.carried, manifest: { ...manifest, ...fields } },
    });
    const code = { path: '1', sha256: 'a'.repeat(64), bytes: 1024 };
    const cases: [CarriedHeader, string][] = [
      [held({ machine: 'qemux86-64' }), 'it was not made with the image that it holds; different: machine'],
      [held({ key: 'another' }), 'it was not made with the image that it holds; different: image content'],
      [
        { ...header, inputs: { ...header.inputs, machine: 'qemux86-64' } },
        'it was not made with the image that it holds; different: machine',
      ],
      [
        { ...header, carried: { ...header.carried, disks: disks.map((one) => [...one, ['zero', 8]]) } },
        'carried.disks: they are not the disks of the image',
      ],
      [
        { ...header, levels: header.levels.map((level) => ({ ...level, log: wider(level.log) })) },
        'levels[0].log: its disks are not those of the image',
      ],
      [
        held({ boot: { kind: 'firmware', attach: 'pflash', code } }),
        'carried.files: it names 1 of them, and has not what the device starts by',
      ],
      [
        held({ boot: { kind: 'firmware', attach: 'pflash', code: { ...code, path: '-' } } }),
        'carried.files: it names 1 of them, and has not what the device starts by',
      ],
      [
        held({ boot: { kind: 'firmware', attach: 'pflash', code: { ...code, path: '0', bytes: 2048 } } }),
        'carried.files[0]: it has 1024 bytes, and the image says 2048',
      ],
      [{ ...header, format: 'brownout finding 2' }, 'format: expected "brownout finding 1"'],
    ];
    for (const [made, message] of cases) {
      await writeParts(other, made, data);
      await expect(lab.replay(other, taken), message).rejects.toMatchObject({
        kind: 'scenario',
        code: 'finding-unreadable',
        message: expect.stringContaining(message) as string,
      });
    }
    expect((await lab.replay(carried, taken)).cut?.verdict).toBe('failed');
  });

  it('is told from one of another image here, which is not booted', async () => {
    const { lab, carried } = await carriedLab();
    const { manifest } = lab;
    for (const [image, what] of [
      [{ ...manifest, machine: 'qemux86-64' as const }, 'machine'],
      [{ ...manifest, key: 'another' }, 'image content'],
    ] as const) {
      lab.manifest = image;
      await expect(lab.replay(carried), what).rejects.toMatchObject({
        kind: 'scenario',
        code: 'inputs-changed',
        message: expect.stringContaining(`different: ${what}`) as string,
        hint: expect.stringContaining('brownout replay --carried boots that') as string,
      });
    }
  });

  it.each([40, 700])('is one that ends %i bytes too early', async (bytes) => {
    const { lab, carried, other } = await carriedLab();
    const whole = await readFile(carried);
    await writeFile(other, whole.subarray(0, whole.length - bytes));
    await expect(lab.replay(other, taken)).rejects.toMatchObject({
      kind: 'scenario',
      code: 'finding-unreadable',
      message: expect.stringContaining('unexpected end of file') as string,
    });
  });

  it('says which QEMU it was made with where here is another one, as any finding does', async () => {
    const { lab, plain, carried } = await carriedLab();
    const isSaid = (text: string) => text.includes('it was made with QEMU simulated, and here is 99.0');
    await lab.replay(carried, taken);
    await lab.replay(plain);
    expect(notices(lab).some(isSaid)).toBe(false);
    for (const [file, how] of [
      [carried, taken],
      [plain, {}],
    ] as const) {
      lab.events.length = 0;
      const { cut } = await lab.replay(file, { ...how, ...hostWithQemu(lab, '99.0') });
      expect(cut?.verdict).toBe('failed');
      expect(notices(lab).filter(isSaid)).toHaveLength(1);
    }
  });

  it('shows a shell disks that are zeros in part, and says so', async () => {
    const { lab, carried } = await carriedLab();
    await lab.replay(carried, { ...taken, handOver: () => Promise.resolve() });
    expect(notices(lab)).toContain('the disks have what the finding holds, and zeros everywhere else');
  });

  it('cannot be told from one that fits where the host has no room for it: that is the host’s trouble', async () => {
    const { lab, plain, carried } = await carriedLab();
    const full = { kind: 'harness', code: 'disk-full' };
    for (const name of ['file-0', 'carried-2.img']) {
      const folder = join(lab.folder, `full-${name}`);
      await mkdir(folder);
      await symlink('/dev/full', join(folder, name));
      await expect(restoreCarried(carried, folder), name).rejects.toMatchObject(full);
    }
    const workspace = join(lab.folder, 'full');
    await mkdir(workspace);
    await symlink('/dev/full', join(workspace, 'finding-0.arena'));
    await expect(restoreFinding({ manifest: lab.manifest, workspace }, plain)).rejects.toMatchObject(full);
    await rm(workspace, { recursive: true });
    await expect(restoreFinding({ manifest: lab.manifest, workspace }, plain)).rejects.toMatchObject({
      kind: 'harness',
      code: 'arena-unusable',
    });
  });

  it('is not made where it cannot be written, which is found out before the device is booted', async () => {
    const { lab, plain } = await carriedLab();
    await writeFile(join(lab.folder, 'file'), '');
    let devices = 0;
    const { createTarget } = lab;
    lab.createTarget = (options) => {
      devices += 1;
      return createTarget(options);
    };
    await expect(
      lab.replay(plain, { carryTo: join(lab.folder, 'file', 'x.brownout') }),
    ).rejects.toMatchObject({
      kind: 'harness',
      code: 'folder-unwritable',
    });
    expect(devices).toBe(0);
  });
});
