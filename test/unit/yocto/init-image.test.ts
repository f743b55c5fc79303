import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeKeyPair } from '../../../src/guest/key-pair.ts';
import { buildImage } from '../../../src/image/build.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { type Initialised, type InitRequest, initImage } from '../../../src/yocto/init-image.ts';
import { testData } from '../../support/data.ts';
import { withCode } from '../../support/errors.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { conf, kirkstoneX86, nanbieldArm64 } from './confs.ts';
import { kirkstoneFiles, makeTree, nanbieldFiles } from './deploy.ts';

let root = '';
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'brownout-init-')));
});
afterEach(() => rm(root, { recursive: true }));

const zstd = (text: string) => execFileSync('zstd', ['--stdout', '-q'], { input: text });
const golden = (name: string) => fileURLToPath(new URL(`../../data/yocto-init/${name}`, import.meta.url));
const deploy = () => join(root, 'deploy');
const to = () => join(root, 'made');
const init = (more: Partial<InitRequest> = {}): Promise<Initialised> =>
  initImage({ deployFolder: deploy(), to: to(), ssh: { user: 'root' }, ...more });
const written = async (name: string) =>
  (await readFile(join(to(), name), 'utf8')).replaceAll(deploy(), 'DEPLOY');

/** What was written must be read by what reads it. */
async function expectReadable(): Promise<void> {
  const scenario = await loadScenario(join(to(), 'scenario.yaml'));
  const [machine] = scenario.machines;
  if (machine === undefined) throw new Error('no machine');
  const manifest = await buildImage({ name: 'made', imagesRoot: root, machine, cache: join(root, 'cache') });
  expect(Object.keys(manifest.releases)).toEqual(expect.arrayContaining(scenario.releases));
}

describe('brownout init --yocto writes', () => {
  it('an image in the names of kirkstone', async () => {
    await makeTree(deploy(), kirkstoneFiles(kirkstoneX86));
    const { files, release, warnings } = await init();
    expect({ files: files.map(({ name }) => name), release, warnings }).toEqual({
      files: [
        ...['image.yaml', 'kernel', 'packages.manifest', 'rootfs.ext4'],
        ...['scenario.schema.json', 'scenario.yaml', 'update.sh'],
      ],
      release: '4.0.17',
      warnings: [expect.stringContaining('core-image-base has no ssh server among its packages')],
    });
    await expect(await written('image.yaml')).toMatchFileSnapshot(golden('kirkstone-qemux86-64.image.yaml'));
    await expect(await written('scenario.yaml')).toMatchFileSnapshot(golden('kirkstone.scenario.yaml'));
    await expect(await written('update.sh')).toMatchFileSnapshot(golden('update.sh'));
    await expectReadable();
    expect(await readdir(root)).toEqual(['deploy', 'made']);
  });

  it('a whole disk, which boots from QEMU’s firmware, and how to log in', async () => {
    const values = { machine: 'qemux86-64', image_link_name: 'i-qemux86-64', qb_drive_type: '/dev/sd' };
    await makeTree(deploy(), { 'i.qemuboot.conf': conf(values), 'i.wic': 'disk' });
    await writeFile(join(root, 'key'), makeKeyPair('test').privateKey);
    await init({
      fstype: 'wic',
      name: 'A "gateway"',
      ssh: { user: 'admin', key: join(root, 'key'), hostKeySha256: 'A'.repeat(43) },
    });
    const text = (await written('image.yaml')).replaceAll(root, 'ROOT');
    await expect(text).toMatchFileSnapshot(golden('wic.image.yaml'));
    expect((await loadScenario(join(to(), 'scenario.yaml'))).name).toBe('A "gateway"');
    await expectReadable();
  });

  it('a disk that is unpacked, with holes, in whole sectors', async () => {
    const content = Buffer.concat([Buffer.from('a'), Buffer.alloc(3 << 20), Buffer.from('bcd')]);
    await makeTree(deploy(), { 'i.qemuboot.conf': conf({ machine: 'qemux86-64' }), bzImage: 'kernel' });
    await writeFile(
      join(deploy(), 'i.qemuboot.conf'),
      conf({ machine: 'qemux86-64', qb_default_kernel: 'bzImage' }),
    );
    await writeFile(join(deploy(), 'i.ext4.gz'), gzipSync(content));
    await init();
    const disk = await readFile(join(to(), 'rootfs.ext4'));
    expect(disk.length % 512).toBe(0);
    expect(disk.subarray(0, content.length).equals(content)).toBe(true);
    expect(disk.subarray(content.length).every((byte) => byte === 0)).toBe(true);
    expect((await stat(join(to(), 'rootfs.ext4'))).blocks * 512).toBeLessThan(1 << 20);
  });
});

