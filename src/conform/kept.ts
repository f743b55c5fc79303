import { createHash } from 'node:crypto';
import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import { readSha256Line } from '../core/sha256-line.ts';
import type { Subject } from '../device/observe.ts';
import type { RunContext } from '../device/run-context.ts';
import { readBootEnvironment } from '../filesystem/boot-environment.ts';
import type { ImagePlaces } from '../model/image.ts';
import type { Disk } from '../nbd/disk.ts';
import { showing } from './setting.ts';
import { doOn, slotsOf } from './slots.ts';

/**
 * What must be as it was. `slot that ran`, `other slot`: their bytes, read by the host. `environment`: the boot loader's
 * variables. `identity`: who the device is to others. `room`: what its boot partition and its owner's have in use. `setting`:
 * the file of which the scenario says that owners change it. `boot`: which start of its kernel it is.
 */
export type Kept = 'slot that ran' | 'other slot' | 'environment' | 'identity' | 'room' | 'setting' | 'boot';

/** What of a context something is noted by. */
type Noting = Pick<RunContext, 'manifest' | 'signal'> & {
  scenario: Pick<RunContext['scenario'], 'conformance'>;
};

const chunkBytes = 1 << 20;
const sectorBytes = 512;
/** What logs and indexes may grow by, in KiB, where nothing is left behind. */
const growsKiB = 1024;

const slotKinds: readonly Kept[] = ['slot that ran', 'other slot'];

/** What a device has been noted to have, by name; absent where it cannot be read. */
export type Noted = ReadonlyMap<Kept, ReadonlyMap<string, string>>;

/** Reads what is asked for, where it can be read; of slots both. */
export async function note(
  context: Noting,
  device: Shell,
  { disks }: Pick<Subject, 'disks'>,
  wanted: readonly Kept[],
): Promise<Noted> {
  const noted = new Map<Kept, ReadonlyMap<string, string>>();
  // What the device has not written yet the host would not see.
  await doOn(context, device, 'sync');
  const isAboutSlots = wanted.some(isSlot);
  for (const what of new Set([...wanted, ...(isAboutSlots ? slotKinds : [])])) {
    const values = await valuesOf(context, device, disks, what);
    if (values !== undefined && values.size > 0) noted.set(what, values);
  }
  return noted;
}

async function valuesOf(
  context: Noting,
  device: Shell,
  disks: ReadonlyMap<string, Disk>,
  what: Kept,
): Promise<ReadonlyMap<string, string> | undefined> {
  const { slots, places = {} } = context.manifest;
  switch (what) {
    case 'slot that ran':
    case 'other slot': {
      if (slots.length !== 2) return undefined;
      const { running } = await slotsOf(context, device);
      const slot = slots.find(({ root }) => (root === running) === (what === 'slot that ran'));
      const disk = disks.get(slot?.disk ?? '');
      if (slot === undefined || disk === undefined) return undefined;
      return new Map([[slot.name, await digest(disk, slot.offset, slot.length)]]);
    }
    case 'environment':
      return environmentOf(context, device, places.environment ?? []);
    case 'identity':
      return new Map(
        (await doOn(context, device, identityCommand)).split('\n').flatMap((line): [string, string][] => {
          const read = readSha256Line(line);
          return read === undefined ? [] : [[read.name, read.sha256]];
        }),
      );
    case 'setting': {
      const path = context.scenario.conformance?.setting;
      return path === undefined
        ? undefined
        : new Map([[path, (await doOn(context, device, showing(path))).trim()]]);
    }
    case 'boot':
      return new Map([
        ['boot id', (await doOn(context, device, 'cat /proc/sys/kernel/random/boot_id')).trim()],
      ]);
    case 'room': {
      const used = new Map<string, string>();
      for (const folder of [places.boot, places.data]) {
        if (folder === undefined) continue;
        const line = await doOn(context, device, `df -P -k ${quote(folder)} | tail -n 1`);
        used.set(folder, line.trim().split(/\s+/)[2] ?? '');
      }
      return used;
    }
  }
}

/** By name, of each copy. */
async function environmentOf(
  context: Pick<RunContext, 'signal'>,
  device: Shell,
  places: NonNullable<ImagePlaces['environment']>,
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  for (const [position, place] of places.entries()) {
    const bytes = await environmentBytes(context, device, place);
    const known = readBootEnvironment(bytes)?.variables ?? new Map([['', bytes.toString('latin1')]]);
    for (const [name, value] of known) values.set(`${position} ${name}`, value);
  }
  return values;
}

