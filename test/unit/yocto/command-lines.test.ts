import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CommandLines, commandLines } from '../../../src/yocto/command-lines.ts';
import type { BootFiles, OwnNeeds } from '../../../src/yocto/part.ts';
import { parseQemuBoot } from '../../../src/yocto/qemu-boot.ts';
import { testData } from '../../support/data.ts';
import { withCode } from '../../support/errors.ts';
import { conf, kirkstoneX86, nanbieldArm64 } from './confs.ts';

const own: OwnNeeds = {
  accelerator: 'tcg',
  disk: { id: 'main', socketPath: '/s/nbd', exportName: 'main' },
  consoleLog: '/l/console.log',
  qmpSocket: '/s/qmp',
  sshPort: 3022,
};
const ext4: BootFiles = { rootfs: { path: '/d/i.ext4', type: 'ext4' }, kernel: '/d/K' };
const wic: BootFiles = { rootfs: { path: '/d/i.wic', type: 'wic' }, kernel: '/d/K' };

const lines = (text: string, files = ext4, more: Partial<OwnNeeds> = {}): CommandLines =>
  commandLines({ boot: parseQemuBoot(text, '/d/i.qemuboot.conf'), files, own: { ...own, ...more } });

/** One option a line. */
const shown = (words: readonly string[]) =>
  words
    .join(' ')
    .replaceAll(/ (?=-[a-z])/g, '\n')
    .split('\n');

const blockNode =
  '-blockdev driver=nbd,node-name=disk-main,discard=unmap,server.type=unix,server.path=/s/nbd,export=main';
const ours = {
  front: ['-nodefaults', '-no-user-config', '-no-reboot'],
  card: '-device virtio-net-pci,netdev=net0,mac=52:54:00:12:35:02,romfile=',
  network: '-netdev user,id=net0,restrict=on,host=10.0.2.254,hostfwd=tcp:127.0.0.1:3022-:22',
  disk: [blockNode, '-device virtio-blk-pci,id=device-main,drive=disk-main,write-cache=on'],
  middle: [
    '-rtc base=2026-01-01T00:00:00,clock=vm',
    '-seed 0',
    '-chardev socket,id=qmp,path=/s/qmp,server=on,wait=off',
    '-mon chardev=qmp,mode=control',
    '-chardev file,id=console,path=/l/console.log,append=on',
    '-serial chardev:console',
    '-serial null',
  ],
};
const theirNetwork = [
  '-device virtio-net-pci,netdev=net0,mac=52:54:00:12:35:02',
  '-netdev user,id=net0,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=tcp:127.0.0.1:2323-:23,tftp=/d',
];
const theirRng = ['-object rng-random,filename=/dev/urandom,id=rng0', '-device virtio-rng-pci,rng=rng0'];
const x86Arguments = 'oprofile.timer=1 tsc=reliable no_timer_check rcupdate.rcu_expedited=1';
const virtioConsole = [
  '-device virtio-serial-pci',
  '-chardev null,id=virtcon',
  '-device virtconsole,chardev=virtcon',
];

/** What both lines for an x86 machine must be, by what differs between releases of Yocto. */
function expectX86({ program, runqemu, brownout }: CommandLines, board: string[], append: string): void {
  expect(program).toBe('qemu-system-x86_64');
  expect(shown(runqemu)).toEqual([
    ...theirNetwork,
    ...theirRng,
    '-drive file=/d/i.ext4,if=virtio,format=raw',
    ...['-usb', '-device usb-tablet', '-usb', '-device usb-kbd'],
    ...[...board, '-smp 4', '-m 256', '-serial mon:stdio', '-serial null', '-nographic'],
    '-kernel /d/K',
    `-append root=/dev/vda rw ip=dhcp console=ttyS0 console=ttyS1 ${append}`,
  ]);
  expect(shown(brownout)).toEqual([
    ...[...ours.front, `${ours.card},addr=0x2`, ours.network, ...ours.disk],
    ...[...board, '-smp 1', '-accel tcg,thread=single', '-m 256'],
    ...[...ours.middle, '-display none'],
    '-kernel /d/K',
    `-append root=/dev/vda rw ip=dhcp console=ttyS0 ${append}`,
  ]);
}

