import type { CommandOutput } from '../../../src/core/ask.ts';
import { sha256 } from '../../../src/core/digest.ts';
import { DeviceFailure, type HarnessError } from '../../../src/core/errors.ts';
import type { Breakage } from '../../../src/model/image.ts';
import type { Disk } from '../../../src/nbd/disk.ts';
import { type AskedFor, type Believes, fetched } from './fetch-bundle.ts';
import { FileStore } from './file-store.ts';
import { type ClientTraits, hawkbitCommands } from './hawkbit-client.ts';
import type { Guest, Power } from './machine.ts';
import { sector } from './sectors.ts';
import { type SettingFault, settingCommands } from './settings.ts';
import { answer, commonCommands, fails, type Known, prints } from './shell.ts';
import { type Spoilable, spoilingCommands } from './spoilt.ts';

/** Bytes of a slot, and of the kernel after its first sector. */
export const slotBytes = 12 * sector;
const kernelBytes = 2 * sector;
/** Bytes that the updater writes at once. */
const chunkBytes = 4 * sector;
const triesAtFirst = 3;
const mostResets = 8;

type Slot = 'A' | 'B';

/** The boot loader's one sector. */
interface BootState {
  order: [Slot, Slot];
  left: Record<Slot, number>;
}

/** Promises beside those of installation and boot that it breaks. */
export interface EdgeTraits {
  /** Installs whatever a certificate is valid for. */
  ignoresDates?: true;
  /** Two installations are done at once. */
  installsTwice?: true;
  /** Another slot is written before a release is looked at. */
  writesFirst?: true;
  /** An installation writes to the slot that runs. */
  scribbles?: true;
  /** A slot that is mounted is written all the same, and whoever has mounted it writes to it, too. */
  ignoresMounts?: true;
  /** Each installation leaves so many KiB behind. */
  leavesKiB?: number;
  /** Each release makes itself a key. */
  keyOfRelease?: true;
  /** Each confirmation gives one try more. */
  addsTries?: true;
}

/** What is wrong with a device's updater or system; an empty one keeps every promise. */
export interface SlotTraits {
  /** The login shell greets. */
  greets?: string;
  /** The new slot may still be on its way to the disk when the next boot is told to take it. */
  forgetsFlush?: true;
  /** The next boot is told to take the slot before it is written. */
  activatesFirst?: true;
  /** The owner's files are rewritten where they are. */
  rewritesFiles?: true;
  /** No request for a flush ever leaves the guest. */
  neverFlushes?: true;
  /** An installation does nothing where the release runs already. */
  idleAgain?: true;
  /** What it makes of a setting whose default changes. */
  setting?: SettingFault;
  /** Of its client of a hawkBit server. */
  client?: ClientTraits;
  /** The bundle's digest is not looked at. */
  believesEveryByte?: true;
  believes?: Believes;
  /** Refuses to install, and says so. */
  refuses?: true;
  /** Says that it has installed, and has not. */
  pretends?: true;
  /** Where the host keeps the CPU from it. */
  starved?: () => HarnessError;
  /** Nothing but a reset comes of the boot of this release. */
  unbootable?: string;
  /** Nobody resets it where a release hangs. */
  noWatchdog?: true;
  /** A release whose kernel is missing leaves it where it is. */
  noFallback?: true;
  /** What happens to a device at its edges: second installations, other clocks, slots in use. */
  edges?: EdgeTraits;
  /** The health check says that all is well, whatever it is. */
  alwaysHealthy?: true;
  /** How often a new slot is tried: 3 times, or this often. */
  tries?: number;
  /** As long as this release runs, and nobody has confirmed it, installations are refused. */
  guardsPending?: string;
  /** It writes differences between releases, as if the other slot held the one that runs. */
  patches?: true;
  /** Without its state the boot loader takes the first slot. */
  copesWithoutState?: true;
  /** A slot that has no try left is called good. */
  forgetsFailures?: true;
  /** A lock that a killed updater leaves is never taken away. */
  leavesLock?: true;
  /** The updater ends with success where there is no room for what it downloads. */
  ignoresFull?: true;
  /** No try is counted where the boot partition is full. */
  needsRoom?: true;
  /** A reset on the way to a login leaves the owner's files empty; an installation does, where their partition is full. */
  emptiesFiles?: 'at a reset' | 'where there is no room';
  /** A slot that was confirmed has all of its tries at each start, and none is counted down. */
  countsUnconfirmedOnly?: true;
  /** A slot that was given up has all of its tries again. */
  givesTriesBack?: true;
  /** Resets itself at the end of an installation: at once and as hard as `reboot -f`, or when its command has ended. */
  resetsItself?: 'at once' | 'later';
  /** Milliseconds between two writes of an installation. */
  pauseMs?: number;
  /** Has the first word: an answer, or a failure that it throws; undefined where it has none. `release` runs. */
  before?:
    | ((
        command: string,
        power: Power,
        release: string,
      ) => Promise<CommandOutput | undefined> | CommandOutput | undefined)
    | undefined;
  /** Before the system ends a power cycle by itself. */
  onEnd?: () => void;
  /** Before the system that the boot loader has chosen comes up. */
  onStart?: ((power: Power, release: string) => Promise<void> | void) | undefined;
  /** What the kernel says of itself at each start. */
  oops?: string;
}

