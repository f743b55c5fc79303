import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentOf } from '../../../src/filesystem/content.ts';
import { openView } from '../../../src/golden/disk-view.ts';
import { type ImportRequest, importImage } from '../../../src/golden/import-image.ts';
import { assertRoom } from '../../../src/golden/take-disk.ts';
import { buildImage } from '../../../src/image/build.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { withCode } from '../../support/errors.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { RealExt4 } from '../../support/real-ext4.ts';
import { smallGpt } from '../../unit/filesystem/small-gpt.ts';

/** The first bytes of a program: `>` is x86-64, and a bell is a machine that nobody has. */
const program = (machine: string) => `\x7fELF\x02\x01\x01${'\0'.repeat(11)}${machine}\0`;
const system = {
  'bin/sh': program('>'),
  'etc/os-release': 'PRETTY_NAME="Gateway OS 4"\nVERSION_ID=4.1\n',
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  'root/': '',
  'usr/sbin/dropbear': program('>'),
  'boot/vmlinuz-6.1.0-9': 'kernel 9',
  'boot/vmlinuz-6.1.0-50': 'kernel 50',
  'boot/initrd.img-6.1.0-50': 'initrd 50',
};
const dpkg = {
  'var/lib/dpkg/status':
    'Package: nano\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.2-1\nConffiles:\n /etc/nanorc 0123\n\n' +
    'Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n',
  'var/lib/dpkg/info/nano.list': '/.\n/etc\n/etc/nanorc\n/usr/share/doc/nano\n',
  'etc/nanorc': 'set mouse\n',
};

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-golden-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function disk(content: Buffer, name = 'gateway.img'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** `links`: by path, where each leads. */
function ext4(files: Readonly<Record<string, string>>, links: Readonly<Record<string, string>> = {}): Buffer {
  using made = new RealExt4();
  const commands = Object.entries(links).map(([path, target]) => `symlink ${path} ${target}`);
  return commands.length === 0 ? made.make(files) : made.after(made.make(files), commands);
}

/** A feed of 4.2, with one file that counts as a package by its name. */
async function updates(format: 'deb' | 'ipk'): Promise<void> {
  await mkdir(join(folder, 'updates'), { recursive: true });
  for (const name of [`nano.${format}`, 'Packages']) await writeFile(join(folder, 'updates', name), 'x');
}

const take = (path: string, more: Partial<ImportRequest> = {}) =>
  importImage(
    { disk: path, to: join(folder, 'image'), sshUser: 'root', feeds: [], ...more },
    AbortSignal.timeout(60_000),
  );

describe('a golden master', () => {
  needPrograms('mke2fs', 'debugfs', 'e2fsck', 'qemu-img');

  it('is described by what is on its disk, and let into by a key that is put there', async () => {
    const imported = await take(await disk(ext4(system)));
    expect(imported).toMatchObject({
      machine: 'qemux86-64',
      release: '4.1',
      system: 'Gateway OS 4',
      volumes: ['the whole disk, ext4, 16 MiB'],
      login: 'root, by a new key in /root/.ssh/authorized_keys',
      packages: 'no package system',
      unknown: [],
    });
    const at = (name: string) => join(folder, 'image', name);
    expect(await readFile(at('kernel'), 'utf8')).toBe('kernel 50');
    expect(await readFile(at('initrd'), 'utf8')).toBe('initrd 50');
    expect((await stat(at('id_ed25519'))).mode & 0o777).toBe(0o600);
    await using made = await openView(at('disk.raw'));
    const content = contentOf(made.view);
    const files = content.kind === 'files' ? content.files : undefined;
    expect(files?.read('/root/.ssh/authorized_keys')?.toString()).toMatch(/^ssh-ed25519 \S+ brownout\n$/);
    expect(files?.facts('/root/.ssh')).toMatchObject({ kind: 'folder', mode: 0o700, uid: 0, gid: 0 });
    expect(files?.facts('/root/.ssh/authorized_keys')).toMatchObject({
      kind: 'file',
      mode: 0o600,
      uid: 0,
      gid: 0,
    });
    expect(spawnSync('e2fsck', ['-fn', at('disk.raw')]).status).toBe(0);
  });

  it('is an image that can be built, with a scenario that can be loaded', async () => {
    await take(await disk(ext4(system)));
    const manifest = await buildImage({
      name: 'image',
      imagesRoot: folder,
      machine: 'qemux86-64',
      cache: join(folder, 'cache'),
    });
    expect(manifest.boot).toMatchObject({ kind: 'kernel', arguments: 'root=/dev/vda rw console=ttyS0' });
    expect(Object.keys(manifest.releases)).toEqual(['4.1', 'next']);
    expect((await loadScenario(join(folder, 'image', 'scenario.yaml'))).paths).toEqual([['4.1', 'next']]);
  });

  it('keeps the keys that it has', async () => {
    await take(await disk(ext4({ ...system, 'root/.ssh/authorized_keys': 'ssh-ed25519 AAAA owner' })));
    await using made = await openView(join(folder, 'image', 'disk.raw'));
    const content = contentOf(made.view);
    const keys = content.kind === 'files' ? content.files.read('/root/.ssh/authorized_keys')?.toString() : '';
    expect(keys).toMatch(/^ssh-ed25519 AAAA owner\nssh-ed25519 \S+ brownout\n$/);
  });

  it('is left as it is where a person says how to log in', async () => {
    const given = ext4(system);
    await take(await disk(given), { sshPassword: 'secret' });
    expect((await readFile(join(folder, 'image', 'disk.raw'))).equals(given)).toBe(true);
    expect(await readFile(join(folder, 'image', 'image.yaml'), 'utf8')).toContain('password: "secret"');
  });

  it('may be a qcow2, or lie in a folder', async () => {
    await mkdir(join(folder, 'deploy'));
    const raw = await disk(ext4(system));
    spawnSync('qemu-img', ['convert', '-O', 'qcow2', raw, join(folder, 'deploy', 'gateway.qcow2')]);
    await take(join(folder, 'deploy'), { sshPassword: '' });
    expect((await readFile(join(folder, 'image', 'disk.raw'))).equals(await readFile(raw))).toBe(true);
  });

  it('may be a qcow2 that is packed, with further names by links', async () => {
    await mkdir(join(folder, 'deploy'));
    const raw = await disk(ext4(system));
    const qcow2 = join(folder, 'deploy', 'gateway-20260101.qcow2');
    spawnSync('qemu-img', ['convert', '-O', 'qcow2', raw, qcow2]);
    spawnSync('gzip', [qcow2]);
    await symlink(`${basename(qcow2)}.gz`, join(folder, 'deploy', 'gateway.qcow2.gz'));
    await take(join(folder, 'deploy'), { sshPassword: '' });
    expect((await readFile(join(folder, 'image', 'disk.raw'))).equals(await readFile(raw))).toBe(true);
    expect(await readdir(join(folder, 'image'))).not.toContain('disk.raw.qcow2');
  });

  it('has a partition table that Linux does not read, and that is said', async () => {
    const image = smallGpt([{ name: 'rootfs', content: ext4(system) }]);
    image.fill(0, 512, 1024);
    const { unknown } = await take(await disk(image));
    expect(unknown).toEqual([expect.stringContaining('the first copy of the GPT cannot be read')]);
  });

  it('is upgraded from a feed, where dpkg says what is installed', async () => {
    await updates('deb');
    const feeds = [{ release: '4.2', folder: join(folder, 'updates') }];
    await take(await disk(ext4({ ...system, ...dpkg })), { feeds });
    const list: unknown = JSON.parse(await readFile(join(folder, 'image', 'packages.json'), 'utf8'));
    expect(list).toMatchObject([
      {
        name: 'nano',
        version: '7.2-1',
        conffiles: ['/etc/nanorc'],
        files: [{ path: '/etc/nanorc' }],
        paths: [
          { path: '/etc', kind: 'folder' },
          { path: '/etc/nanorc', kind: 'file', owner: 'root:root' },
        ],
      },
    ]);
    expect((await loadScenario(join(folder, 'image', 'scenario.yaml'))).agent.name).toBe('apt');
  });

  it.each([
    ['nobody has signed', [], { name: 'apt', trusted: true }, [/nobody has signed the feed of 4\.2/]],
    ['is signed', ['InRelease'], { name: 'apt' }, []],
    ['is signed in a file of its own', ['Release', 'Release.gpg'], { name: 'apt' }, []],
  ])('has apt trust a feed where it must: one that %s', async (_, files, agent, says) => {
    await updates('deb');
    for (const name of files) await writeFile(join(folder, 'updates', name), 'x');
    const feeds = [{ release: '4.2', folder: join(folder, 'updates') }];
    const { unknown } = await take(await disk(ext4({ ...system, ...dpkg })), { feeds });
    expect(unknown).toEqual(says.map((text) => expect.stringMatching(text) as string));
    expect((await loadScenario(join(folder, 'image', 'scenario.yaml'))).agent).toEqual(agent);
  });

  it.each([
    ['Mon, 30 Nov 2026 21:42:24 UTC', '2026-12-01T00:00:00'],
    ['Thu, 31 Dec 2026 00:00:00 +0000', '2027-01-01T00:00:00'],
    ['Sat, 30 Nov 2024 21:42:24 UTC', undefined],
    ['some day', undefined],
  ])('has the clock say a later day than the feed, which is of %s: %s', async (date, start) => {
    await updates('deb');
    await writeFile(join(folder, 'updates', 'InRelease'), `Origin: x\nDate: ${date}\nSuite: stable\n`);
    const feeds = [{ release: '4.2', folder: join(folder, 'updates') }];
    await take(await disk(ext4({ ...system, ...dpkg })), { feeds });
    const { clock } = await loadScenario(join(folder, 'image', 'scenario.yaml'));
    expect(clock?.start).toBe(start);
  });

  it.each(['var/lib/opkg', 'usr/lib/opkg'])(
    'is upgraded from a feed, where opkg says what is installed, in /%s',
    async (state) => {
      const opkg = {
        [`${state}/status`]:
          'Package: nano\nVersion: 7.2-r0\nStatus: install user installed\nArchitecture: cortexa57\nConffiles:\n /etc/nanorc 0123\nInstalled-Time: 1\n\n' +
          'Package: half\nVersion: 1\nStatus: install user unpacked\nArchitecture: all\n',
        [`${state}/info/nano.list`]: '/etc/nanorc\t0100644\n/usr/bin/gone\t0120777\tnano\n',
        'etc/nanorc': 'set mouse\n',
      };
      await updates('ipk');
      const feeds = [{ release: '4.2', folder: join(folder, 'updates') }];
      const { packages } = await take(await disk(ext4({ ...system, ...opkg })), { feeds });
      expect(packages).toBe('1 package of opkg');
      const list: unknown = JSON.parse(await readFile(join(folder, 'image', 'packages.json'), 'utf8'));
      expect(list).toMatchObject([
        {
          ...{ name: 'nano', version: '7.2-r0', conffiles: ['/etc/nanorc'] },
          files: [{ path: '/etc/nanorc' }],
        },
      ]);
      expect((await loadScenario(join(folder, 'image', 'scenario.yaml'))).agent.name).toBe('opkg');
    },
  );

  it('has what cannot be known said', async () => {
    const files = { ...system, 'usr/sbin/sshd': program('>'), 'etc/ssh/sshd_config': 'PermitRootLogin no\n' };
    const { unknown } = await take(await disk(ext4(files)));
    expect(unknown).toEqual([
      expect.stringContaining('/etc/ssh/sshd_config has permitrootlogin no'),
      expect.stringContaining('there are no host keys in /etc/ssh'),
    ]);
  });

  it('may have two systems, which are said to be slots perhaps', async () => {
    const one = ext4(system);
    const image = smallGpt([
      { name: 'rootfs-a', content: one },
      { name: 'rootfs-b', content: one },
    ]);
    const { volumes, unknown } = await take(await disk(image));
    expect(volumes).toEqual(['p1 (rootfs-a), ext4, 16 MiB', 'p2 (rootfs-b), ext4, 16 MiB']);
    expect(unknown).toEqual([expect.stringContaining('there are 2 systems')]);
  });
});

describe('a disk that cannot be imported is refused, and nothing is written:', () => {
  needPrograms('mke2fs', 'debugfs', 'qemu-img');
  const luks = () => {
    const image = Buffer.alloc(1 << 20);
    image.write('LUKS\xba\xbe', 'latin1');
    return image;
  };
  const without = (...names: string[]) =>
    ext4(
      Object.fromEntries(
        Object.entries(system).filter(([path]) => !names.some((name) => path.startsWith(name))),
      ),
    );

  it.each<[string, () => Buffer, Partial<ImportRequest>, string, RegExp]>([
    [
      'an empty one',
      () => Buffer.alloc(1 << 20),
      {},
      'golden-no-system',
      /no partition table, and on it the whole disk, empty/,
    ],
    ['an encrypted one', luks, {}, 'golden-no-system', /LUKS \(encrypted\), 1 MiB/],
    [
      'one of another architecture',
      () => ext4({ ...system, 'bin/sh': program('\x08') }),
      {},
      'golden-architecture',
      /is made for MIPS/,
    ],
    ['one without an ssh server', () => without('usr/sbin'), {}, 'golden-no-ssh', /has no ssh server/],
    [
      'one that nothing starts',
      () => without('boot'),
      {},
      'golden-no-boot',
      /nothing on .* says how it starts/,
    ],
    [
      'one without a package manager that is given a feed',
      () => ext4(system),
      { feeds: [{ release: '5', folder: 'x' }] },
      'golden-feed',
      /no package system/,
    ],
  ])('%s', async (_, image, more, code, says) => {
    const path = await disk(image());
    await expect(take(path, more)).rejects.toThrow(withCode(code, says));
    await expect(stat(join(folder, 'image'))).rejects.toThrow('ENOENT');
  });

  it('one that is not there, is empty, or one of several', async () => {
    await expect(take(join(folder, 'none.img'))).rejects.toEqual(withCode('disk-unreadable'));
    await expect(take(await disk(Buffer.alloc(0), 'empty.img'))).rejects.toEqual(withCode('disk-unreadable'));
    await mkdir(join(folder, 'nothing'));
    await expect(take(join(folder, 'nothing'))).rejects.toEqual(withCode('disk-absent'));
    await disk(Buffer.alloc(512), 'other.img');
    await expect(take(folder)).rejects.toEqual(withCode('disk-ambiguous'));
  });

  it.each<
    [
      string,
      (raw: string, qcow2: string) => Partial<ImportRequest> | Promise<Partial<ImportRequest>>,
      string,
      RegExp,
    ]
  >([
    [
      'a qcow2 that was cut short, of which QEMU reads zeros',
      async (_, qcow2) => {
        await truncate(qcow2, (await stat(qcow2)).size - (256 << 10));
        return { disk: qcow2 };
      },
      'disk-damaged',
      /damaged qcow2: .*exceeding the end of the file/,
    ],
    [
      'a qcow2 of which there is no more than a beginning',
      async (_, qcow2) => {
        await truncate(qcow2, 60);
        return { disk: qcow2 };
      },
      'disk-damaged',
      /header too short/,
    ],
    [
      'one whose last partition was cut off',
      async (raw) => {
        const image = smallGpt([
          { name: 'rootfs', content: await readFile(raw) },
          { name: 'data', content: Buffer.alloc(1 << 20) },
        ]);
        await writeFile(raw, image.subarray(0, image.length - (1 << 20)));
        return {};
      },
      'disk-damaged',
      /cut short: p2 \(data\) ends at 18 MiB, the disk at 17 MiB/,
    ],
    [
      'one with a partition table that cannot be read',
      async (raw) => {
        const image = smallGpt([{ name: 'rootfs', content: await readFile(raw) }]);
        image.writeUInt16LE(0xaa55, 510);
        image.writeUInt8(0xee, 446 + 4);
        image.fill(0, 512, 1024).fill(0, image.length - 512);
        await writeFile(raw, image);
        return {};
      },
      'golden-no-system',
      /a GPT of which neither copy can be read/,
    ],
    [
      'an archive of files',
      (raw) => {
        spawnSync('tar', ['-czf', `${raw}.tar.gz`, '-C', folder, 'gateway.img']);
        return { disk: `${raw}.tar.gz` };
      },
      'disk-format',
      /is no raw disk image: in it is tar/,
    ],
    [
      'a kernel that is not there',
      () => ({ kernel: join(folder, 'none') }),
      'image-unreadable',
      /no such file/,
    ],
    ['a key that is not there', () => ({ sshKey: join(folder, 'none') }), 'image-ssh-key', /no such file/],
    ['a release that update.sh makes', () => ({ release: 'next' }), 'golden-release', /update.sh makes/],
    [
      'two releases of one name',
      () => ({ release: '5', feeds: [{ release: '5', folder }] }),
      'golden-release',
      /two releases are called 5/,
    ],
  ])('%s', async (_, spoil, code, says) => {
    const raw = await disk(ext4({ ...system, ...dpkg }));
    const qcow2 = join(folder, 'gateway.qcow2');
    spawnSync('qemu-img', ['convert', '-O', 'qcow2', raw, qcow2]);
    const more = await spoil(raw, qcow2);
    await expect(take(raw, more)).rejects.toThrow(withCode(code, says));
    await expect(stat(join(folder, 'image'))).rejects.toThrow('ENOENT');
  });

  it('with a feed that is not for it', async () => {
    const raw = await disk(ext4({ ...system, ...dpkg }));
    const feeds = [{ release: '5', folder: join(folder, 'updates') }];
    await expect(take(raw, { feeds })).rejects.toEqual(withCode('image-unreadable'));
    await updates('ipk');
    await expect(take(raw, { feeds })).rejects.toThrow(
      withCode('golden-feed', /ipk packages, and dpkg .* deb/),
    );
  });

  it('one that no file is, which can be read once only', async () => {
    spawnSync('mkfifo', [join(folder, 'pipe')]);
    await expect(take(join(folder, 'pipe'))).rejects.toThrow(withCode('disk-unreadable', 'neither a file'));
  });

  it('one that would be read for hours', async () => {
    const path = await disk(Buffer.alloc(512), 'long.img');
    await truncate(path, 3 * 2 ** 40);
    await expect(take(path)).rejects.toThrow(withCode('disk-too-big', '3072 GiB long'));
  });

  it("one that would have the host's other files read", async () => {
    const base = await disk(ext4(system));
    const over = join(folder, 'over.qcow2');
    spawnSync('qemu-img', ['create', '-f', 'qcow2', '-F', 'raw', '-b', base, over]);
    await expect(take(over)).rejects.toEqual(withCode('disk-format'));
  });

  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['is a file', { 'root/.ssh': 'x' }, {}, '/root/.ssh is no folder'],
    [
      'is on another file system',
      {},
      { root: '/data/root' },
      '/root, a link to /data/root, is not on this file system',
    ],
    ['is nowhere', { 'etc/passwd': 'root:x:0:0:root:/home/admin:/bin/sh\n' }, {}, 'there is no /home/admin'],
    ['leads in a circle', {}, { root: 'toor', toor: 'root' }, 'the links of /root lead in a circle'],
  ])('one into which no key can be put, since its place %s', async (_, more, links, what) => {
    const files = Object.entries({ ...system, ...more }).filter(
      ([name]) => name !== 'root/' || !('root' in links),
    );
    const path = await disk(ext4(Object.fromEntries(files), links));
    await expect(take(path)).rejects.toMatchObject({
      kind: 'scenario',
      code: 'golden-no-home',
      message: `no key can be put on ${path}, the whole disk, ext4, 16 MiB: ${what}`,
    });
    await expect(stat(join(folder, 'image'))).rejects.toThrow('ENOENT');
  });

  it.each<[string, (path: string) => void, RegExp]>([
    [
      'is full',
      (path) => {
        writeFileSync(`${path}.bulk`, Buffer.alloc(20 << 20, 'x'));
        spawnSync('debugfs', ['-w', '-R', `write ${path}.bulk bulk`, path]);
      },
      /allocate|space/i,
    ],
    [
      'has a folder in its place',
      (path) => {
        spawnSync('debugfs', ['-w', '-R', 'mkdir /root/.ssh', path]);
        spawnSync('debugfs', ['-w', '-R', 'mkdir /root/.ssh/authorized_keys', path]);
      },
      /directory/i,
    ],
  ])('one that does not take a key, since it %s', async (_, spoil, what) => {
    const path = await disk(ext4(system));
    spoil(path);
    const error: unknown = await take(path).catch((one: unknown) => one);
    expect(error).toMatchObject({ kind: 'scenario', code: 'key-not-written' });
    expect(String(error)).toMatch(/authorized_keys is not as it was written; debugfs says: [^\n]+$/);
    expect(String(error)).toMatch(what);
    await expect(stat(join(folder, 'image'))).rejects.toThrow('ENOENT');
  });

  it('one for whose copy there is no room', () => {
    expect(() => assertRoom('big.img', { neededBytes: 3 * 2 ** 30, freeBytes: 1 << 30 })).toThrow(
      withCode('disk-too-big'),
    );
    expect(() => assertRoom('small.img', { neededBytes: 1 << 20, freeBytes: 1 << 30 })).not.toThrow();
  });

  it('one that would be written over something', async () => {
    await mkdir(join(folder, 'image'));
    await writeFile(join(folder, 'image', 'mine'), '');
    await expect(take(await disk(ext4(system)))).rejects.toEqual(withCode('folder-occupied'));
  });
});
