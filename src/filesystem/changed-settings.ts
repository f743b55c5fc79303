import { readBootEnvironment } from './boot-environment.ts';
import { partitionTable } from './partitions/gpt.ts';
import type { Partition } from './partitions/partition.ts';
import { readVariableStore } from './uefi/variables.ts';
import type { DiskView } from './view.ts';

/** Changes that are named one by one. */
const mostNamed = 4;
/** Letters of a value that are shown. */
const mostLetters = 40;

/**
 * What new bytes change in a boot loader's environment, by its variables: `BOOT_ORDER from "A B" to "B A"`. Undefined where
 * the new bytes are none whose checksum holds; where the old ones are none, all variables are new.
 */
export function environmentChanges(before: Buffer, after: Buffer): string | undefined {
  const now = readBootEnvironment(after)?.variables;
  if (now === undefined) return undefined;
  const old = readBootEnvironment(before)?.variables ?? new Map<string, string>();
  const names = [...new Set([...old.keys(), ...now.keys()])].filter(
    (name) => old.get(name) !== now.get(name),
  );
  return listText(names.map((name) => valueText(name, old.get(name), now.get(name))));
}

/** What differs between the partition tables of two states of a disk, by partitions; undefined where nothing does. */
export function tableChanges(before: DiskView, after: DiskView): string | undefined {
  const [old, now] = [before, after].map((view) => partitionTable(view).partitions);
  const numbers = [...new Set([...(old ?? []), ...(now ?? [])].map(({ index }) => index))].sort(
    (a, b) => a - b,
  );
  const changes = numbers.flatMap((number) => {
    const [from, to] = [old, now].map((list) => list?.find(({ index }) => index === number));
    const text = partitionText(from, to);
    return text === undefined ? [] : [`partition ${number}${text}`];
  });
  return changes.length === 0 ? undefined : listText(changes);
}

function partitionText(from: Partition | undefined, to: Partition | undefined): string | undefined {
  if (from === undefined) return to === undefined ? undefined : ` ${quoted(to.name)} is new`;
  if (to === undefined) return ` ${quoted(from.name)} is gone`;
  if (from.name !== to.name) return ` is called ${quoted(to.name)}, not ${quoted(from.name)}`;
  if (from.typeGuid !== to.typeGuid) return ` ${quoted(to.name)} has another type`;
  return from.offset !== to.offset || from.bytes !== to.bytes
    ? ` ${quoted(to.name)} lies elsewhere`
    : undefined;
}

/** What differs between the UEFI variables of two states of a flash, by their names; undefined where nothing does. */
export function firmwareChanges(before: Buffer, after: Buffer): string | undefined {
  const [old, now] = [before, after].map((bytes) => {
    const store = readVariableStore(bytes);
    return store.kind === 'variables'
      ? new Map(store.variables.map((one) => [`${one.guid} ${one.name}`, one]))
      : undefined;
  });
  if (old === undefined || now === undefined) return undefined;
  const keys = [...new Set([...old.keys(), ...now.keys()])];
  const changes = keys.flatMap((key) => {
    const [from, to] = [old.get(key), now.get(key)];
    const name = quoted((to ?? from)?.name ?? '');
    if (from === undefined) return [`${name} is new`];
    if (to === undefined) return [`${name} is gone`];
    if (from.stored.equals(to.stored)) return [];
    const [was, is] = [from, to].map(({ data }) => textOf(data));
    return [
      `${name} ${was === undefined || is === undefined || was === is ? 'has another value' : `is ${quoted(is)}, not ${quoted(was)}`}`,
    ];
  });
  return changes.length === 0 ? undefined : listText(changes);
}

/** The text that a variable is, as UEFI has texts: UTF-16 with a zero at its end; undefined where it is none. */
function textOf(data: Buffer): string | undefined {
  const text = data.toString('utf16le');
  return data.length % 2 === 0 && /^\P{C}+\0$/u.test(text) ? text.slice(0, -1) : undefined;
}

function valueText(name: string, from: string | undefined, to: string | undefined): string {
  if (from === undefined) return `${name} as ${quoted(to ?? '')}`;
  return to === undefined ? `${name} removed` : `${name} from ${quoted(from)} to ${quoted(to)}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > mostLetters ? `${text.slice(0, mostLetters - 3)}...` : text);
}

/** The first few changes, and how many more there are. */
export function listText(changes: readonly string[]): string {
  if (changes.length === 0) return 'no variable';
  const more = changes.length > mostNamed ? [`${changes.length - mostNamed} more`] : [];
  return [...changes.slice(0, mostNamed), ...more].join(', ');
}
