import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildImage } from '../../../src/image/build.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { RealExt4 } from '../../support/real-ext4.ts';
import { smallGpt } from '../../unit/filesystem/small-gpt.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-processor-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A file system with a program for this processor, by e_machine. */
function system(elf: number): Buffer {
  using made = new RealExt4();
  const program = Buffer.alloc(64);
  program.write('\x7fELF\x02\x01\x01', 'latin1');
  program.writeUInt16LE(elf, 18);
  return made.make({ 'bin/sh': program });
}

/** Builds an image of a disk and of what its slot is to hold. */
async function built(machine: 'qemuarm64' | 'qemux86-64', disk: Buffer, slot: Buffer) {
  for (const [name, content] of Object.entries({
    'disk.img': disk,
    'slot.ext4': slot,
    'fw.bin': Buffer.from('x'),
  }))
    await writeFile(join(folder, name), content);
  await writeFile(
    join(folder, 'image.yaml'),
    `description: Ours
prebuilt:
  ${machine}:
    firmware: { attach: bios, code: fw.bin }
    disks: [{ id: main }]
    ssh: { user: root, password: x }
    releases:
      "1.0": { factory: { main: disk.img }, slotContent: slot.ext4 }
`,
  );
  return buildImage({
    ...{ name: basename(folder), imagesRoot: dirname(folder), cache: join(folder, 'cache'), machine },
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

const gpt = (...systems: Buffer[]) => smallGpt(systems.map((content, i) => ({ name: `p${i}`, content })));
const [arm64, arm, x86, mips] = [183, 40, 62, 8];

describe('a disk of one’s own', () => {
  needPrograms('mke2fs');

  it.each<[string, 'qemuarm64' | 'qemux86-64', () => [Buffer, Buffer]]>([
    ['is for its machine', 'qemuarm64', () => [gpt(system(arm64)), system(arm64)]],
    ['has 32-bit programs that its machine runs', 'qemuarm64', () => [gpt(system(arm)), system(arm)]],
    ['has a second system beside its own', 'qemux86-64', () => [gpt(system(mips), system(x86)), system(x86)]],
    ['has no programs that can be read', 'qemux86-64', () => [Buffer.alloc(8192), Buffer.alloc(8192, 'x')]],
  ])('that %s is taken', async (_, machine, files) => {
    expect(await built(machine, ...files())).toBeUndefined();
  });

  it('that is for another processor is refused, with each place, before it is booted', async () => {
    expect(await built('qemuarm64', gpt(system(x86)), system(mips))).toMatchObject({
      kind: 'scenario',
      code: 'image-architecture',
      message: [
        `${folder}/image.yaml:8:33: prebuilt.qemuarm64.releases.1.0.factory.main: ${folder}/disk.img: it holds a system for x86-64, and qemuarm64 is 64-bit ARM`,
        `${folder}/image.yaml:8:58: prebuilt.qemuarm64.releases.1.0.slotContent: ${folder}/slot.ext4: it holds a system for MIPS, and qemuarm64 is 64-bit ARM`,
      ].join('\n'),
    });
  });
});
