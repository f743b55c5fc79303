import { describe, expect, it } from 'vitest';
import { type QemuSpec, qemuArguments } from '../../../src/qemu/arguments.ts';

const nbd = (exportName: string) => ({ nbd: { socketPath: '/s/nbd', exportName } });
const main = { id: 'main', attach: 'virtio-blk', cache: 'writeback', source: nbd('main') } as const;
const vars = { id: 'vars', attach: 'pflash', cache: 'writethrough', source: nbd('vars') } as const;
const common = { accelerator: 'tcg', consoleLog: '/l/console.log', qmpSocket: '/s/qmp' } as const;

/** The command line as words, so that a difference shows as one line. */
function words(spec: QemuSpec): string[] {
  const { program, args } = qemuArguments(spec);
  return [program, ...args];
}

describe('qemuArguments', () => {
  it('starts qemux86-64 as Yocto does, with OVMF and its variables in flash', () => {
    const firmware = { attach: 'pflash', code: '/f/OVMF_CODE.fd' } as const;
    expect(words({ ...common, machine: 'qemux86-64', firmware, disks: [main, vars], sshPort: 2222 })).toEqual(
      [
        'qemu-system-x86_64',
        '-nodefaults',
        '-no-user-config',
        '-no-reboot',
        ...['-display', 'none'],
        ...['-machine', 'q35,i8042=off,pflash0=firmware,pflash1=disk-vars'],
        ...['-cpu', 'IvyBridge'],
        ...['-accel', 'tcg,thread=single'],
        ...['-m', '256'],
        ...['-smp', '1'],
        ...['-rtc', 'base=2026-01-01T00:00:00,clock=vm', '-seed', '0'],
        ...['-chardev', 'file,id=console,path=/l/console.log,append=on', '-serial', 'chardev:console'],
        ...['-chardev', 'socket,id=qmp,path=/s/qmp,server=on,wait=off', '-mon', 'chardev=qmp,mode=control'],
        ...['-blockdev', 'driver=file,node-name=firmware,filename=/f/OVMF_CODE.fd,read-only=on'],
        '-blockdev',
        'driver=nbd,node-name=disk-vars,discard=unmap,server.type=unix,server.path=/s/nbd,export=vars',
        '-blockdev',
        'driver=nbd,node-name=disk-main,discard=unmap,server.type=unix,server.path=/s/nbd,export=main',
        ...['-device', 'virtio-blk-pci,id=device-main,drive=disk-main,write-cache=on'],
        ...['-netdev', 'user,id=net0,restrict=on,host=10.0.2.254,hostfwd=tcp:127.0.0.1:2222-:22'],
        ...['-device', 'virtio-net-pci,netdev=net0,mac=52:54:00:12:34:02,romfile='],
      ],
    );
  });

  it('can hold the reads of its disks and load what an earlier machine saved', () => {
    const spec = { ...common, machine: 'qemuarm64', disks: [main] } as const;
    const plain = words(spec).map((word) =>
      word.startsWith('virtio-blk-pci') ? `${word},rerror=stop` : word,
    );
    expect(words({ ...spec, holdReads: true })).toEqual(plain);
    expect(words({ ...spec, incomingFd: 3 })).toEqual([...words(spec), '-incoming', 'fd:3', '-S']);
  });

  it('starts qemuarm64 with U-Boot as -bios and its environment in flash unit 1', () => {
    const firmware = { attach: 'bios', code: '/f/u-boot.bin' } as const;
    const spec = { ...common, machine: 'qemuarm64', firmware, disks: [main, vars], memoryMiB: 512 } as const;
    expect(words(spec)).toEqual([
      'qemu-system-aarch64',
      '-nodefaults',
      '-no-user-config',
      '-no-reboot',
      ...['-display', 'none'],
      ...['-machine', 'virt,pflash1=disk-vars'],
      ...['-cpu', 'cortex-a57'],
      ...['-accel', 'tcg,thread=single'],
      ...['-m', '512'],
      ...['-smp', '1'],
      ...['-rtc', 'base=2026-01-01T00:00:00,clock=vm', '-seed', '0'],
      ...['-chardev', 'file,id=console,path=/l/console.log,append=on', '-serial', 'chardev:console'],
      ...['-chardev', 'socket,id=qmp,path=/s/qmp,server=on,wait=off', '-mon', 'chardev=qmp,mode=control'],
      ...['-bios', '/f/u-boot.bin'],
      '-blockdev',
      'driver=nbd,node-name=disk-vars,discard=unmap,server.type=unix,server.path=/s/nbd,export=vars',
      '-blockdev',
      'driver=nbd,node-name=disk-main,discard=unmap,server.type=unix,server.path=/s/nbd,export=main',
      ...['-device', 'virtio-blk-pci,id=device-main,drive=disk-main,write-cache=on'],
    ]);
  });

  it('gives the guest other random numbers where it is asked to', () => {
    const spec = { ...common, machine: 'qemuarm64', disks: [main] } as const;
    const [usual, other] = [words(spec), words({ ...spec, randomSeed: 2 })];
    const at = usual.indexOf('-seed') + 1;
    expect(usual[at]).toBe('0');
    expect(other).toEqual(usual.with(at, '2'));
  });

  it('keeps the order of the disks', () => {
    const disks = ['b', 'a', 'c'].map((id) => ({ ...main, id, source: nbd(id) }));
    const devices = words({ ...common, machine: 'qemuarm64', disks }).filter((word) =>
      word.startsWith('virtio-blk'),
    );
    expect(devices.map((device) => /drive=disk-(\w)/.exec(device)?.[1])).toEqual(['b', 'a', 'c']);
  });

  it('doubles commas where QEMU would split, and only there', () => {
    const spec: QemuSpec = {
      ...common,
      machine: 'qemux86-64',
      firmware: { attach: 'bios', code: '/f,1/bios' },
      kernel: { kernel: '/k,1', initrd: '/i,1', append: 'console=ttyS0,115200' },
      disks: [{ ...main, source: { file: '/d,1/disk' } }],
      consoleLog: '/c,1/log',
      qmpSocket: '/q,1/qmp',
    };
    const line = words(spec);
    expect(line).toContain('file,id=console,path=/c,,1/log,append=on');
    expect(line).toContain('socket,id=qmp,path=/q,,1/qmp,server=on,wait=off');
    expect(line).toContain('driver=file,node-name=disk-main,discard=unmap,filename=/d,,1/disk');
    expect(line.slice(line.indexOf('-bios'), line.indexOf('-bios') + 2)).toEqual(['-bios', '/f,1/bios']);
    expect(line.slice(line.indexOf('-kernel'))).toEqual([
      ...['-kernel', '/k,1', '-initrd', '/i,1', '-append', 'console=ttyS0,115200'],
    ]);
  });

  it('gives a write-through disk no write cache', () => {
    const line = words({ ...common, machine: 'qemuarm64', disks: [{ ...main, cache: 'writethrough' }] });
    expect(line).toContain('virtio-blk-pci,id=device-main,drive=disk-main,write-cache=off');
  });

  it('uses the host’s CPU for qemuarm64 under KVM', () => {
    const line = words({ ...common, machine: 'qemuarm64', accelerator: 'kvm', disks: [] });
    expect(line).toEqual(expect.arrayContaining(['virt,gic-version=3', 'host', 'kvm']));
  });

  it.each([
    ['two flash disks', { machine: 'qemuarm64', disks: [vars, { ...vars, id: 'more' }] }],
    ['flash unit 1 on q35 without unit 0', { machine: 'qemux86-64', disks: [vars] }],
  ] as const)('refuses %s', (_, spec) => {
    expect(() => qemuArguments({ ...common, ...spec })).toThrow(
      expect.objectContaining({ code: 'image-flash-units', kind: 'scenario' }),
    );
  });
});
