import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printed } from '../../support/printed.ts';
import { kirkstoneX86, nanbieldArm64 } from '../yocto/confs.ts';
import { feedFiles, kirkstoneFiles, makeTree, nanbieldFiles } from '../yocto/deploy.ts';

let folder = '';
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'brownout-yocto-list-')));
});
afterEach(() => rm(folder, { recursive: true }));

function list(...args: string[]) {
  return printed(['yocto', 'list', ...args]);
}

describe('brownout yocto list', () => {
  it('prints what was found, and how it would be booted', async () => {
    await makeTree(folder, {
      ...kirkstoneFiles(kirkstoneX86),
      ...nanbieldFiles(nanbieldArm64),
      ...feedFiles,
    });
    const { code, out, err } = await list(folder);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out.split('\n');
    expect(lines[0]).toBe(`${folder}:`);
    for (const line of [
      'core-image-base for qemux86-64',
      '  described in  images/qemux86-64/core-image-base-qemux86-64.qemuboot.conf',
      '  distribution  poky 4.0.17',
      '  kernel        images/qemuarm64/Image--6.5-r0-qemuarm64-20240410101010.bin',
      '  ext4.zst      images/qemuarm64/core-image-base-qemuarm64.rootfs-20240410101010.ext4.zst',
      '  packages      2, in images/qemux86-64/core-image-base-qemux86-64-20240410101010.rootfs.manifest',
      '    -smp: -smp 4 => -smp 1 (a boot must do the same twice, and several CPUs never do)',
      '    -no-reboot: nothing => -no-reboot (a reset ends QEMU, and brownout starts it again as a power-on)',
      'package feeds of qemux86-64 (the last one preferred)',
      '  ipk/core2-64  2 packages, index ipk/core2-64/Packages',
      'package feeds of qemuarm64 (the last one preferred; no .testdata.json says so)',
      '  ipk/qemuarm64  1 packages, no index: run bitbake package-index, or brownout feed index',
    ])
      expect(lines).toContain(line);
    const commands = lines.filter((line) => line.startsWith('    qemu-system-'));
    expect(commands).toHaveLength(4);
    expect(commands[1]).toMatch(/ -append 'root=\/dev\/vda rw mem=256M ip=dhcp console=ttyAMA0'$/);
  });

  it('prints the same as JSON', async () => {
    await makeTree(folder, { ...kirkstoneFiles(kirkstoneX86), ...feedFiles });
    const { code, out } = await list(folder, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      root: folder,
      machines: [
        {
          name: 'qemux86-64',
          feedOrderKnown: true,
          feeds: [{ format: 'ipk', architecture: 'all', packages: 1 }, {}, {}, {}, {}],
          images: [
            {
              name: 'core-image-base',
              rootfs: [{ type: 'ext4' }],
              problems: [],
              boot: { program: 'qemu-system-x86_64', unpack: false },
            },
          ],
        },
      ],
    });
  });

  it('says of an image that cannot be booted why, and shows the others', async () => {
    const broken = kirkstoneX86.replace('qb_smp = -smp 4', 'qb_smp = "-smp 4');
    await makeTree(folder, { ...kirkstoneFiles(broken), ...nanbieldFiles(nanbieldArm64) });
    const { code, out } = await list(folder);
    expect(code).toBe(0);
    expect(out).toMatch(
      /\n {2}brownout cannot boot it: images\/qemux86-64\/.*conf:\d+: qb_smp has a " without its counterpart\n/,
    );
    expect(out).toContain('qemu-system-aarch64');
  });

  it('ends with 2 where there is nothing', async () => {
    const { code, out, err } = await list(folder, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ exitCode: 2, error: { code: 'yocto-not-found' } });
    expect(err).toContain(`looked for ${folder}/*.qemuboot.conf`);
  });

  it('shows no control characters of a file', async () => {
    const text = kirkstoneX86.replace('no_timer_check', '\u001b[31mred\u001b[0m\u0007');
    await makeTree(folder, kirkstoneFiles(text));
    const { out } = await list(folder);
    expect(out).toContain(' red ');
    expect(out).not.toMatch(/[\u0007\u001b]/);
  });
});
