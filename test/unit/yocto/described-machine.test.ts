import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MachineName } from '../../../src/model/machine.ts';
import { qemuArguments } from '../../../src/qemu/arguments.ts';
import { commandLines } from '../../../src/yocto/command-lines.ts';
import { describedMachine } from '../../../src/yocto/described-machine.ts';
import type { BootFiles } from '../../../src/yocto/part.ts';
import { parseQemuBoot } from '../../../src/yocto/qemu-boot.ts';
import { optionPairs } from '../../../src/yocto/words.ts';
import { testData } from '../../support/data.ts';
import { conf, kirkstoneX86, nanbieldArm64 } from './confs.ts';

const ext4: BootFiles = { rootfs: { path: '/d/i.ext4', type: 'ext4' }, kernel: '/d/K' };
const wic: BootFiles = { rootfs: { path: '/d/i.wic', type: 'wic' }, kernel: '/d/K' };
const own = {
  accelerator: 'tcg',
  disk: { id: 'main', socketPath: '/s/nbd', exportName: 'main' },
  consoleLog: '/l/console.log',
  qmpSocket: '/s/qmp',
  sshPort: 3022,
} as const;

/** A run's command line, made from the description of the machine, must be the one that `yocto list` promises. */
function expectSame(text: string, machine: MachineName, files: BootFiles): void {
  const boot = parseQemuBoot(text, '/d/i.qemuboot.conf');
  const { memoryMiB, options, kernel, bios } = describedMachine(boot, files);
  const { args } = qemuArguments({
    machine,
    accelerator: own.accelerator,
    memoryMiB,
    machineOptions: options,
    ...(kernel === undefined ? {} : { kernel: { kernel: kernel.path, append: kernel.arguments } }),
    ...(bios === undefined ? {} : { firmware: { attach: 'bios', code: bios } }),
    disks: [{ id: 'main', attach: 'machine', cache: 'writeback', source: { nbd: own.disk } }],
    consoleLog: own.consoleLog,
    qmpSocket: own.qmpSocket,
    sshPort: own.sshPort,
  });
  const promised = commandLines({ boot, files, own }).brownout;
  const sorted = (words: readonly string[]) =>
    optionPairs(words)
      .map((pair) => pair.join(' '))
      .sort();
  expect(sorted(args)).toEqual(sorted(promised));
  // The order of devices gives them their places on the bus, and that of serial ports their numbers.
  const devices = (words: readonly string[]) => words.filter((_, i) => words[i - 1] === '-device');
  expect(devices(args)).toEqual(devices(promised));
  expect(args.filter((_, i) => args[i - 1] === '-serial')).toEqual(['chardev:console', 'null']);
}

describe('a described machine makes the promised command line', () => {
  it('of kirkstone for qemux86-64', () => expectSame(kirkstoneX86, 'qemux86-64', ext4));
  it('of nanbield for qemuarm64', () => expectSame(nanbieldArm64, 'qemuarm64', ext4));
  it.each(['/dev/sd', '/dev/vd', '/dev/vdb'])('of a disk that boots by itself: %s', (type) =>
    expectSame(
      conf({ machine: 'qemux86-64', qb_drive_type: type, qb_rootfs_extra_opt: 'bootindex=1' }),
      'qemux86-64',
      wic,
    ),
  );
  it('with a BIOS, further devices and its own network', () =>
    expectSame(
      conf({
        machine: 'qemux86-64',
        qb_mem: '-m 512M',
        qb_drive_type: '/dev/sd',
        qb_slirp_opt: '-netdev user,id=net0,restrict=on',
        qb_opt_append: '-device qemu-xhci -device usb-storage,drive=s -drive id=s,file=/s.img,readonly=on',
      }),
      'qemux86-64',
      { ...wic, bios: '/d/bios.bin' },
    ));
});

it('a described machine has its memory in MiB', () => {
  const boot = parseQemuBoot(conf({ machine: 'qemux86-64', qb_mem: '-m 2G' }), '/d/i.qemuboot.conf');
  expect(describedMachine(boot, ext4).memoryMiB).toBe(2048);
});

describe('a described machine of a real image', () => {
  const folder = testData('qemuboot');
  it.each(['qemux86-64', 'qemuarm64'] as const)('core-image-minimal of scarthgap for %s', async (machine) =>
    expectSame(
      await readFile(join(folder, `core-image-minimal-${machine}.rootfs.qemuboot.conf`), 'utf8'),
      machine,
      ext4,
    ),
  );
});
