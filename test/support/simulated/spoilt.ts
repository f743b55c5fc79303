import type { CommandOutput } from '../../../src/core/ask.ts';
import { sha256 } from '../../../src/core/digest.ts';
import { fails, type Known, prints } from './shell.ts';

const grubHead = '# GRUB Environment Block\n';

/** What may be done to a device by commands, and how it takes it. */
export interface Spoilable {
  /** Writes a slot, named by its device: zeroes, or what another one holds. */
  overwrite: (slot: string, like: string | undefined) => Promise<void>;
  /** The boot loader's state is gone. */
  loseEnvironment: () => Promise<void>;
  /** What it keeps of slots, as lines `NAME=value`; and nonsense in their place. */
  environment: () => Promise<string>;
  keepEnvironment: () => Promise<void>;
  /** Somebody else uses the slot that does not run. */
  mount: () => void;
  /** KiB in use, and the key by which others know the device. */
  usedKiB: () => number;
  key: () => string;
  /** Folders that have no room. */
  full: Set<string>;
  /** The updater's programs get a signal that ends them. */
  kill: () => void;
}

/** The commands by which cases of the conformance suite spoil a device (src/conform/spoil.ts, kill-agent.ts). */
export function spoilingCommands(device: Spoilable, commandLine: string): Known[] {
  const { overwrite, loseEnvironment, full, kill } = device;
  const done = async (work: Promise<void>): Promise<CommandOutput> => {
    await work;
    return prints('');
  };
  return [
    [/^tr -d '\\n' < \/proc\/cmdline; echo\nmounted=.*$/, () => prints(`${commandLine}\nnothing\n`)],
    [/^cat \/dev\/zero >'\/dev\/([AB])'/, ([, slot = '']) => done(overwrite(slot, undefined))],
    [/^cat '\/dev\/([AB])' >'\/dev\/([AB])'/, ([, like, slot = '']) => done(overwrite(slot, like))],
    [/^mkdir -p \S+ && mount '\/dev\/[AB]'/, () => (device.mount(), prints(''))],
    [/^sync$/, () => prints('')],
    [
      /^dd if='\/boot\/env' 2>\/dev\/null \| base64$/,
      async () => prints(Buffer.from(`${grubHead}${await device.environment()}`).toString('base64')),
    ],
    [
      /^base64 -d \| dd of='\/boot\/env'/,
      (_, input) =>
        Buffer.from(input, 'base64').toString().includes('ORDER=???')
          ? done(device.keepEnvironment())
          : fails(1, 'it makes sense'),
    ],
    [/^df -P -k '.+' \| tail -n 1$/, () => prints(`/dev/data 9999 ${device.usedKiB()} 1 1% /data\n`)],
    [/^for one in \/etc\/machine-id /, () => prints(`${sha256(device.key())}  /etc/machine-id\n`)],
    [/^: >'\/boot\/env'/, () => done(loseEnvironment())],
    [/^bytes=.* >'\/boot\/env'/, () => done(loseEnvironment())],
    [
      /^cat \/dev\/zero >'(.+)\/brownout-filler'/,
      ([, folder = '']) => {
        full.add(folder);
        return prints('');
      },
    ],
    [
      /^rm '(.+)\/brownout-filler'/,
      ([, folder = '']) => (full.delete(folder) ? prints('') : fails(1, 'no such file')),
    ],
    [
      /^kill -9 \$\(pidof /,
      () => {
        kill();
        return prints('');
      },
    ],
  ];
}
