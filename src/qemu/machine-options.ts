import { ScenarioError } from '../core/errors.ts';
import type { Reach } from '../model/guest-network.ts';
import type { DiskSpec } from '../model/image.ts';
import { joinOptions, optionValue, type QemuOption, splitOptions } from './options.ts';
import { userNetwork } from './user-network.ts';

/** What the guest could keep data on: nobody would record it. */
const storage = /^--?(drive|blockdev|hd[a-d]|fd[ab]|sd|mtdblock|pflash|virtfs|fsdev)$/;
/** Of these brownout gives its own; `-snapshot` would throw away what the guest writes. */
const own =
  /^--?(nodefaults|no-user-config|monitor|qmp|mon|display|nographic|snapshot|pidfile|daemonize|accel|enable-kvm|no-reboot|no-shutdown|rtc|seed|incoming|loadvm|S|m|smp|kernel|append|initrd|dtb|bios|icount)$/;

/** Whether an image may not give an option, because brownout gives it. */
export function isOwnOption(option: string): boolean {
  return own.test(option);
}

/** Whether an option gives the guest storage that it could write to. */
export function isWritableStorage(option: string, value = ''): boolean {
  return storage.test(option) && !/(^|,)(readonly(=on)?|read-only=on|media=cdrom)(,|$)/.test(value);
}

/** The node that a disk's bytes come from. */
export function nodeName({ id }: Pick<DiskSpec, 'id'>): string {
  return `disk-${id}`;
}

/** A `-device` for a disk: with its name, its node and its write cache, whatever was said of these. */
export function diskDevice(
  given: readonly QemuOption[],
  disk: Pick<DiskSpec, 'id' | 'cache'>,
  holdReads = false,
): string {
  const ours: QemuOption[] = [
    ['id', `device-${disk.id}`],
    ['drive', nodeName(disk)],
    ['write-cache', disk.cache === 'writeback' ? 'on' : 'off'],
    ...(holdReads ? ([['rerror', 'stop']] as const) : []),
  ];
  return joinOptions([...given.filter(([key]) => !ours.some(([name]) => name === key)), ...ours]);
}

/** What an image's machine options are joined with. */
interface MachineNeeds {
  disks: readonly DiskSpec[];
  sshPort?: number | undefined;
  /** Default: nothing. */
  reach?: Reach | undefined;
}

/**
 * The words of an image's machine options, each `-option argument`. The `-device` that names a disk's node
 * (`drive=disk-main`) becomes that disk, and `-netdev user` forwards the port for ssh and what the guest may reach.
 * Throws ScenarioError `image-machine-options` for what brownout gives itself, for storage, for a network by which the
 * guest would reach more, and where a disk or the network has no place.
 */
export function machineWords(options: readonly string[], needs: MachineNeeds): string[] {
  const { sshPort, reach = [] } = needs;
  const disks = needs.disks.filter(({ attach }) => attach === 'machine');
  const places = new Map(disks.map((disk) => [nodeName(disk), { disk, found: 0 }]));
  let forwards = 0;
  const words = options.flatMap((text) => {
    const [, option = '', argument] = /^(\S+)(?: (.*))?$/s.exec(text) ?? [];
    if (isOwnOption(option)) throw invalid(`brownout gives ${option} itself`);
    if (isWritableStorage(option, argument))
      throw invalid(`${text}: brownout serves the image's disks itself; further storage must be read-only`);
    if (argument === undefined) return [option];
    const parts = splitOptions(argument);
    const place = option === '-device' ? places.get(optionValue(parts, 'drive') ?? '') : undefined;
    if (place !== undefined) {
      place.found += 1;
      return [option, diskDevice(parts, place.disk)];
    }
    const isOurs = option === '-netdev' && parts[0]?.[0] === 'user';
    if (reach !== 'open') assertClosed(text, isOurs ? parts : undefined);
    if (!isOurs || sshPort === undefined) return [option, argument];
    forwards += 1;
    return [option, joinOptions([...withoutReach(parts), ...userNetwork({ sshPort, reach })])];
  });
  for (const [node, { disk, found }] of places)
    if (found !== 1)
      throw invalid(`disk ${disk.id} needs one -device with drive=${node}; there are ${found}`);
  if (sshPort !== undefined && forwards !== 1)
    throw invalid(`ssh needs one -netdev user,id=…; there are ${forwards}`);
  return words;
}

/** Without what says which addresses the guest reaches: that is the scenario's to say. */
export function withoutReach(parts: readonly QemuOption[]): QemuOption[] {
  return parts.filter(([key]) => key !== 'restrict' && key !== 'host');
}

/** `parts`: of the network that all machines have. */
function assertClosed(text: string, parts: readonly QemuOption[] | undefined): void {
  const more =
    parts === undefined
      ? /^--?(netdev|nic|net) (?!none$)/.test(text)
      : parts.some(([key]) => ['guestfwd', 'smb', 'tftp', 'net'].includes(key));
  if (more)
    throw invalid(
      `${text}: the guest would reach more of the host than it is served; if it may, the scenario says network: open`,
    );
}

function invalid(what: string): ScenarioError {
  return new ScenarioError('image-machine-options', `machineOptions of the image: ${what}`);
}
