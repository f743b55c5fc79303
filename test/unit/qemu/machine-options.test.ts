import { describe, expect, it } from 'vitest';
import { qemuArguments } from '../../../src/qemu/arguments.ts';
import { machineWords } from '../../../src/qemu/machine-options.ts';

const main = { id: 'main', attach: 'machine', cache: 'writeback' } as const;
const scsi = ['-device virtio-scsi-pci,id=scsi', '-device scsi-hd,drive=disk-main,id=x,bootindex=1'];
const network = ['-netdev user,id=net0,restrict=off,ipv6=off,host=10.0.2.3', '-device e1000,netdev=net0'];

describe('the machine that an image brings', () => {
  it('has the disk in its place, the forward of ssh, and everything else as it stands', () => {
    const options = ['-cpu max', '-usb', ...scsi, ...network, '-smbios type=1,product=a b,,c'];
    expect(machineWords(options, { disks: [main], sshPort: 2222 })).toEqual([
      ...['-cpu', 'max', '-usb', '-device', 'virtio-scsi-pci,id=scsi'],
      ...['-device', 'scsi-hd,bootindex=1,id=device-main,drive=disk-main,write-cache=on'],
      ...['-netdev', 'user,id=net0,ipv6=off,restrict=on,host=10.0.2.254,hostfwd=tcp:127.0.0.1:2222-:22'],
      ...['-device', 'e1000,netdev=net0', '-smbios', 'type=1,product=a b,,c'],
    ]);
  });

  it('takes the place of board and network card only', () => {
    const vars = { id: 'vars', attach: 'pflash', cache: 'writethrough' } as const;
    const { args } = qemuArguments({
      machine: 'qemux86-64',
      accelerator: 'tcg',
      memoryMiB: 512,
      machineOptions: ['-machine q35', ...scsi, ...network],
      firmware: { attach: 'pflash', code: '/f/code' },
      disks: [
        { ...main, source: { file: '/d/main' } },
        { ...vars, source: { file: '/d/vars' } },
      ],
      consoleLog: '/l/console.log',
      qmpSocket: '/s/qmp',
      sshPort: 2222,
    });
    const line = args.join(' ');
    expect(line.match(/-machine \S+/g)).toEqual([
      ...['-machine q35', '-machine pflash0=firmware', '-machine pflash1=disk-vars'],
    ]);
    expect(line).toMatch(/ -m 512 -smp 1 -rtc \S+ -seed 0 -chardev \S+ -serial chardev:console /);
    expect(line).toContain(' -blockdev driver=file,node-name=disk-main,discard=unmap,filename=/d/main ');
    expect(line.match(/drive=disk-main/g)).toHaveLength(1);
    expect(line).not.toMatch(/virtio-net|-cpu/);
  });

  it.each([
    ['what brownout gives', ['-snapshot'], 'brownout gives -snapshot itself'],
    ['a monitor', ['-qmp stdio'], 'brownout gives -qmp itself'],
    [
      'another disk',
      ['-drive file=/x,if=virtio'],
      '-drive file=/x,if=virtio: brownout serves the image’s disks',
    ],
    ['no place for the disk', network, 'disk main needs one -device with drive=disk-main; there are 0'],
    ['two places for it', [...scsi, '-device virtio-blk-pci,drive=disk-main', ...network], 'there are 2'],
    [
      'a further network',
      [...scsi, ...network, '-nic user'],
      '-nic user: the guest would reach more of the host than it is served',
    ],
    ['a folder of the host', ['-netdev user,id=net0,smb=/home'], 'the scenario says network: open'],
    ['no network', scsi, 'ssh needs one -netdev user,id=…; there are 0'],
  ])('is refused with %s', (_, options, message) =>
    expect(() => machineWords(options, { disks: [main], sshPort: 2222 })).toThrow(
      expect.objectContaining({
        code: 'image-machine-options',
        message: expect.stringContaining(message.replace('’', "'")) as string,
      }),
    ),
  );

  it('has the network that it brings where the scenario lets the guest reach everything', () => {
    const options = ['-netdev user,id=net0,tftp=/d', '-nic user'];
    expect(machineWords(options, { disks: [], sshPort: 2222, reach: 'open' })).toEqual([
      ...['-netdev', 'user,id=net0,tftp=/d,hostfwd=tcp:127.0.0.1:2222-:22', '-nic', 'user'],
    ]);
  });

  it('may have further storage that is read-only', () => {
    const options = ['-drive file=/x,if=none,readonly=on'];
    expect(machineWords(options, { disks: [] })).toEqual(['-drive', 'file=/x,if=none,readonly=on']);
  });
});