/** The first bytes of a slot: the release, and a digest of the kernel that follows. */
interface SlotHeader {
  version: string;
  kernel: string;
  /** What is wrong with the release. */
  fault?: Breakage;
}

/** The content of a slot with a release. */
export function slotContent(version: string, fault?: Breakage): Buffer {
  const body = Buffer.alloc(slotBytes - sector);
  for (let at = 0; at < body.length; at += 32) Buffer.from(sha256(`${version} ${at}`), 'hex').copy(body, at);
  const header: SlotHeader = {
    version,
    kernel: sha256(body.subarray(0, kernelBytes)),
    ...(fault === undefined ? {} : { fault }),
  };
  return Buffer.concat([oneSector(header), body]);
}

/** The files that a system in a slot with this content has, and their SHA-256. */
export function systemFiles(content: Buffer): Record<string, string> {
  const parts = Array.from({ length: content.length / chunkBytes }, (_, i) => [
    `/usr/lib/part-${i}`,
    sha256(content.subarray(i * chunkBytes, (i + 1) * chunkBytes)),
  ]);
  return Object.fromEntries(parts) as Record<string, string>;
}

/** What the boot loader of a factory-new device has. */
export function factoryBootSector(): Buffer {
  return oneSector({ order: ['A', 'B'], left: { A: triesAtFirst, B: triesAtFirst } } satisfies BootState);
}

/** A device with two slots and a disk with the owner's files, driven as RAUC is. */
export class SlotGuest implements Guest {
  private readonly traits: SlotTraits;
  private power: Power | undefined;
  private running: Slot = 'A';
  private release = '';
  private known: Known[] = [];
  private readonly full = new Set<string>();
  private locked = false;
  private unconfirmable = false;
  private installing = new AbortController();
  private busy = false;
  private mounted = false;
  private usedKiB = 1000;

  constructor(traits: SlotTraits = {}) {
    this.traits = traits;
  }

  /** The boot loader counts a try down, takes the first slot that has one left, and the kernel of that slot starts. */
  async start(power: Power): Promise<number> {
    this.power = power;
    for (let resets = 0; ; resets += 1) {
      const state = await this.bootState();
      const slot = state.order.find((one) => state.left[one] > 0);
      if (slot === undefined) throw new DeviceFailure('kernel-panic', 'no slot has a try left');
      if (this.traits.countsUnconfirmedOnly !== true || state.left[slot] <= triesAtFirst) {
        state.left[slot] -= 1;
        if (!this.full.has('/boot') || this.traits.needsRoom !== true) await this.keepBootState(state);
      }
      if (resets > mostResets) throw new DeviceFailure('reset-loop', 'the device resets itself for ever');
      if (resets > 0 && this.traits.emptiesFiles === 'at a reset') await this.emptyFiles();
      const header = await this.load(slot);
      if (header !== undefined && header.version !== this.traits.unbootable && this.comesUp(header)) {
        power.kernel();
        await this.traits.onStart?.(power, header.version);
        if (this.traits.oops !== undefined) power.say(this.traits.oops);
        if (this.traits.givesTriesBack === true && resets > 0) await this.giveTriesBack(slot);
        this.come(slot, header);
        return resets;
      }
      power.say(`slot ${slot} does not start`);
      await power.reset();
    }
  }