describe('brownout init --yocto of real images', () => {
  const folder = testData('qemuboot');
  it.each(['qemux86-64', 'qemuarm64'])('core-image-minimal of scarthgap for %s', async (machine) => {
    const stem = `core-image-minimal-${machine}.rootfs`;
    await makeTree(deploy(), {
      [`images/${machine}/${stem}.qemuboot.conf`]: await readFile(
        join(folder, `${stem}.qemuboot.conf`),
        'utf8',
      ),
      [`images/${machine}/${stem}.ext4`]: 'ext4',
      [`images/${machine}/Image`]: 'kernel',
      [`images/${machine}/bzImage`]: 'kernel',
    });
    await init();
    await expect(await written('image.yaml')).toMatchFileSnapshot(golden(`scarthgap-${machine}.image.yaml`));
    await expectReadable();
  });
});

describe('brownout init --yocto with zstd', () => {
  needPrograms('zstd');
  const real = 'images/qemuarm64/core-image-base-qemuarm64.rootfs-20240410101010.ext4.zst';

  it('an image in the names of nanbield', async () => {
    await makeTree(deploy(), nanbieldFiles(nanbieldArm64));
    await writeFile(join(deploy(), real), zstd('ext4'));
    await init();
    expect((await readFile(join(to(), 'rootfs.ext4'))).subarray(0, 5).toString()).toBe('ext4\0');
    await expect(await written('image.yaml')).toMatchFileSnapshot(golden('nanbield-qemuarm64.image.yaml'));
    await expectReadable();
  });

  it('refuses a broken file, and leaves nothing', async () => {
    await makeTree(deploy(), nanbieldFiles(nanbieldArm64));
    const sound = zstd('ext4'.repeat(1000));
    for (const broken of [Buffer.from('ext4'), sound.subarray(0, sound.length - 3), zstd('')]) {
      await writeFile(join(deploy(), real), broken);
      await expect(init()).rejects.toMatchObject({
        kind: 'scenario',
        code: 'package-damaged',
        message: expect.stringContaining(real) as string,
      });
    }
    expect(await readdir(root)).toEqual(['deploy']);
  });
});

