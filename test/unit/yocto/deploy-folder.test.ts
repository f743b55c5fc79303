import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDeployFolder } from '../../../src/yocto/deploy-folder.ts';
import { bootPlan, type DeployedImage } from '../../../src/yocto/deployed-image.ts';
import { machineFeeds } from '../../../src/yocto/feeds.ts';
import { testData } from '../../support/data.ts';
import { withCode } from '../../support/errors.ts';
import { conf, kirkstoneX86, nanbieldArm64 } from './confs.ts';
import { feedFiles, kirkstoneFiles, makeTree, nanbieldFiles } from './deploy.ts';

let root = '';
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'brownout-yocto-')));
});
afterEach(() => rm(root, { recursive: true }));

const x86Folder = () => join(root, 'images/qemux86-64');
const armFolder = () => join(root, 'images/qemuarm64');
const makeBoth = () =>
  makeTree(root, { ...kirkstoneFiles(kirkstoneX86), ...nanbieldFiles(nanbieldArm64), ...feedFiles });

async function onlyImage(path = root): Promise<DeployedImage> {
  const { machines } = await readDeployFolder(path);
  const images = machines.flatMap((machine) => machine.images);
  expect(images).toHaveLength(1);
  return images[0] as DeployedImage;
}

describe('a deploy folder', () => {
  it('holds images of several machines, in the names of several releases', async () => {
    await makeBoth();
    const { root: found, machines } = await readDeployFolder(root);
    expect(found).toBe(root);
    expect(machines.map(({ name, images }) => [name, images.map((image) => image.name)])).toEqual([
      ['qemuarm64', ['core-image-base']],
      ['qemux86-64', ['core-image-base']],
    ]);
    const [arm, x86] = machines.map(({ images }) => images[0]);
    expect(x86).toMatchObject({
      kernel: join(x86Folder(), 'bzImage--5.15.150+git0+0123456789-r0-qemux86-64-20240410101010.bin'),
      rootfs: [
        {
          type: 'ext4',
          compression: 'none',
          path: join(x86Folder(), 'core-image-base-qemux86-64-20240410101010.rootfs.ext4'),
        },
      ],
      manifest: {
        packages: [
          { name: 'base-files', architecture: 'qemux86_64', version: '3.0.14-r89' },
          { name: 'busybox', architecture: 'core2_64', version: '1.35.0-r0' },
        ],
      },
      testData: { distribution: 'poky', version: '4.0.17' },
      problems: [],
    });
    const real = join(armFolder(), 'core-image-base-qemuarm64.rootfs-20240410101010');
    expect(arm).toMatchObject({
      kernel: join(armFolder(), 'Image--6.5-r0-qemuarm64-20240410101010.bin'),
      rootfs: [
        { type: 'ext4', compression: 'zst', path: `${real}.ext4.zst` },
        { type: 'wic', compression: 'none', path: `${real}.wic` },
      ],
      testData: undefined,
      problems: [],
    });
  });

  it('gives feeds in the order that the build says, else as the images use them', async () => {
    await makeBoth();
    const { machines } = await readDeployFolder(root);
    const [arm, x86] = machines;
    const shown = (machine: typeof arm) =>
      machine?.feeds.map(({ format, architecture, packages }) => `${format} ${architecture} ${packages}`);
    expect(x86?.feedOrderKnown).toBe(true);
    expect(shown(x86)).toEqual([
      ...['ipk all 1', 'ipk core2-64 2', 'ipk qemux86_64 0'],
      ...['rpm noarch 1', 'rpm core2_64 1'],
    ]);
    expect(arm?.feedOrderKnown).toBe(false);
    expect(shown(arm)).toEqual([
      ...['ipk all 1', 'ipk cortexa57 0', 'ipk qemuarm64 1'],
      ...['rpm noarch 1', 'rpm cortexa57 1'],
    ]);
    expect(x86?.feeds.map(({ index }) => index?.slice(root.length + 1))).toEqual([
      ...['ipk/all/Packages.gz', 'ipk/core2-64/Packages', 'ipk/qemux86_64/Packages.gz'],
      ...['rpm/repodata/repomd.xml', 'rpm/repodata/repomd.xml'],
    ]);
    expect(arm?.feeds[2]?.index).toBeUndefined();
  });

  it.each([['images'], ['images/qemuarm64']])('is found from %s too, with the feeds', async (part) => {
    await makeBoth();
    const { root: found, machines } = await readDeployFolder(join(root, part));
    expect(found).toBe(root);
    expect(machines[0]?.feeds).toHaveLength(5);
    expect(machines).toHaveLength(part === 'images' ? 2 : 1);
  });

  it('may be reached by a link, and be any folder with the files', async () => {
    await makeTree(root, kirkstoneFiles(kirkstoneX86));
    await symlink(x86Folder(), join(root, 'latest'));
    expect((await onlyImage(join(root, 'latest'))).problems).toEqual([]);
    await mkdir(join(root, 'copied'));
    await writeFile(join(root, 'copied/i.qemuboot.conf'), conf({ machine: 'qemux86-64' }));
    await writeFile(join(root, 'copied/i.ext4'), '');
    expect((await onlyImage(join(root, 'copied'))).rootfs).toEqual([
      { type: 'ext4', compression: 'none', path: join(root, 'copied/i.ext4') },
    ]);
  });

  it('shows each image once: the build that the link leads to, or the latest', async () => {
    const files = kirkstoneFiles(kirkstoneX86);
    const later = kirkstoneX86.replaceAll('20240410101010', '20240501000000');
    const folder = 'images/qemux86-64';
    await makeTree(root, {
      ...files,
      [`${folder}/core-image-base-qemux86-64-20240501000000.qemuboot.conf`]: later,
      [`${folder}/other-qemux86-64-1.qemuboot.conf`]: conf({
        machine: 'qemux86-64',
        image_link_name: 'other-qemux86-64',
        image_name: 'other-qemux86-64-1',
      }),
      [`${folder}/other-qemux86-64-2.qemuboot.conf`]: conf({
        machine: 'qemux86-64',
        image_link_name: 'other-qemux86-64',
        image_name: 'other-qemux86-64-2',
      }),
    });
    const [machine] = (await readDeployFolder(root)).machines;
    expect(machine?.images.map(({ name, boot }) => [name, boot.imageName])).toEqual([
      ['core-image-base', 'core-image-base-qemux86-64-20240410101010'],
      ['other', 'other-qemux86-64-2'],
    ]);
  });
});