  async run(command: string, input: string): Promise<CommandOutput> {
    if (this.power === undefined) throw new Error('nobody has switched this guest on');
    const early = await this.traits.before?.(command, this.power, this.release);
    return early ?? answer(this.known, command, input);
  }

  async end(): Promise<void> {
    this.traits.onEnd?.();
    if (this.mounted && this.traits.edges?.ignoresMounts === true) await this.scribble(this.other);
    this.mounted = false;
    await this.flush('data');
    await this.flush('main');
  }

  get greeting(): string {
    return this.traits.greets ?? '';
  }

  starved(): HarnessError | undefined {
    return this.traits.starved?.();
  }

  /** Throws where the device would stay where it is. */
  private comesUp({ fault }: SlotHeader): boolean {
    const { noWatchdog, noFallback } = this.traits;
    if (fault === 'hangs' && noWatchdog === true)
      throw new DeviceFailure('boot-timeout', 'no login within its time');
    if (fault === 'no-kernel' && noFallback === true)
      throw new DeviceFailure('boot-timeout', 'the boot loader waits for a key');
    return fault === undefined || fault === 'health';
  }

  private come(slot: Slot, { version, fault }: SlotHeader): void {
    this.running = slot;
    this.release = version;
    const files = new FileStore(this.disk('data'));
    const commandLine = `console=ttyAMA0 root=/dev/${slot} quiet`;
    const other: Slot = slot === 'A' ? 'B' : 'A';
    this.known = [
      [
        /^'\/usr\/sbin\/health-check'$/,
        () =>
          fault === 'health' && this.traits.alwaysHealthy !== true
            ? fails(1, 'it does not work')
            : prints(''),
      ],
      ...this.ownCommands(files, version, other),
      ...spoilingCommands(this.spoilable(), commandLine),
      ...commonCommands({ files, commandLine, version }),
    ];
  }

