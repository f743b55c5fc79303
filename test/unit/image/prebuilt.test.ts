import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { makeKeyPair } from '../../../src/guest/key-pair.ts';
import { buildImage, lockImage } from '../../../src/image/build.ts';
import {
  loadManifest,
  manifestPath,
  manifestText,
  mapPaths,
  verifyImage,
} from '../../../src/image/manifest.ts';
import { withCode } from '../../support/errors.ts';
import { smallGpt } from '../filesystem/small-gpt.ts';
import { smallRaucb } from './small-bundles.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'brownout-prebuilt-'));
  await mkdir(join(root, 'mine'));
  await writeFile(join(root, 'mine', 'image.yaml'), description);
  const files: [string, number][] = [
    ['disk.img', 8192],
    ['slot.ext4', 2048],
    ['u-boot.bin', 100],
  ];
  for (const [name, bytes] of files) await writeFile(join(root, 'mine', name), Buffer.alloc(bytes, name));
  await writeFile(join(root, 'mine', 'update.raucb'), smallRaucb());
  await writeFile(join(root, 'mine', 'key'), makeKeyPair('test').privateKey);
});
afterEach(() => rm(root, { recursive: true }));

const description = `description: An image from elsewhere
prebuilt:
  qemuarm64:
    firmware: { attach: bios, code: u-boot.bin }
    disks: [{ id: main }]
    slots:
      - { name: A, disk: main, offset: 1024, length: 2048, root: /dev/vda2 }
      - { name: B, disk: main, offset: 4096, length: 4096, root: /dev/vda3 }
    ssh: { user: root, privateKey: key, hostKeySha256: ${'A'.repeat(43)} }
    releases:
      '1.0':
        factory: { main: disk.img }
        slotContent: slot.ext4
        bundles: { verity: update.raucb }
`;

const build = (machine: 'qemuarm64' | 'qemux86-64' = 'qemuarm64') =>
  buildImage({ name: 'mine', machine, imagesRoot: root, cache: join(root, 'cache') });