function expectArm64({ program, runqemu, brownout }: CommandLines, append: string): void {
  const board = ['-machine virt', '-cpu cortex-a57'];
  expect(program).toBe('qemu-system-aarch64');
  expect(shown(runqemu)).toEqual([
    ...theirNetwork,
    ...theirRng,
    '-drive id=disk0,file=/d/i.ext4,if=none,format=raw',
    '-device virtio-blk-pci,drive=disk0',
    ...['-device qemu-xhci', '-device usb-tablet', '-device usb-kbd'],
    ...[...board, '-smp 4', '-m 256', '-serial mon:stdio', '-serial null', '-nographic'],
    '-device virtio-gpu-pci',
    '-kernel /d/K',
    `-append root=/dev/vda rw mem=256M ip=dhcp console=ttyAMA0 console=hvc0${append}`,
  ]);
  expect(shown(brownout)).toEqual([
    ...[...ours.front, ours.card, ours.network, ...ours.disk],
    ...[...board, '-smp 1', '-accel tcg,thread=single', '-m 256'],
    ...[...ours.middle, ...virtioConsole, '-display none'],
    '-kernel /d/K',
    `-append root=/dev/vda rw mem=256M ip=dhcp console=ttyAMA0${append}`,
  ]);
}

describe('the command lines of a real image', () => {
  const folder = testData('qemuboot');
  const real = (machine: string) =>
    readFile(join(folder, `core-image-minimal-${machine}.rootfs.qemuboot.conf`), 'utf8');

  it('core-image-minimal of scarthgap for qemux86-64', async () =>
    expectX86(
      lines(await real('qemux86-64')),
      ['-cpu IvyBridge', '-machine q35,i8042=off'],
      `${x86Arguments} swiotlb=0`,
    ));

  it('core-image-minimal of scarthgap for qemuarm64', async () =>
    expectArm64(lines(await real('qemuarm64')), ' swiotlb=0'));
});

describe('the command lines', () => {
  it('of kirkstone for qemux86-64', () =>
    expectX86(lines(kirkstoneX86), ['-cpu IvyBridge', '-machine q35'], x86Arguments));

  it('of nanbield for qemuarm64', () => expectArm64(lines(nanbieldArm64), ''));

  it('differ only by what is listed, each with its reason', () => {
    const { deviations } = lines(nanbieldArm64);
    expect(deviations.map(({ option }) => option)).toEqual([
      ...['general', '-no-reboot', 'network card', 'network', 'QB_RNG', 'disk', 'QB_OPT_APPEND'],
      ...['-smp', '-accel', '-rtc', '-seed', 'QMP', '-serial', 'display', '-append'],
    ]);
    for (const { why } of deviations) expect(why).toMatch(/^\S.*[^.]$/);
    expect(deviations.find(({ option }) => option === '-smp')).toMatchObject({
      runqemu: ['-smp', '4'],
      brownout: ['-smp', '1'],
    });
  });

  it('with KVM use the CPU that the image has for it', () => {
    const { runqemu, brownout } = lines(nanbieldArm64, ext4, { accelerator: 'kvm' });
    const board = '-machine virt -cpu host -machine gic-version=3';
    expect(runqemu.join(' ')).toContain(`${board} -smp 4 -enable-kvm -m 256`);
    expect(brownout.join(' ')).toContain(`${board} -smp 1 -accel kvm -m 256`);
    expect(() => lines(conf({ machine: 'qemuarm64' }), ext4, { accelerator: 'kvm' })).toThrow(
      '/d/i.qemuboot.conf: qb_cpu_kvm is missing: this machine is not made for KVM',
    );
  });

  it('tell QEMU and the kernel the same amount of memory', () => {
    const arm = lines(nanbieldArm64, ext4, { memoryMiB: 512 });
    expect(arm.brownout.join(' ')).toMatch(/ -m 512 .* rw mem=512M ip=dhcp /);
    expect(arm.runqemu.join(' ')).toMatch(/ -m 256 .* rw mem=256M ip=dhcp /);
    const x86 = lines(kirkstoneX86, ext4, { memoryMiB: 512 });
    expect(x86.brownout.join(' ')).toMatch(/ -m 512 /);
    expect(x86.brownout.join(' ')).not.toContain('mem=');
    for (const [given, option, kernel] of [
      ['', '-m 256', 'mem=256M'],
      ['512', '-m 512', 'mem=512M'],
      ['-m 1024M', '-m 1024', 'mem=1024M'],
      ['2G', '-m 2G', 'mem=2G'],
    ] as const) {
      const { runqemu } = lines(conf({ machine: 'qemuarm64', qb_mem: given }));
      expect(runqemu.join(' ')).toContain(` ${option} `);
      expect(runqemu.join(' ')).toContain(` ${kernel} `);
    }
    const odd = conf({ machine: 'qemuarm64', qb_mem: '-m lots' });
    expect(() => lines(odd)).toThrow(
      withCode('qemuboot-invalid', '/d/i.qemuboot.conf:5: qb_mem: expected a number of MiB'),
    );
  });

  it('know runqemu’s tcpserial', () => {
    const arm = lines(nanbieldArm64, ext4, { tcpSerialPort: 4001 }).runqemu.join(' ');
    expect(arm).toContain(
      ' -m 256 -device virtio-serial-pci -chardev socket,id=virtcon,port=4001,host=127.0.0.1 ',
    );
    const x86 = lines(kirkstoneX86, ext4, { tcpSerialPort: 4001 });
    expect(x86.runqemu.join(' ')).toContain(
      ' -m 256 -serial tcp:127.0.0.1:4001,nodelay=on -serial null -serial mon:stdio -nographic',
    );
    expect(x86.brownout.join(' ')).not.toContain('4001');
  });
});

