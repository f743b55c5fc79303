import { ScenarioError } from '../core/errors.ts';
import { guestEpoch } from '../model/device-clock.ts';
import type { Reach } from '../model/guest-network.ts';
import type { DiskSpec } from '../model/image.ts';
import { type Machine, type MachineName, machines } from '../model/machine.ts';
import { diskDevice, machineWords, nodeName } from './machine-options.ts';
import { joinOptions, nbdNode } from './options.ts';
import { userNetwork } from './user-network.ts';

/** Where QEMU finds a disk's bytes: an NBD export on a unix socket, or a raw file. */
type DiskSource = { nbd: { socketPath: string; exportName: string } } | { file: string };

/** One disk of the virtual machine; the order is the order on the bus. */
interface QemuDisk extends DiskSpec {
  source: DiskSource;
}

/** A kernel that QEMU loads itself, instead of what the firmware finds on a disk. */
export interface DirectKernel {
  kernel: string;
  initrd?: string;
  append?: string;
}

export type Accelerator = 'tcg' | 'kvm';

/** Everything that decides QEMU's command line. Paths may hold any character. */
export interface QemuSpec {
  machine: MachineName;
  accelerator: Accelerator;
  /** Default 256, as in Yocto's machines. */
  memoryMiB?: number | undefined;
  /** In place of board and network card, each `-option argument`. */
  machineOptions?: readonly string[] | undefined;
  /** Without firmware and kernel QEMU takes the firmware that it brings. */
  firmware?: { attach: 'bios' | 'pflash'; code: string } | undefined;
  kernel?: DirectKernel | undefined;
  disks: readonly QemuDisk[];
  /** File that receives the first serial port; truncated at start. */
  consoleLog: string;
  /** Unix socket on which somebody may read and type at that port, too. */
  consoleSocket?: string | undefined;
  qmpSocket: string;
  /** Loopback port that reaches the guest's port 22; without it the guest has no network. */
  sshPort?: number | undefined;
  /** What the guest reaches of the host (default: nothing). */
  reach?: Reach | undefined;
  /** The guest's date at power-on, `YYYY-MM-DDTHH:MM:SS` (default: `guestEpoch`). */
  rtcBase?: string | undefined;
  /** Which random numbers the guest is given, in its device tree or by its CPU (default 0). */
  randomSeed?: number | undefined;
  /** A failed read of a virtio disk stops the guest, and is made again when it runs on; else the guest is told. */
  holdReads?: boolean | undefined;
  /** Loads the state that an earlier QEMU saved, from this file descriptor, and waits to be told to run. */
  incomingFd?: number | undefined;
}

/**
 * QEMU's command line for a Yocto machine. Works with QEMU 7.2 to 10.x.
 *
 * What differs from openembedded-core's runqemu, and why:
 * - one CPU and single-threaded TCG instead of `-smp 4`: a boot must do the same twice;
 * - no virtio-rng, USB, graphics or second serial port (`-nodefaults`): less to boot, less that varies;
 * - fixed date, and a clock that follows the guest's (`-rtc base=…,clock=vm`);
 * - disks are `-blockdev` NBD exports behind virtio-blk (runqemu: raw files), with TRIM passed on;
 * - a random seed of its own (`-seed`), for device trees and CPUs that give random numbers: the same in all boots;
 * - `-no-reboot`: a reset ends QEMU and the harness starts it again, which is the power-on path;
 * - the network card has no boot ROM (`romfile=`): firmware must not wait for a network boot;
 * - the guest reaches those ports of the host that are served to it, and nothing else (user-network.ts).
 *
 * An image may bring its own board, network card and further devices as `machineOptions`; the rest stays.
 */
export function qemuArguments(spec: QemuSpec): { program: string; args: string[] } {
  return argumentsFor(machines[spec.machine], spec);
}

