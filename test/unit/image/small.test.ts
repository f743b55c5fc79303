import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  fixedUuid,
  partitionOffsets,
  partitionTypes,
  tableScript,
} from '../../../src/image/disk/disk-layout.ts';
import { grubEnvironment, variablesOf } from '../../../src/image/disk/grub.ts';
import { partitions, slots, versionedSlots } from '../../../src/image/disk/partitions.ts';
import { loadOrder, moduleName, parseNeeds } from '../../../src/image/root/modules.ts';
import { sshAccess } from '../../../src/image/ssh-access.ts';
import { Tools } from '../../../src/image/tools.ts';
import { withCode } from '../../support/errors.ts';

describe('loadOrder', () => {
  const needs = parseNeeds(
    [
      'kernel/virtio_blk.ko: kernel/virtio.ko kernel/virtio-ring.ko',
      'kernel/virtio.ko: kernel/virtio-ring.ko',
      'kernel/virtio-ring.ko:',
      '',
    ].join('\n'),
  );

  it('puts every module behind what it needs', () => {
    expect(loadOrder(['virtio_blk', 'virtio_ring'], needs)).toEqual([
      'kernel/virtio-ring.ko',
      'kernel/virtio.ko',
      'kernel/virtio_blk.ko',
    ]);
  });

  it('names a module that does not exist', () => {
    expect(() => loadOrder(['nvme'], needs)).toThrow(withCode('module-unknown', 'no module nvme'));
  });

  it('knows the kernel name of a file', () => {
    expect(moduleName('kernel/drivers/md/dm-mod.ko')).toBe('dm_mod');
  });
});

describe('fixedUuid', () => {
  it('is the same for the same name, and a valid UUID', () => {
    expect(fixedUuid('a')).toBe(fixedUuid('a'));
    expect(fixedUuid('a')).not.toBe(fixedUuid('b'));
    for (let i = 0; i < 50; i += 1) {
      expect(fixedUuid(String(i))).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
    }
  });
});

describe('partitionOffsets', () => {
  it('starts at one MiB and leaves no gaps', () => {
    const partitions = [32, 58, 58].map((mebibytes, i) => ({
      name: String(i),
      type: partitionTypes.gpt.linux,
      mebibytes,
    }));
    expect(partitionOffsets(partitions).map((offset) => offset / (1 << 20))).toEqual([1, 33, 91]);
  });
});

describe('the disk of an image with an MBR and the data before the slots', () => {
  const disk = { table: 'mbr', data: 'second', writable: true, bootMiB: 32, dataMiB: 64 } as const;
  const description = { disk: { ...disk, dataDirectories: [] } };

  it('has its slots where its partition table says', () => {
    const layout = partitions(description, { slotMiB: 100 });
    expect(tableScript({ identity: 'a', table: 'mbr', partitions: layout }).split('\n')).toEqual([
      'label: dos',
      expect.stringMatching(/^label-id: 0x[0-9a-f]{8}$/),
      'unit: sectors',
      'start=2048, size=65536, type=c',
      'start=67584, size=131072, type=83',
      'start=198656, size=204800, type=83',
      'start=403456, size=204800, type=83',
      '',
    ]);
    expect(slots(description, { slotMiB: 100 })).toEqual([
      { name: 'A', disk: 'main', offset: 198_656 * 512, length: 100 << 20, root: '/dev/vda3' },
      { name: 'B', disk: 'main', offset: 403_456 * 512, length: 100 << 20, root: '/dev/vda4' },
    ]);
  });
});

describe('the disk of a device whose slots are called after their release', () => {
  const disk = { table: 'gpt', data: 'last', writable: false, bootMiB: 32, dataMiB: 64 } as const;
  const description = { disk: { ...disk, slots: 'versioned' as const, dataDirectories: [] } };

  it.each([
    ['qemux86-64', '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709'],
    ['qemuarm64', 'B921B045-1DF0-41C3-AF44-4C6F280D3FAE'],
  ] as const)('has one that is filled and one that is empty, of the type of %s’ roots', (machine, type) => {
    const layout = partitions(description, { slotMiB: 100 }, versionedSlots('1.0', machine));
    expect(layout.map((one) => [one.name, one.type === type])).toEqual([
      ['boot', false],
      ['root_1.0', true],
      ['_empty', true],
      ['data', false],
    ]);
    expect(slots(description, { slotMiB: 100 }).map(({ root }) => root)).toEqual(['/dev/vda2', '/dev/vda3']);
  });
});

describe('grubEnvironment', () => {
  it('has the lines of an image’s own', () => {
    const block = grubEnvironment(variablesOf('boot_slot=A\narguments=a=b c\n\n'));
    expect(block.replace(/#+$/, '')).toBe('# GRUB Environment Block\nboot_slot=A\narguments=a=b c\n');
  });

  it('is one block whose variables fit its first sector', () => {
    const block = grubEnvironment({ ORDER: 'A B', A_OK: '1' });
    expect(block.length).toBe(1024);
    expect(block.startsWith('# GRUB Environment Block\nORDER=A B\nA_OK=1\n####')).toBe(true);
  });
});

describe('sshAccess', () => {
  const keys = fileURLToPath(new URL('../../../images/keys', import.meta.url));

  it('puts the key into the image, and names the host key as ssh-keygen does', async () => {
    const out = await mkdtemp(join(tmpdir(), 'brownout-ssh-access-'));
    try {
      const access = { user: 'root', privateKey: 'client_ed25519', hostKey: 'host_ed25519.pub' };
      expect(await sshAccess({ keys, out }, access)).toEqual({
        user: 'root',
        privateKey: 'ssh-key',
        hostKeySha256: expect.stringMatching(/^[A-Za-z0-9+/]{43}$/) as string,
      });
      expect(await readFile(join(out, 'ssh-key'))).toEqual(await readFile(join(keys, 'client_ed25519')));
      await writeFile(join(out, 'word'), 'none');
      const wrong = { ...access, hostKey: relative(keys, join(out, 'word')) };
      await expect(sshAccess({ keys, out }, wrong)).rejects.toMatchObject({ code: 'host-key-invalid' });
    } finally {
      await rm(out, { recursive: true });
    }
  });
});

describe('Tools', () => {
  it('run on x86-64 only', () => {
    const set = { suite: 'trixie', architecture: 'amd64', packages: [] } as const;
    expect(() => new Tools('/', { ...set, packages: [] }, 1, undefined, 'arm64')).toThrow(
      withCode('host-unsupported', 'this one is arm64'),
    );
  });
});