/** All bytes of one copy of a device's environment. */
export async function environmentBytes(
  context: Pick<RunContext, 'signal'>,
  device: Shell,
  { path, offset = 0, bytes }: NonNullable<ImagePlaces['environment']>[number],
): Promise<Buffer> {
  const part =
    bytes === undefined ? '' : ` bs=${sectorBytes} skip=${offset / sectorBytes} count=${bytes / sectorBytes}`;
  const text = await doOn(context, device, `dd if=${quote(path)}${part} 2>/dev/null | base64`);
  return Buffer.from(text, 'base64');
}

/** Those files of the device that are there, with their SHA-256. */
const identityCommand =
  'for one in /etc/machine-id /etc/ssh/ssh_host_*_key /etc/dropbear/*_host_key; do [ -f "$one" ] && sha256sum "$one"; done; true';

/**
 * Throws DeviceFailure `slot-written`, `environment-changed`, `identity-lost`, `room-lost`, `setting-lost`, `install-disturbed` where something is not as it was
 * noted. Returns what could not be compared. A slot is compared by its name: after an upgrade the slot that ran is the other one.
 */
export function assertSame(before: Noted, now: Noted, what: readonly Kept[]): Kept[] {
  const unread: Kept[] = [];
  for (const one of what) {
    const known = before.get(one);
    if (known === undefined) {
      unread.push(one);
      continue;
    }
    const found = isSlot(one) ? slotsIn(now) : (now.get(one) ?? new Map<string, string>());
    const differing = [...new Set([...known.keys(), ...(isSlot(one) ? [] : found.keys())])].filter(
      (name) => !isAlike(one, known.get(name), found.get(name)),
    );
    const [first] = differing;
    if (first === undefined) continue;
    const list = differing.slice(0, 5).map((name) => (isSlot(one) ? name : changeText(name, known, found)));
    throw failures[one](list.join(', '));
  }
  return unread;
}

/** Throws DeviceFailure `setting-stale` where the setting is what was noted, though nobody had changed it. */
export function assertRenewed(before: Noted, now: Noted): void {
  const [found] = now.get('setting') ?? [];
  if (found === undefined || before.get('setting')?.get(found[0]) !== found[1]) return;
  throw new DeviceFailure(
    'setting-stale',
    `nobody has changed ${found[0]}, and it is still what the release before shipped: ${found[1].slice(0, 80)}`,
  );
}

const failures: Record<Kept, (list: string) => DeviceFailure> = {
  'slot that ran': (list) => new DeviceFailure('slot-written', `the slot that ran was written to: ${list}`),
  'other slot': (list) =>
    new DeviceFailure('slot-written', `a slot was written to, though nothing was to be installed: ${list}`),
  environment: (list) =>
    new DeviceFailure('environment-changed', `the boot loader's environment is not what it was: ${list}`),
  identity: (list) =>
    new DeviceFailure('identity-lost', `the device is not known to others any more as what it was: ${list}`),
  setting: (list) => new DeviceFailure('setting-lost', `what the owner made of a file is lost: ${list}`),
  boot: (list) => new DeviceFailure('install-disturbed', `the device has started anew: ${list}`),
  room: (list) => new DeviceFailure('room-lost', `more than ${growsKiB} KiB were left behind: ${list}`),
};

function isSlot(what: Kept): boolean {
  return slotKinds.includes(what);
}

/** Both slots, whichever runs now. */
function slotsIn(noted: Noted): ReadonlyMap<string, string> {
  return new Map([...(noted.get('slot that ran') ?? []), ...(noted.get('other slot') ?? [])]);
}

function isAlike(what: Kept, before: string | undefined, now: string | undefined): boolean {
  if (what !== 'room') return before === now;
  return Number(now) - Number(before) <= growsKiB;
}

function changeText(
  name: string,
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): string {
  const value = (one: string | undefined) =>
    one === undefined ? 'absent' : JSON.stringify(one.slice(0, 40));
  return `${name.replace(/^\d+ /, '')} was ${value(before.get(name))}, is ${value(now.get(name))}`;
}

async function digest(disk: Disk, offset: number, length: number): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < length; at += chunkBytes)
    hash.update(await disk.read(offset + at, Math.min(chunkBytes, length - at)));
  return hash.digest('hex');
}