describe('brownout init --yocto refuses', () => {
  const two = () => makeTree(deploy(), { ...kirkstoneFiles(kirkstoneX86), ...nanbieldFiles(nanbieldArm64) });

  it('two images, and names them', async () => {
    await two();
    await expect(init()).rejects.toMatchObject({
      code: 'yocto-ambiguous',
      message: `${deploy()} has 2 images: core-image-base for qemuarm64, core-image-base for qemux86-64`,
      hint: 'choose with --image and --machine',
    });
    expect((await init({ machine: 'qemux86-64' })).machine).toBe('qemux86-64');
  });

  it('an image that is not there, with the nearest', async () => {
    await two();
    await expect(init({ image: 'core-image-bas' })).rejects.toThrow(
      `${deploy()} has no core-image-bas, only core-image-base for qemuarm64, core-image-base for qemux86-64; did you mean "core-image-base"?`,
    );
    await expect(init({ image: 'core-image-base', machine: 'qemuarm' })).rejects.toThrow(
      'did you mean "qemuarm64"?',
    );
  });

  it('a folder that has something in it', async () => {
    await makeTree(deploy(), kirkstoneFiles(kirkstoneX86));
    await mkdir(to());
    await init();
    await expect(init()).rejects.toMatchObject({
      kind: 'scenario',
      code: 'folder-occupied',
      message: `${to()} is not empty; it has image.yaml`,
    });
    await expect(init({ to: join(to(), 'kernel') })).rejects.toMatchObject({ code: 'folder-occupied' });
  });

  it('cannot write where it may not', async () => {
    await makeTree(deploy(), kirkstoneFiles(kirkstoneX86));
    await expect(init({ to: join(root, 'x'.repeat(250)) })).rejects.toMatchObject({
      kind: 'harness',
      code: 'folder-unwritable',
      message: expect.stringContaining('x cannot be written: ENAMETOOLONG') as string,
    });
  });

  it.each<[string, Record<string, string>, Record<string, string>, string, string]>([
    ['no kernel', { qb_default_kernel: 'bzImage' }, { 'i.ext4': 'x' }, 'yocto-incomplete', 'no kernel in '],
    ['no disk', { qb_default_kernel: 'none' }, {}, 'yocto-incomplete', 'no root file system in '],
    [
      'a disk without firmware',
      { machine: 'qemuarm64', qb_default_kernel: 'none', qb_drive_type: '/dev/vd' },
      { 'i.wic': 'x' },
      'yocto-unsupported',
      'QEMU has no firmware for it',
    ],
    [
      'no network',
      { qb_default_kernel: 'K', qb_net: 'none' },
      { 'i.ext4': 'x', K: 'x' },
      'yocto-unsupported',
      'no user network',
    ],
    [
      'a device tree',
      { qb_default_kernel: 'K', qb_dtb: 'T' },
      { 'i.ext4': 'x', K: 'x', T: 'x' },
      'yocto-unsupported',
      'QB_DTB',
    ],
    [
      'an empty disk',
      { qb_default_kernel: 'K' },
      { 'i.ext4': '', K: 'x' },
      'package-damaged',
      'i.ext4: holds nothing',
    ],
  ])('%s', async (_, values, files, code, message) => {
    await makeTree(deploy(), { 'i.qemuboot.conf': conf({ machine: 'qemux86-64', ...values }), ...files });
    await expect(init()).rejects.toMatchObject({
      kind: 'scenario',
      code,
      message: expect.stringContaining(message) as string,
    });
    expect(await readdir(root)).toEqual(['deploy']);
  });
});

it.each([
  ['kernel', { qb_default_kernel: 'bzImage' }, { 'i.ext4': 'x' }, 'virtual/kernel'],
  ['disk', { qb_default_kernel: 'none' }, {}, 'IMAGE_FSTYPES'],
])('says what to do about a %s that is not there', async (_, values, files, hint) => {
  await makeTree(deploy(), { 'i.qemuboot.conf': conf({ machine: 'qemux86-64', ...values }), ...files });
  await expect(init()).rejects.toMatchObject({ hint: expect.stringContaining(hint) as string });
});

describe('brownout init --yocto warns', () => {
  const build = (features: string, packages: string) =>
    makeTree(deploy(), {
      'i.qemuboot.conf': conf({ machine: 'qemux86-64', qb_default_kernel: 'K' }),
      'i.ext4': 'x',
      K: 'x',
      'i.manifest': `${packages} core2_64 1.0\n`,
      'i.testdata.json': JSON.stringify({ IMAGE_FEATURES: features, DISTRO_VERSION: '../5 0' }),
    });

  it('of a root that needs a password, but not where a key is given', async () => {
    await build('allow-root-login', 'dropbear');
    const { warnings, release } = await init();
    expect(warnings).toEqual([expect.stringMatching(/no allow-empty-password, empty-root-password\): add/)]);
    expect(release).toBe('built');
    const key = join(root, 'key');
    const other = { to: join(root, 'other'), ssh: { user: 'root', key } };
    await expect(init(other)).rejects.toThrow(withCode('image-ssh-key', 'no such file'));
    await writeFile(key, makeKeyPair('test').privateKey);
    expect((await init(other)).warnings).toEqual([]);
  });

  it('of nothing where the build says that it lets root in', async () => {
    await build('debug-tweaks', 'openssh-sshd');
    expect((await init()).warnings).toEqual([]);
  });
});