describe('a disk that boots by itself', () => {
  const withDisk = (values: Record<string, string>) =>
    lines(conf({ machine: 'qemux86-64', qb_drive_type: '/dev/sd', ...values }), wic);

  it('is given no kernel, and a SCSI bus', () => {
    const { runqemu, brownout } = withDisk({ qb_rootfs_extra_opt: 'bootindex=1' });
    const bus = '-device virtio-scsi-pci,id=scsi -device scsi-hd';
    expect(runqemu.join(' ')).toContain(
      `-drive if=none,id=hd,file=/d/i.wic,format=raw ${bus},drive=hd,bootindex=1 `,
    );
    expect(brownout.join(' ')).toContain(
      `${blockNode} ${bus},bootindex=1,id=device-main,drive=disk-main,write-cache=on `,
    );
    for (const words of [runqemu, brownout])
      for (const word of ['-kernel', '-append']) expect(words).not.toContain(word);
  });

  it.each([
    ['/dev/vda', '-drive if=virtio,file=/d/i.wic,format=raw', '-device virtio-blk-pci'],
    [
      '/dev/vdb',
      '-drive id=disk0,file=/d/i.wic,if=none,format=raw -device virtio-blk-device,drive=disk0',
      '-device virtio-blk-device',
    ],
  ])('may be on a virtio bus: %s', (type, theirs, device) => {
    const { runqemu, brownout } = withDisk({ qb_drive_type: type });
    expect(runqemu.join(' ')).toContain(theirs);
    expect(brownout.join(' ')).toContain(
      `${blockNode} ${device},id=device-main,drive=disk-main,write-cache=on `,
    );
  });

  it('has its kernel beside it where QB_FSINFO says so', () => {
    const { runqemu } = withDisk({ qb_fsinfo: 'wic:no-kernel-in-fs', qb_kernel_root: '/dev/vda2 ro' });
    expect(runqemu.join(' ')).toContain('-drive file=/d/i.wic,if=virtio,format=raw ');
    expect(runqemu.join(' ')).toMatch(/ -kernel \/d\/K -append root=\/dev\/vda2 ro ip=dhcp$/);
    expect(withDisk({ qb_fsinfo: 'wic:kernel-in-fs' }).runqemu).not.toContain('-kernel');
  });

  it.each([
    [
      'no bus',
      { qb_drive_type: '' },
      'qemuboot-invalid',
      'qb_drive_type is missing: it says how a wic image is attached',
    ],
    [
      'IDE',
      { qb_drive_type: '/dev/hda' },
      'qemuboot-unsupported',
      'qb_drive_type: brownout can put its own disk only in place of',
    ],
  ])('is refused with %s', (_, values, code, message) =>
    expect(() => withDisk(values)).toThrow(withCode(code, message)),
  );
});