/** The same for a machine that is described in full. */
export function argumentsFor(
  { qemu }: Machine,
  spec: Omit<QemuSpec, 'machine'>,
): { program: string; args: string[] } {
  const { accelerator, machineOptions } = spec;
  const known = qemu.boards[accelerator];
  const flash = flashUnits(qemu.flashNeedsFirmware ? known : undefined, spec);
  const args = [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...(machineOptions === undefined
      ? ['-machine', [known.machine, ...flash.machineOptions].join(','), '-cpu', known.cpu]
      : []),
    ...['-accel', accelerator === 'tcg' ? 'tcg,thread=single' : 'kvm'],
    ...['-m', String(spec.memoryMiB ?? 256), '-smp', '1'],
    ...['-rtc', `base=${spec.rtcBase ?? guestEpoch},clock=vm`, '-seed', String(spec.randomSeed ?? 0)],
    ...['-chardev', consoleDevice(spec), '-serial', 'chardev:console'],
    ...['-chardev', `socket,${joinOptions({ id: 'qmp', path: spec.qmpSocket, server: 'on', wait: 'off' })}`],
    ...['-mon', 'chardev=qmp,mode=control'],
    ...flash.args,
    ...spec.disks.flatMap((disk) =>
      disk.attach === 'pflash' ? [] : attached(disk, spec.holdReads ?? false),
    ),
    ...(machineOptions === undefined
      ? network(spec)
      : [
          ...machineWords(machineOptions, spec),
          ...flash.machineOptions.flatMap((option) => ['-machine', option]),
        ]),
    ...directKernel(spec.kernel),
    ...(spec.incomingFd === undefined ? [] : ['-incoming', `fd:${spec.incomingFd}`, '-S']),
  ];
  return { program: qemu.program, args };
}

function consoleDevice({
  consoleLog,
  consoleSocket,
}: Pick<QemuSpec, 'consoleLog' | 'consoleSocket'>): string {
  if (consoleSocket === undefined)
    return `file,${joinOptions({ id: 'console', path: consoleLog, append: 'on' })}`;
  const logged = { logfile: consoleLog, logappend: 'on' };
  return `socket,${joinOptions({ id: 'console', path: consoleSocket, server: 'on', wait: 'off', ...logged })}`;
}

/** `needy`: the board, where it has flash unit 1 only beside firmware in flash unit 0. */
function flashUnits(
  needy: { machine: string } | undefined,
  { firmware, disks }: Pick<QemuSpec, 'firmware' | 'disks'>,
): { machineOptions: string[]; args: string[] } {
  const [unit1, ...more] = disks.filter((disk) => disk.attach === 'pflash');
  if (more.length > 0)
    throw new ScenarioError('image-flash-units', 'an image can have one pflash disk: flash unit 1');
  if (unit1 !== undefined && needy !== undefined && firmware?.attach !== 'pflash') {
    const [name = ''] = needy.machine.split(',');
    const message = `disk ${unit1.id} is flash unit 1, which ${name} has only when the firmware is attached as pflash`;
    throw new ScenarioError('image-flash-units', message);
  }
  const machineOptions: string[] = [];
  const args: string[] = [];
  if (firmware?.attach === 'bios') args.push('-bios', firmware.code);
  if (firmware?.attach === 'pflash') {
    const backend = { driver: 'file', 'node-name': 'firmware', filename: firmware.code, 'read-only': 'on' };
    args.push('-blockdev', joinOptions(backend));
    machineOptions.push('pflash0=firmware');
  }
  if (unit1 !== undefined) {
    args.push('-blockdev', backendOf(unit1));
    machineOptions.push(`pflash1=${nodeName(unit1)}`);
  }
  return { machineOptions, args };
}

/** A disk's node, and its device where the image's machine options do not bring it. */
function attached(disk: QemuDisk, holdReads: boolean): string[] {
  const backend = ['-blockdev', backendOf(disk)];
  return disk.attach === 'machine'
    ? backend
    : [...backend, '-device', diskDevice([['virtio-blk-pci']], disk, holdReads)];
}

function backendOf(disk: QemuDisk): string {
  if ('nbd' in disk.source) return nbdNode(nodeName(disk), disk.source.nbd);
  const { file } = disk.source;
  return joinOptions({ driver: 'file', 'node-name': nodeName(disk), discard: 'unmap', filename: file });
}

/** Slirp as runqemu sets it up, with a MAC address of its tap range. */
function network({ sshPort, reach = [] }: Pick<QemuSpec, 'sshPort' | 'reach'>): string[] {
  if (sshPort === undefined) return [];
  return [
    '-netdev',
    joinOptions([['user'], ['id', 'net0'], ...userNetwork({ sshPort, reach })]),
    '-device',
    'virtio-net-pci,netdev=net0,mac=52:54:00:12:34:02,romfile=',
  ];
}

function directKernel(kernel: DirectKernel | undefined): string[] {
  if (kernel === undefined) return [];
  return [
    ...['-kernel', kernel.kernel],
    ...(kernel.initrd === undefined ? [] : ['-initrd', kernel.initrd]),
    ...(kernel.append === undefined ? [] : ['-append', kernel.append]),
  ];
}