  private ownCommands(files: FileStore, version: string, other: Slot): Known[] {
    const both: Slot[] = ['A', 'B'];
    const signal = this.power?.signal ?? AbortSignal.abort();
    const client = hawkbitCommands(
      {
        files,
        version,
        signal,
        install: (url, asked) => this.install(url, { files, version, other, asked }),
      },
      this.traits.client ?? {},
    );
    return [
      ...client.known,
      ...settingCommands(files, version, this.traits.setting),
      [/^rauc install '(.+)'$/, ([, url = '']) => this.install(url, { files, version, other })],
      [/^export BUNDLE_URL='(.+)'\nupdate$/, ([, url = '']) => this.install(url, { files, version, other })],
      [
        /^rauc status --output-format=json$/,
        async () => {
          const { order, left } = await this.bootState();
          const slots = both.map((name) => ({
            [`rootfs.${name}`]: {
              bootname: name,
              state: name === this.running ? 'booted' : 'inactive',
              boot_status: left[name] > 0 || this.traits.forgetsFailures === true ? 'good' : 'bad',
            },
          }));
          return prints(JSON.stringify({ booted: this.running, boot_primary: `rootfs.${order[0]}`, slots }));
        },
      ],
      [
        /^sh -s$/,
        async (_, input) => {
          const own = systemFiles(await this.disk('main').read(offsetOf(this.running), slotBytes));
          const asked = [...input.matchAll(/'([^']+)'/g)].flatMap(([, path = '']) =>
            own[path] === undefined ? [] : [`${own[path]}  ${path}`],
          );
          return prints(asked.join('\n'));
        },
      ],
      [
        /^rauc status mark-active other$/,
        async () => {
          const state = await this.bootState();
          state.order = [other, this.running];
          state.left[other] = triesAtFirst;
          await this.keepBootState(state);
          return prints('');
        },
      ],
      [
        /^rauc status mark-good$/,
        async () => {
          if (this.unconfirmable) {
            await this.activate(other);
            return fails(1, 'its script failed');
          }
          const state = await this.bootState();
          const before = state.left[this.running];
          state.left[this.running] = triesAtFirst + (this.traits.countsUnconfirmedOnly === true ? 1 : 0);
          if (this.traits.edges?.addsTries === true) state.left[this.running] = before + 1;
          await this.keepBootState(state);
          await client.confirmed();
          return prints('');
        },
      ],
    ];
  }

  private async install(
    url: string,
    {
      files,
      version,
      other,
      asked = {},
    }: { files: FileStore; version: string; other: Slot; asked?: AskedFor },
  ): Promise<CommandOutput> {
    const { traits } = this;
    if (traits.refuses === true) return fails(1, 'LastError: not for this device');
    if (traits.pretends === true) return prints('Installing done.');
    if (this.locked) return fails(1, 'LastError: locked');
    if (this.full.has('/downloads'))
      return traits.ignoresFull === true ? prints('Installing done.') : fails(1, 'LastError: no room');
    const { edges = {} } = traits;
    if (edges.ignoresDates !== true && this.power?.clock?.startsWith('1970') === true)
      return fails(1, 'LastError: certificate is not yet valid');
    if (this.busy && edges.installsTwice !== true) return fails(1, 'LastError: already at work');
    if (this.mounted && edges.ignoresMounts !== true) return fails(1, 'LastError: the slot is mounted');
    if (edges.writesFirst === true) await this.forbid(other);
    if (traits.guardsPending === this.release) return fails(1, 'LastError: nobody has confirmed what runs');
    this.installing = new AbortController();
    const bundle = await fetched(url, slotBytes, traits.believesEveryByte !== true, {
      ...traits.believes,
      ...asked,
      signal: this.installing.signal,
    });
    if (this.installing.signal.aborted) {
      this.locked = traits.leavesLock === true;
      return fails(137, 'Killed');
    }
    if (typeof bundle === 'string') return fails(1, `LastError: ${bundle}`);
    const { content } = bundle;
    this.unconfirmable = bundle.unconfirmable && traits.believes?.failingScripts !== true;
    if (this.full.has('/data') && traits.emptiesFiles === 'where there is no room') await this.emptyFiles();
    if (traits.idleAgain === true && headerOf(content)?.version === version) return prints('nothing to do');
    if (traits.activatesFirst === true) await this.activate(other);
    else await this.forbid(other);
    this.busy = true;
    await this.write(other, content);
    this.busy = false;
    this.usedKiB += edges.leavesKiB ?? 0;
    if (edges.scribbles === true) await this.scribble(this.running);
    if (traits.forgetsFlush !== true) await this.flush('main');
    if (traits.rewritesFiles === true)
      for (const path of await files.paths()) {
        const file = await files.read(path);
        if (file !== undefined) await files.rewrite(path, file.content);
      }
    await this.activate(other);
    if (traits.resetsItself === 'at once') await this.power?.resetItself();
    if (traits.resetsItself === 'later')
      setTimeout(() => {
        this.end().then(
          () => this.power?.resetItself(),
          () => undefined,
        );
      }, 30);
    return prints('Installing done.');
  }

  private spoilable(): Spoilable {
    const main = () => this.disk('main');
    const place = (name: string) => offsetOf(name === 'A' ? 'A' : 'B');
    return {
      overwrite: async (slot, like) => {
        const content =
          like === undefined ? Buffer.alloc(slotBytes) : await main().read(place(like), slotBytes);
        await main().write(place(slot), content, false);
        await this.flush('main');
      },
      loseEnvironment: async () => {
        await this.disk('boot').write(0, Buffer.alloc(sector), false);
        await this.flush('boot');
      },
      environment: async () => {
        const { order, left } = await this.bootState();
        return `ORDER=${order.join(' ')}\nA_LEFT=${left.A}\nB_LEFT=${left.B}\n`;
      },
      // Nobody gives it any but values without sense.
      keepEnvironment: async () => {
        await this.disk('boot').write(0, Buffer.alloc(sector), false);
        await this.flush('boot');
      },
      mount: () => {
        this.mounted = true;
      },
      usedKiB: () => this.usedKiB,
      key: () => (this.traits.edges?.keyOfRelease === true ? this.release : 'key'),
      full: this.full,
      kill: () => this.installing.abort(),
    };
  }

  private get other(): Slot {
    return this.running === 'A' ? 'B' : 'A';
  }

  private async scribble(slot: Slot): Promise<void> {
    await this.disk('main').write(offsetOf(slot) + slotBytes - sector, Buffer.alloc(sector, 1), false);
    await this.flush('main');
  }

  private async emptyFiles(): Promise<void> {
    const files = new FileStore(this.disk('data'));
    for (const path of await files.paths()) await files.replace(path, Buffer.alloc(0));
  }

  /** A slot that is being written is not to be booted. */
  private async forbid(slot: Slot): Promise<void> {
    const state = await this.bootState();
    state.order = [this.running, slot];
    state.left[slot] = 0;
    await this.keepBootState(state);
  }

  private async giveTriesBack(running: Slot): Promise<void> {
    const state = await this.bootState();
    state.left[running === 'A' ? 'B' : 'A'] = triesAtFirst;
    await this.keepBootState(state);
  }

  private async activate(slot: Slot): Promise<void> {
    const state = await this.bootState();
    state.order = [slot, this.running];
    state.left[slot] = this.traits.tries ?? triesAtFirst;
    await this.keepBootState(state);
  }

  private async write(slot: Slot, content: Buffer): Promise<void> {
    const main = this.disk('main');
    const written = this.traits.patches === true ? await this.patched(slot, content) : content;
    for (let at = 0; at < content.length; at += chunkBytes) {
      await main.write(offsetOf(slot) + at, written.subarray(at, at + chunkBytes), false);
      const { pauseMs } = this.traits;
      if (pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** What a slot holds, changed as the release that runs would have to be. */
  private async patched(slot: Slot, content: Buffer): Promise<Buffer> {
    const [has, own] = await Promise.all(
      [slot, this.running].map((one) => this.disk('main').read(offsetOf(one), slotBytes)),
    );
    return content.map((byte, i) => byte ^ (has?.[i] ?? 0) ^ (own?.[i] ?? 0)) as Buffer;
  }

  private async bootState(): Promise<BootState> {
    const bytes = await this.disk('boot').read(0, sector);
    try {
      return JSON.parse(bytes.toString().replace(/\0+$/, '')) as BootState;
    } catch (error) {
      if (this.traits.copesWithoutState === true)
        return { order: ['A', 'B'], left: { A: triesAtFirst, B: triesAtFirst } };
      throw new DeviceFailure('kernel-panic', 'the boot loader finds no state', { cause: error });
    }
  }

  private async keepBootState(state: BootState): Promise<void> {
    await this.disk('boot').write(0, oneSector(state), false);
    await this.flush('boot');
  }

  private async load(slot: Slot): Promise<SlotHeader | undefined> {
    const bytes = await this.disk('main').read(offsetOf(slot), sector + kernelBytes);
    const header = headerOf(bytes);
    return header?.kernel === sha256(bytes.subarray(sector)) ? header : undefined;
  }

  private async flush(disk: string): Promise<void> {
    if (this.traits.neverFlushes !== true) await this.disk(disk).flush();
  }

  private disk(id: string): Disk {
    const disk = this.power?.disks.get(id);
    if (disk === undefined) throw new Error(`this machine has no disk ${id}`);
    if (this.traits.neverFlushes !== true) return disk;
    return { ...disk, flush: () => Promise.resolve() };
  }
}

/** Where a slot begins. */
export function offsetOf(slot: Slot): number {
  return slot === 'A' ? 0 : slotBytes;
}

function headerOf(bytes: Buffer): SlotHeader | undefined {
  try {
    return JSON.parse(bytes.toString('utf8', 0, sector).replace(/\0+$/, '')) as SlotHeader;
  } catch {
    return undefined;
  }
}

function oneSector(value: unknown): Buffer {
  const data = Buffer.alloc(sector);
  data.write(JSON.stringify(value));
  return data;
}
