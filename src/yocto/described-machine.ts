import type { MachineName } from '../model/machine.ts';
import { isOwnOption, nodeName, withoutReach } from '../qemu/machine-options.ts';
import { joinOptions, optionValue, splitOptions } from '../qemu/options.ts';
import { commandLines, type Deviation, machineFor, shownNeeds } from './command-lines.ts';
import type { BootFiles } from './part.ts';
import type { QemuBoot } from './qemu-boot.ts';
import { optionPairs } from './words.ts';

/** A machine as an image.yaml describes it. */
export interface DescribedMachine {
  machine: MachineName;
  memoryMiB: number;
  /** Each `-option argument`, in runqemu's order. */
  options: string[];
  /** Absent where the disk boots by itself. */
  kernel: { path: string; arguments: string } | undefined;
  bios: string | undefined;
  deviceTree: string | undefined;
  /** What runqemu does otherwise. */
  deviations: readonly Deviation[];
}

/**
 * The machine of the command line with which brownout boots an image, without what every run gives by itself: what is
 * left, qemuArguments makes the same command line of. Throws what commandLines throws.
 */
export function describedMachine(boot: QemuBoot, files: BootFiles): DescribedMachine {
  const { brownout, deviations } = commandLines({ boot, files, own: shownNeeds });
  const pairs = optionPairs(brownout);
  const valueOf = (name: string) => pairs.find(([option]) => option === name)?.[1];
  const kernel = valueOf('-kernel');
  return {
    machine: machineFor({ boot }),
    memoryMiB: mebibytes(valueOf('-m') ?? ''),
    options: pairs.flatMap(([option, argument]) => {
      if (isOwnOption(option) || isOwnBackend(option, argument)) return [];
      return argument === undefined ? [option] : [`${option} ${withoutOwn(option, argument)}`];
    }),
    kernel: kernel === undefined ? undefined : { path: kernel, arguments: valueOf('-append') ?? '' },
    bios: valueOf('-bios'),
    deviceTree: valueOf('-dtb'),
    deviations,
  };
}

/** The disk's node, the console's file and QMP's socket. */
function isOwnBackend(option: string, argument = ''): boolean {
  const id = optionValue(splitOptions(argument), option === '-blockdev' ? 'node-name' : 'id');
  if (option === '-blockdev') return id === nodeName(shownNeeds.disk);
  if (option === '-serial') return argument === 'chardev:console';
  return option === '-chardev' && (id === 'console' || id === 'qmp');
}

/** Without the forward of ssh and the guest's reach, and the disk's name and cache. */
function withoutOwn(option: string, argument: string): string {
  const parts = splitOptions(argument);
  if (option === '-netdev') return joinOptions(withoutReach(parts).filter(([key]) => key !== 'hostfwd'));
  const isDisk = option === '-device' && optionValue(parts, 'drive') === nodeName(shownNeeds.disk);
  return isDisk ? joinOptions(parts.filter(([key]) => key !== 'id' && key !== 'write-cache')) : argument;
}

/** `256` and `2G`, as memoryOf writes them. */
function mebibytes(size: string): number {
  return Number.parseInt(size, 10) * (/g$/i.test(size) ? 1024 : 1);
}
