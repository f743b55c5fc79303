import { ask, complaint, type NoAnswer } from '../core/ask.ts';
import { systemClock } from '../core/clock.ts';
import { Deadline } from '../core/deadline.ts';
import { ScenarioError } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import { Random } from '../core/random.ts';
import type { RunContext } from '../device/run-context.ts';
import type { PathRecord } from '../model/record.ts';
import { type Disturbance, variantText } from '../model/recording.ts';
import type { Scenario } from '../model/scenario.ts';
import type { Ready } from '../target/target.ts';

/** Milliseconds that one command of a disturbance may take. */
const limitMs = 60_000;
/** Milliseconds from one round to the next: the least, and what is drawn on top. */
const pauses = { commits: [150, 700], writeback: [0, 0], load: [50, 350], sync: [0, 0] } as const;
/** Kinds of file systems whose fsync makes durable what other programs have changed. */
const journaled: readonly string[] = ['ext3', 'ext4', 'xfs', 'btrfs', 'f2fs'];
/** What a remount would switch off if it did not name it. */
const mountFlags: readonly string[] = [
  'nosuid',
  'nodev',
  'noexec',
  'noatime',
  'nodiratime',
  'relatime',
  'sync',
];
/** Folder at the top of each file system, in no owner's path; its content is always the same, and only its times change. */
const scratch = '.brownout-scratch';

/** A file system of the guest's that an upgrade may write to. */
export interface MountedFileSystem {
  source: string;
  point: string;
  type: string;
  options: string[];
}

/** The writable file systems with a journal in `/proc/mounts`, each once. */
export function disturbed(mounts: string): MountedFileSystem[] {
  const found = new Map<string, MountedFileSystem>();
  for (const line of mounts.split('\n')) {
    const [source = '', point = '', type = '', given = ''] = line.split(' ').map(unescaped);
    const options = given.split(',');
    if (!source.startsWith('/dev/') || !journaled.includes(type) || !options.includes('rw')) continue;
    if (!found.has(source)) found.set(source, { source, point, type, options });
  }
  return [...found.values()];
}

