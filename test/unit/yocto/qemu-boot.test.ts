import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseQemuBoot, readQemuBoot } from '../../../src/yocto/qemu-boot.ts';
import { testData } from '../../support/data.ts';
import { conf, kirkstoneX86 } from './confs.ts';

describe('parseQemuBoot', () => {
  it('knows what the image is, and keeps what it does not know', () => {
    const text = `${kirkstoneX86}STAGING_DIR_HOST = ../../../work/x\nqb_new_option = 50%%\n`;
    const boot = parseQemuBoot(text, '/b/deploy/images/m/i.qemuboot.conf');
    expect(boot).toMatchObject({
      path: '/b/deploy/images/m/i.qemuboot.conf',
      folder: '/b/deploy/images/m',
      machine: 'qemux86-64',
      tuneArch: 'x86_64',
      imageLinkName: 'core-image-base-qemux86-64',
      kernelImageType: 'bzImage',
      serialConsoles: ['ttyS0', 'ttyS1'],
      options: { qb_mem: '-m 256', qb_rootfs_opt: '', qb_cpu: '-cpu IvyBridge -machine q35' },
      others: {
        deploy_dir_image: '/b/deploy/images/m',
        staging_dir_host: '/b/work/x',
        qb_new_option: '50%',
      },
    });
  });

  it('takes only `.` and what begins with `../` for a path', () => {
    const boot = parseQemuBoot(
      conf({ machine: 'm', a: '../k', b: './k', c: '..', d: '/k', e: '.k' }),
      '/b/i.qemuboot.conf',
    );
    expect(boot.others).toEqual({ deploy_dir_image: '/b', a: '/k', b: './k', c: '..', d: '/k', e: '.k' });
  });
});

describe('readQemuBoot', () => {
  const folder = testData('qemuboot');

  it.each([
    ['qemux86-64', 'x86_64', ['ttyS0', 'ttyS1']],
    ['qemuarm64', 'aarch64', ['ttyAMA0', 'hvc0']],
  ])('reads a real file for %s', async (machine, tuneArch, serialConsoles) => {
    const name = `core-image-minimal-${machine}.rootfs`;
    const boot = await readQemuBoot(join(folder, `${name}.qemuboot.conf`));
    expect(boot).toMatchObject({ machine, tuneArch, serialConsoles, imageLinkName: name });
    expect(boot.others['deploy_dir_image']).toBe(folder);
    expect(Object.keys(boot.others)).toEqual(expect.arrayContaining(['qb_no_pni', 'staging_dir_native']));
  });
});
