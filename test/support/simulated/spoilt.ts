import type { CommandOutput } from '../../../src/core/ask.ts';
import { fails, type Known, prints } from './shell.ts';

/** What may be done to a device by commands, and how it takes it. */
export interface Spoilable {
  /** Writes a slot, named by its device: zeroes, or what another one holds. */
  overwrite: (slot: string, like: string | undefined) => Promise<void>;
  /** The boot loader's state is gone. */
  loseEnvironment: () => Promise<void>;
  /** Folders that have no room. */
  full: Set<string>;
  /** The updater's programs get a signal that ends them. */
  kill: () => void;
}

/** The commands by which cases of the conformance suite spoil a device (src/conform/spoil.ts, kill-agent.ts). */
export function spoilingCommands(
  { overwrite, loseEnvironment, full, kill }: Spoilable,
  commandLine: string,
): Known[] {
  const done = async (work: Promise<void>): Promise<CommandOutput> => {
    await work;
    return prints('');
  };
  return [
    [/^cat \/proc\/cmdline$/, () => prints(`${commandLine}\n`)],
    [/^cat \/dev\/zero >'\/dev\/([AB])'/, ([, slot = '']) => done(overwrite(slot, undefined))],
    [/^cat '\/dev\/([AB])' >'\/dev\/([AB])'/, ([, like, slot = '']) => done(overwrite(slot, like))],
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