/** As /proc/mounts writes blanks. */
function unescaped(word: string): string {
  return word.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** What begins a disturbance, and what each round of it does; the first must succeed. */
export function disturbingCommands(
  by: Disturbance,
  fileSystems: readonly MountedFileSystem[],
): { begin: string; round: string | undefined } {
  const each = (command: (fileSystem: MountedFileSystem) => string) => fileSystems.map(command).join(' && ');
  const file = ({ point }: MountedFileSystem) => quote(`${point.replace(/\/$/, '')}/${scratch}/${by}`);
  const folder = ({ point }: MountedFileSystem) => quote(`${point.replace(/\/$/, '')}/${scratch}`);
  const zeros = (blocks: number, conversion: string) => (one: MountedFileSystem) =>
    `dd if=/dev/zero of=${file(one)} bs=512 count=${blocks} conv=${conversion} 2>/dev/null`;
  const made = (blocks: number) =>
    each((one) => `mkdir -p ${folder(one)} && ${zeros(blocks, 'notrunc,fsync')(one)}`);
  switch (by) {
    case 'commits':
      return { begin: made(1), round: each(zeros(1, 'notrunc,fsync')) };
    case 'load':
      return {
        begin: made(128),
        round: `i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done; ${each((one) => `${zeros(128, 'notrunc')(one)} && cat ${file(one)} > /dev/null`)}`,
      };
    case 'sync':
      return { begin: each((one) => remount(one, 'sync')), round: undefined };
    case 'writeback': {
      const caches =
        'cd /proc/sys/vm && echo 20 > dirty_writeback_centisecs && echo 20 > dirty_expire_centisecs';
      const often = fileSystems
        .filter(({ type }) => type.startsWith('ext'))
        .map((one) => remount(one, 'commit=1'));
      return { begin: [caches, ...often].join(' && '), round: undefined };
    }
  }
}

function remount({ source, point, options }: MountedFileSystem, option: string): string {
  const kept = options.filter((option) => mountFlags.includes(option));
  return `mount -o ${['remount', 'rw', ...kept, option].join(',')} ${quote(source)} ${quote(point)}`;
}

/** What a disturber needs of a run and of a device. */
type DisturbedRun = Pick<RunContext, 'signal' | 'notice'> & { scenario: Pick<Scenario, 'source'> };
type DisturbedDevice = Pick<Ready, 'run'>;

/** Disturbs the recording of a path, if it is one that is to be disturbed. */
export class Disturber {
  private readonly context: DisturbedRun;
  private readonly path: PathRecord;
  private readonly random: Random;

  constructor(context: DisturbedRun, path: PathRecord) {
    this.context = context;
    this.path = path;
    this.random = new Random(`${path.releases.join(' ')} ${path.recording?.number ?? 1}`);
  }

  /**
   * Does `work` on a device that is disturbed meanwhile; nothing of it is under way when this returns. Throws what `work`
   * throws, and ScenarioError `disturb-failed` where the device cannot be disturbed like this.
   */
  async beside<T>(device: DisturbedDevice, work: () => Promise<T>): Promise<T> {
    const by = this.path.recording?.by;
    if (by === undefined) return work();
    const { begin, round } = disturbingCommands(by, await this.fileSystems(device));
    await this.ask(device, begin);
    const over = new AbortController();
    const rounds =
      round === undefined ? Promise.resolve() : this.goOn(device, { by, round, over: over.signal });
    try {
      return await work();
    } finally {
      over.abort();
      await rounds;
    }
  }

  /** Takes away what is left on the file systems. */
  async clear(device: DisturbedDevice): Promise<void> {
    if (this.path.recording?.by === undefined) return;
    for (const { point } of await this.fileSystems(device))
      await this.ask(device, `rm -rf ${quote(`${point.replace(/\/$/, '')}/${scratch}`)}`);
  }

  /** Rounds until it is over, or the device takes no more commands: what `work` comes to says why. */
  private async goOn(
    device: DisturbedDevice,
    { by, round, over }: { by: Disturbance; round: string; over: AbortSignal },
  ): Promise<void> {
    const [least, more] = pauses[by];
    const { signal } = this.context;
    let count = 0;
    try {
      while (!over.aborted) {
        await systemClock.sleep(least + this.random.int(more), over);
        await device.run(round, { deadline: Deadline.after(limitMs), signal });
        count += 1;
      }
    } catch {
      // Over, or switched off; a round that the device refuses, of a full disk, is none of its failures.
    }
    this.context.notice(`${this.name}: ${count} rounds`);
  }

  private async fileSystems(device: DisturbedDevice): Promise<MountedFileSystem[]> {
    const found = disturbed(await this.ask(device, 'cat /proc/mounts'));
    if (found.length === 0) throw this.impossible('it has no writable file system with a journal');
    return found;
  }

  private async ask(device: DisturbedDevice, command: string): Promise<string> {
    const { signal } = this.context;
    const noAnswer: NoAnswer = {
      failed: (output) => this.impossible(`"${command}" ended with ${output.exitCode}: ${complaint(output)}`),
      late: () => this.impossible(`"${command}" took more than ${limitMs / 1000} s`),
    };
    return (await ask(device, command, { deadline: Deadline.after(limitMs), signal }, noAnswer)).stdout;
  }

  private get name(): string {
    const { releases, recording } = this.path;
    return `${releases.join('->')}, ${recording === undefined ? 'recording 1' : variantText(recording)}`;
  }

  private impossible(why: string): ScenarioError {
    return new ScenarioError(
      'disturb-failed',
      `${this.context.scenario.source.path}: ${this.name}: the device cannot be disturbed like this: ${why}`,
      {
        hint: 'take the word out of powerCuts.disturb; commits and load need dd with conv=fsync, writeback and sync need mount',
      },
    );
  }
}