describe('a prebuilt image', () => {
  it('gives a manifest with absolute paths and hashes', async () => {
    const manifest = await build();
    expect(manifest.releases['1.0']).toMatchObject({
      factory: { main: { path: join(root, 'mine/disk.img'), bytes: 8192 } },
      content: { kind: 'slot', bytes: 2048, sha256: sha256(Buffer.alloc(2048, 'slot.ext4')) },
    });
    expect(manifest.disks).toEqual([{ id: 'main', attach: 'virtio-blk', cache: 'writeback' }]);
    await verifyImage(manifest);
  });

  it('takes a kernel that QEMU loads, and a release of which nobody says what it holds', async () => {
    const text = description
      .replace(
        'firmware: { attach: bios, code: u-boot.bin }',
        'kernel: { image: u-boot.bin, arguments: root=/dev/vda }',
      )
      .replace(/ +slots:\n.*A,.*\n.*B,.*\n/, '')
      .replace(/ +slotContent: .*\n/, '');
    await writeFile(join(root, 'mine', 'image.yaml'), text);
    const manifest = await build();
    expect(manifest).toMatchObject({
      boot: { kind: 'kernel', kernel: { path: join(root, 'mine/u-boot.bin') }, arguments: 'root=/dev/vda' },
      slots: [],
      releases: { '1.0': { content: { kind: 'unknown' } } },
    });
    await verifyImage(manifest);
  });

  it.each([
    ['x86-64', 0x202, 'HdrS'],
    ['32-bit ARM', 0x24, '\x18\x28\x6f\x01'],
    ['RISC-V', 56, 'RSC\x05'],
    ['MIPS', 0, `\x7fELF\x01\x02\x01${'\0'.repeat(12)}\x08\0`],
    [undefined, 56, 'ARM\x64'],
    [undefined, 0, '\x1f\x8b'],
  ])(
    'refuses a kernel for another processor, which would not start: %s',
    async (processor, offset, magic) => {
      const text = description.replace(
        'firmware: { attach: bios, code: u-boot.bin }',
        'kernel: { image: Image, arguments: root=/dev/vda }',
      );
      await writeFile(join(root, 'mine', 'image.yaml'), text);
      const kernel = Buffer.alloc(4096);
      kernel.write(magic, offset, 'latin1');
      await writeFile(join(root, 'mine', 'Image'), kernel);
      const built = build().then(
        () => undefined,
        (error: unknown) => error,
      );
      if (processor === undefined) expect(await built).toBeUndefined();
      else
        expect(await built).toMatchObject({
          kind: 'scenario',
          code: 'image-architecture',
          message: `${root}/mine/image.yaml:4:22: prebuilt.qemuarm64.kernel.image: ${root}/mine/Image: it holds a kernel for ${processor}, and qemuarm64 is 64-bit ARM`,
        });
    },
  );

  it('takes a list of the files that slots hold, in place of their bytes', async () => {
    const list = join(root, 'mine', 'root.sha256');
    await writeFile(list, `${sha256('a')}  ./usr/bin/a\n`);
    const text = description.replace('slotContent: slot.ext4', 'slotFiles: root.sha256');
    await writeFile(join(root, 'mine', 'image.yaml'), text);
    const manifest = await build();
    const content = { kind: 'files', files: { '/usr/bin/a': sha256('a') } };
    expect(manifest.releases['1.0']?.content).toEqual(content);
    await writeFile(manifestPath(join(root, 'mine')), manifestText(manifest));
    expect(await loadManifest(join(root, 'mine'))).toEqual(manifest);
    await writeFile(list, `${sha256('b')}  ./usr/bin/a\n`);
    expect((await build()).key).not.toBe(manifest.key);
    const both = description.replace(
      'slotContent: slot.ext4',
      'slotContent: slot.ext4\n        slotFiles: root.sha256',
    );
    await writeFile(join(root, 'mine', 'image.yaml'), both);
    await expect(build()).rejects.toMatchObject({ code: 'image-invalid' });
  });

  it('takes either firmware or a kernel', async () => {
    const both = description.replace(
      '    disks:',
      '    kernel: { image: key, arguments: quiet }\n    disks:',
    );
    for (const text of [both, description.replace(/ +firmware: .*\n/, '')]) {
      await writeFile(join(root, 'mine', 'image.yaml'), text);
      await expect(build()).rejects.toThrow('either firmware or a kernel');
    }
  });

  it('takes QEMU’s own firmware, a machine of its own, and a password with any host key', async () => {
    const text = description
      .replace('qemuarm64', 'qemux86-64')
      .replace('firmware: { attach: bios, code: u-boot.bin }', 'firmware: builtin')
      .replace('[{ id: main }]', '[{ id: main, attach: machine }]')
      .replace(/ssh: .*/, "ssh: { user: root, password: '' }\n    machineOptions: ['-cpu max', '-usb']");
    await writeFile(join(root, 'mine', 'image.yaml'), text);
    const manifest = await build('qemux86-64');
    expect(manifest).toMatchObject({
      boot: { kind: 'builtin' },
      qemu: { machineOptions: ['-cpu max', '-usb'] },
      disks: [{ id: 'main', attach: 'machine' }],
    });
    expect(manifest.ssh).toEqual({ user: 'root', password: '' });
    await verifyImage(manifest);
    await writeFile(manifestPath(join(root, 'mine')), manifestText(manifest));
    expect(await loadManifest(join(root, 'mine'))).toEqual(manifest);
  });

  it.each([
    ['firmware: { attach: bios, code: u-boot.bin }', 'firmware: builtin', 'no firmware of its own'],
    [/ssh: .*/, 'ssh: { user: root }', 'either a privateKey or a password'],
    [/ssh: .*/, "ssh: { user: root, password: '', privateKey: key }", 'either a privateKey or a password'],
    [/(ssh: .*)/, '$1\n    machineOptions: [cpu max]', 'an option of QEMU'],
  ])('refuses %s => %s', async (was, is, message) => {
    await writeFile(join(root, 'mine', 'image.yaml'), description.replace(was, is));
    await expect(build()).rejects.toThrow(message);
  });

  it.each([
    [
      'disk: main, offset: 1024',
      'disk: mian, offset: 1024',
      /image\.yaml:7:26: .*slots\[0\]\.disk: no disk "mian" of the image; it has main; did you mean "main"\?$/,
    ],
    ['name: B', 'name: A', /image\.yaml:8:17: .*slots\[1\]\.name: another slot is called A, too$/],
    [
      'root: /dev/vda3',
      'root: /dev/vda2',
      /image\.yaml:8:\d+: .*slots\[1\]\.root: slot A is \/dev\/vda2, too: nobody could tell which runs$/,
    ],
    [
      'offset: 4096',
      'offset: 2560',
      /image\.yaml:8:\d+: .*slots\[1\]\.offset: it shares bytes with slot A, which has 1024 to 3072$/,
    ],
    ['offset: 4096', 'offset: 4097', /slots\[1\]\.offset: expected a multiple of 512, found 4097$/],
    [
      '[{ id: main }]',
      '[{ id: main }, { id: main }]',
      /image\.yaml:5:33: .*disks\[1\]\.id: another disk is called main, too$/,
    ],
    [
      '{ main: disk.img }',
      '{ main: disk.img, vars: key }',
      /image\.yaml:12:42: .*factory\.vars: no disk "vars" of the image; it has main$/,
    ],
    [
      '[{ id: main }]',
      '[{ id: main }, { id: vars }]',
      /image\.yaml:12:18: .*releases\.1\.0\.factory: no content for disk vars$/,
    ],
  ])('names what is wrong with disks and slots where it stands: %s as %s', async (was, is, message) => {
    expect(description).toContain(was);
    await writeFile(join(root, 'mine', 'image.yaml'), description.replace(was, is));
    await expect(build()).rejects.toThrow(withCode('document-invalid', message));
  });

  it('has another key when a file changes, and verifying notices', async () => {
    const before = await build();
    await writeFile(join(root, 'mine', 'disk.img'), Buffer.alloc(8192, 'other'));
    await expect(verifyImage(before)).rejects.toMatchObject({ code: 'image-damaged' });
    expect((await build()).key).not.toBe(before.key);
  });

  it.each([
    ['a missing file', () => rm(join(root, 'mine/disk.img')), 'image-unreadable', /disk.img cannot be read/],
    [
      'an empty file',
      () => truncate(join(root, 'mine/key')),
      'image-unreadable',
      /key cannot be read: it is empty/,
    ],
    ['half a sector', () => truncate(join(root, 'mine/disk.img'), 8190), 'image-invalid', /multiple of 512/],
    [
      'a slot outside of the disk',
      () => truncate(join(root, 'mine/disk.img'), 4608),
      'image-invalid',
      /slot B ends at byte 8192/,
    ],
    [
      'content larger than a slot',
      () => truncate(join(root, 'mine/slot.ext4'), 4096),
      'image-invalid',
      /slot A only 2048/,
    ],
    [
      'a disk that is packed',
      () =>
        writeFile(join(root, 'mine/disk.img'), Buffer.concat([gzipSync('disk'), Buffer.alloc(8192)], 8192)),
      'image-invalid',
      /disk.img is no raw disk image: it is gzip/,
    ],
    [
      'a qcow2',
      () => writeFile(join(root, 'mine/disk.img'), Buffer.alloc(8192, 'QFI\xfb', 'latin1')),
      'image-invalid',
      /it is qcow2/,
    ],
    [
      'a disk that was cut short',
      () => {
        const disk = smallGpt([{ name: 'data', content: Buffer.alloc(16 << 10) }]);
        return writeFile(join(root, 'mine/disk.img'), disk.subarray(0, disk.length - (40 << 10)));
      },
      'image-invalid',
      /partition 1 ends at byte 49152, the file at 40960/,
    ],
    [
      'a key that is none',
      () => writeFile(join(root, 'mine/key'), 'root:x:0:0'),
      'image-ssh-key',
      /cannot use the image's ssh key .*mine.key: Unsupported key format/,
    ],
    [
      'the public half of a key',
      () => writeFile(join(root, 'mine/key'), makeKeyPair('test').publicKey),
      'image-ssh-key',
      /it is the public half/,
    ],
  ])('is refused with %s', async (_, damage, code, message) => {
    await damage();
    await expect(build()).rejects.toMatchObject({
      kind: 'scenario',
      code,
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('names every file that is not there at once, each with its place', async () => {
    for (const name of ['slot.ext4', 'u-boot.bin']) await rm(join(root, 'mine', name));
    await truncate(join(root, 'mine/update.raucb'), 0);
    const lines = [
      'mine/image.yaml:4:37: prebuilt.qemuarm64.firmware.code: ROOT/mine/u-boot.bin cannot be read: no such file',
      'mine/image.yaml:13:22: prebuilt.qemuarm64.releases.1.0.slotContent: ROOT/mine/slot.ext4 cannot be read: no such file',
      'mine/image.yaml:14:28: prebuilt.qemuarm64.releases.1.0.bundles.verity: ROOT/mine/update.raucb cannot be read: it is empty',
    ];
    const message = lines.map((line) => `${root}/${line.replace('ROOT', root)}`).join('\n');
    await expect(build()).rejects.toMatchObject({ kind: 'scenario', code: 'image-unreadable', message });
  });

  it('is refused for a machine that it is not made for', async () => {
    await expect(build('qemux86-64')).rejects.toMatchObject({ code: 'machine-unsupported' });
  });

  it('has no packages to lock', async () => {
    await expect(lockImage({ name: 'mine', imagesRoot: root, cache: join(root, 'cache') })).rejects.toThrow(
      withCode('image-prebuilt', 'mine is prebuilt'),
    );
  });
});

describe('loadManifest', () => {
  it('resolves paths against its folder and misses files', async () => {
    const folder = join(root, 'mine');
    const relative = mapPaths(await build(), (path) => path.slice(folder.length + 1));
    await writeFile(manifestPath(folder), manifestText(relative));
    expect(await loadManifest(folder)).toEqual(await build());
    const { length } = smallRaucb();
    await truncate(join(folder, 'update.raucb'), length - 1);
    await expect(loadManifest(folder)).rejects.toMatchObject({
      code: 'image-damaged',
      message: expect.stringContaining(`${length - 1} bytes instead of ${length}`) as unknown,
    });
    await writeFile(manifestPath(folder), '{"format": 1}');
    await expect(loadManifest(folder)).rejects.toMatchObject({
      code: 'manifest-invalid',
      message: expect.stringContaining('is not an image manifest: format: expected 2, found 1') as unknown,
    });
  });
});