describe('what is wrong with a deploy folder', () => {
  it('is said with where was looked', async () => {
    await mkdir(join(root, 'tmp/deploy/images/raspberrypi3-64'), { recursive: true });
    await expect(readDeployFolder(join(root, 'tmp/deploy'))).rejects.toMatchObject({
      kind: 'scenario',
      code: 'yocto-not-found',
      message: `${root}/tmp/deploy has no image that could be booted: looked for ${root}/tmp/deploy/*.qemuboot.conf, ${root}/tmp/deploy/images/raspberrypi3-64/*.qemuboot.conf`,
    });
    await expect(readDeployFolder(join(root, 'tmp'))).rejects.toMatchObject({
      hint: `give ${root}/tmp/deploy`,
    });
    await expect(readDeployFolder(join(root, 'nothing'))).rejects.toMatchObject({
      code: 'yocto-unreadable',
      message: `${root}/nothing is no folder that can be read`,
    });
  });

  it('links that lead out or nowhere are not followed', async () => {
    await makeTree(root, {
      'deploy/images/m/i.qemuboot.conf': conf({ machine: 'qemux86-64', qb_default_kernel: 'bzImage' }),
      'deploy/images/m/i.ext4': '-> ../../../elsewhere.ext4',
      'deploy/images/m/i.wic': '-> i-1.wic',
      'deploy/images/m/bzImage': '-> bzImage',
      'elsewhere.ext4': '',
    });
    const image = await onlyImage(join(root, 'deploy'));
    const folder = join(root, 'deploy/images/m');
    expect(image.rootfs).toEqual([]);
    expect(image.problems).toEqual([
      `${folder}/i.ext4 leads to ${root}/elsewhere.ext4, outside of ${root}/deploy`,
      `${folder}/i.wic is a link to nothing`,
      `no root file system in ${folder}: looked for i with .ext4 or .wic, and these with .zst, .gz or .xz`,
      expect.stringContaining('ELOOP'),
      `no kernel in ${folder}: looked for bzImage`,
    ]);
    expect(() => bootPlan(image)).toThrow(
      withCode('yocto-incomplete', 'i for qemux86-64 cannot be booted: '),
    );
  });

  it('a lost qemuboot.conf is named', async () => {
    await makeTree(root, { 'images/m/i.qemuboot.conf': '-> i-1.qemuboot.conf' });
    await expect(readDeployFolder(root)).rejects.toThrow(
      `; ${root}/images/m/i.qemuboot.conf is a link to nothing`,
    );
  });

  it.each([
    [
      'qemuboot.conf',
      '[config_bsp]\nqb_mem = -m 256\n',
      'qemuboot-invalid',
      'qemuboot.conf:1: machine is missing',
    ],
    [
      'qemuboot.conf',
      '[config_bsp]\nmachine = x\nserial_consoles = ttyS0\n',
      'qemuboot-invalid',
      'qemuboot.conf:3: serial_consoles: expected entries such as 115200;ttyS0, found "ttyS0"',
    ],
    [
      'manifest',
      'base-files all 1\nbusybox 1\n',
      'yocto-invalid',
      'manifest:2: expected "name architecture version", found "busybox 1"',
    ],
    ['testdata.json', '[]', 'yocto-invalid', 'testdata.json does not hold the variables of a build'],
  ])('a wrong %s is named with its line', async (suffix, text, code, message) => {
    await makeTree(root, { 'i.qemuboot.conf': conf({ machine: 'qemux86-64' }) });
    await writeFile(join(root, `i.${suffix}`), text);
    await expect(readDeployFolder(root)).rejects.toMatchObject({
      kind: 'scenario',
      code,
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('what an image is booted from', () => {
  it('is what QB_DEFAULT_FSTYPE names, unpacked', async () => {
    await makeTree(root, nanbieldFiles(nanbieldArm64));
    const real = join(armFolder(), 'core-image-base-qemuarm64.rootfs-20240410101010');
    expect(bootPlan(await onlyImage())).toMatchObject({
      source: { compression: 'zst', path: `${real}.ext4.zst` },
      files: { rootfs: { type: 'ext4', path: `${real}.ext4` } },
    });
  });

  it('is the same type in the other form, or else what there is', async () => {
    const text = (type: string) => nanbieldArm64.replace('ext4.zst', type);
    await makeTree(root, nanbieldFiles(text('wic.zst')));
    const either = await onlyImage();
    expect(bootPlan(either).source).toMatchObject({ type: 'wic', compression: 'none' });
    expect(bootPlan(either, 'ext4').source).toMatchObject({ type: 'ext4', compression: 'zst' });
    expect(() => bootPlan(either, 'btrfs')).toThrow('has no btrfs; there is ext4.zst, wic');
    expect(() => bootPlan(either, 'wci')).toThrow('there is ext4.zst, wic; did you mean "wic"?');
    await rm(join(root, 'images'), { recursive: true });
    await makeTree(root, nanbieldFiles(text('tar.bz2')));
    expect(bootPlan(await onlyImage()).source).toMatchObject({ type: 'ext4', compression: 'zst' });
  });

  it('needs no kernel where the disk brings its own', async () => {
    await makeTree(root, {
      'i.qemuboot.conf': conf({ machine: 'qemux86-64', qb_default_kernel: 'none', qb_dtb: 'x.dtb' }),
      'i.wic': '',
      'x.dtb': '',
    });
    const { files } = bootPlan(await onlyImage());
    expect(files).toEqual({
      rootfs: { type: 'wic', path: join(root, 'i.wic') },
      kernel: undefined,
      bios: undefined,
      deviceTree: join(root, 'x.dtb'),
    });
  });
});

describe('feeds of a real build', () => {
  const folder = testData('yocto-kirkstone-aarch64');

  it('kirkstone for raspberrypi3-64', async () => {
    const order = { machine: 'raspberrypi3-64', architectures: [], used: [], others: [] };
    await symlink(await realpath(folder), join(root, 'ipk'));
    expect(await machineFeeds(root, order)).toEqual([]);
    await rm(join(root, 'ipk'));
    await cp(folder, join(root, 'ipk'), { recursive: true });
    const feeds = await machineFeeds(root, order);
    expect(feeds.map(({ architecture, packages }) => [architecture, packages])).toEqual([
      ['all', 5],
      ['cortexa53', 74],
      ['raspberrypi3_64', 6],
    ]);
    for (const { folder: feed, index } of feeds) expect(index).toBe(join(feed, 'Packages.gz'));
  });
});