describe('what an image may say otherwise', () => {
  const x86 = (values: Record<string, string>, files?: BootFiles, more?: Partial<OwnNeeds>) =>
    lines(conf({ machine: 'qemux86-64', ...values }), files, more);
  const both = (found: CommandLines) => [found.runqemu.join(' '), found.brownout.join(' ')];

  it('no network', () => {
    for (const line of both(x86({ qb_net: 'none' }))) {
      expect(line).toContain('-nic none');
      expect(line).not.toContain('ip=');
    }
  });

  it('its own slirp, of which the forwards become ours', () => {
    const qb_slirp_opt = '-netdev user,id=net0,restrict=on,tftp=@DEPLOY_DIR_IMAGE@,hostfwd=tcp::10022-:22';
    const [runqemu, brownout] = both(x86({ qb_slirp_opt, qb_cmdline_ip_slirp: 'ip=eth0:dhcp' }));
    expect(runqemu).toContain(
      '-device e1000,netdev=net0,mac=52:54:00:12:35:02 -netdev user,id=net0,restrict=on,tftp=/d,hostfwd=tcp::10022-:22',
    );
    expect(brownout).toContain(
      '-netdev user,id=net0,restrict=on,host=10.0.2.254,hostfwd=tcp:127.0.0.1:3022-:22 ',
    );
    expect(brownout).toContain(' ip=eth0:dhcp');
  });

  it('no kernel arguments, a BIOS, a device tree', () => {
    const files = { ...ext4, bios: '/d/bios.bin', deviceTree: '/d/x.dtb' };
    for (const line of both(x86({ qb_kernel_cmdline: 'none' }, files)))
      expect(line).toMatch(/ -bios \/d\/bios\.bin -kernel \/d\/K -dtb \/d\/x\.dtb$/);
  });

  it('no root file system', () => {
    for (const line of both(x86({ qb_rootfs: 'none' }))) expect(line).not.toMatch(/-drive|-blockdev|root=/);
  });

  it('a path with blanks and commas', () => {
    const files: BootFiles = { rootfs: { path: '/a b/c,d.ext4', type: 'ext4' }, kernel: "/a b/it's" };
    const { runqemu, brownout } = lines(nanbieldArm64, files);
    expect(runqemu).toContain('id=disk0,file=/a b/c,,d.ext4,if=none,format=raw');
    expect(brownout).toContain("/a b/it's");
    expect(brownout.join(' ')).toContain(blockNode);
  });

  it('further devices, which stay', () => {
    const qb_opt_append =
      '-device qemu-xhci -device usb-tablet -device usb-storage,drive=s -drive id=s,file=@DEPLOY_DIR_IMAGE@/s.img,if=none,readonly=on -serial mon:stdio -daemonize -show-cursor';
    const [runqemu, brownout] = both(x86({ qb_opt_append }));
    expect(runqemu).toContain(
      ' -serial mon:stdio -daemonize -show-cursor -m 256 -serial null -serial mon:stdio -nographic',
    );
    expect(brownout).toContain(
      ' -device qemu-xhci -device usb-storage,drive=s -drive id=s,file=/d/s.img,if=none,readonly=on -smp 1 ',
    );
    expect(brownout?.match(/-serial/g)).toHaveLength(2);
  });

  it('commands for the host, which are listed and not run', () =>
    expect(x86({ qb_setup_cmd: 'swtpm socket' }).deviations.at(-1)).toMatchObject({
      option: 'QB_SETUP_CMD',
      runqemu: ['swtpm socket'],
      brownout: [],
    }));

  it.each([
    [
      'a second disk',
      { qb_opt_append: '-drive file=@DEPLOY_DIR_IMAGE@/x,if=virtio' },
      'qemuboot-unsupported',
      'adds storage that brownout does not serve: -drive file=/d/x,if=virtio',
    ],
    [
      'a folder of the host',
      { qb_opt_append: '--virtfs local,path=/home' },
      'qemuboot-unsupported',
      'adds storage that brownout',
    ],
    [
      'a tap device',
      { qb_opt_append: '-netdev tap,ifname=@TAP@' },
      'qemuboot-unsupported',
      ':5: qb_opt_append has @TAP@',
    ],
    [
      'an SD card',
      { qb_rootfs_opt: '-drive if=sd,file=@ROOTFS@' },
      'qemuboot-unsupported',
      ':5: qb_rootfs_opt: brownout can put its own disk only',
    ],
    [
      'another QEMU',
      { qb_system_name: 'qemu-system-ppc' },
      'qemuboot-unsupported',
      ':5: qb_system_name: brownout boots with qemu-system-x86_64 or qemu-system-aarch64, not with "qemu-system-ppc"',
    ],
    [
      'an open quote',
      { qb_smp: "-smp '4" },
      'qemuboot-invalid',
      ":5: qb_smp has a ' without its counterpart",
    ],
  ])('%s is refused', (_, values, code, message) =>
    expect(() => x86(values)).toThrow(withCode(code, message)),
  );
});
