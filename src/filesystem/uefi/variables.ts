import { guidText } from '../guid.ts';
import { Malformed, type Odd, odd, unlessMalformed } from '../malformed.ts';
import { checkFtwIdle, isErased, type VolumeLayout, volumeHeaderBytes, volumeLayout } from './volume.ts';

/** What EDK2's firmware makes of its variable store when it starts. */
export interface VariableStore {
  kind: 'variables';
  /** The variables that it finds, in the order of their records. */
  variables: readonly Variable[];
  /** Bytes for records, and how many of them records take, those of deleted variables too. */
  size: number;
  used: number;
  /** Free space is not erased, so that the firmware reclaims the space of deleted variables at its start. */
  reclaims: boolean;
  /** All that is neither a record nor erased: headers, event log, the queue of complete fault tolerant writes. */
  rest: Buffer;
}

/** Where the fields of a record's header are (MdeModulePkg/Include/Guid/VariableFormat.h). */
interface RecordFormat {
  headerBytes: number;
  nameSize: number;
  dataSize: number;
  guid: number;
}

const storeHeaderBytes = 28;
const formatted = 0x5a;
const healthy = 0xfe;
const plain: RecordFormat = { headerBytes: 32, nameSize: 8, dataSize: 12, guid: 16 };
const authenticated: RecordFormat = { headerBytes: 60, nameSize: 36, dataSize: 40, guid: 44 };
/** By the store's signature: gEfiVariableGuid, gEfiAuthenticatedVariableGuid. */
const formats = new Map([
  ['DDCF3616-3275-4164-98B6-FE85707FFE7D', plain],
  ['AAF32C78-947B-439A-A180-2E144EC37792', authenticated],
]);
const startId = 0x55aa;
const attributesAt = 4;

/** What a record's state says of it: bits are cleared one by one, and only in these orders. */
const states = new Map<number, 'begun' | 'header' | 'added' | 'in transition' | 'deleted'>([
  [0xff, 'begun'],
  [0x7f, 'header'],
  [0x3f, 'added'],
  [0x3e, 'in transition'],
  [0x3d, 'deleted'],
  [0x3c, 'deleted'],
]);

/** One variable as its record has it. */
class Variable {
  /** The record from behind its state on: all of its header that says something, name and data. */
  readonly stored: Buffer;
  private readonly format: RecordFormat;

  constructor(stored: Buffer, format: RecordFormat) {
    this.stored = stored;
    this.format = format;
  }

  get guid(): string {
    const at = this.at(this.format.guid);
    return guidText(this.stored.subarray(at, at + 16));
  }

  get name(): string {
    return this.stored.toString('utf16le', this.at(this.format.headerBytes), this.dataAt - 2);
  }

  get attributes(): number {
    return this.stored.readUInt32LE(this.at(attributesAt));
  }

  get data(): Buffer {
    return this.stored.subarray(this.dataAt);
  }

  private get dataAt(): number {
    return this.at(this.format.headerBytes) + this.stored.readUInt32LE(this.at(this.format.nameSize));
  }

  private at(offset: number): number {
    return offset - skippedBytes;
  }
}

/** StartId and State. */
const skippedBytes = 3;

/** A name's records that are not deleted. */
interface Found {
  added: Variable | undefined;
  inTransition: Variable | undefined;
}

/** Reads the variable store of OVMF's flash volume; Odd where it is not certain what the firmware makes of it. */
export function readVariableStore(bytes: Buffer): VariableStore | Odd {
  const layout = volumeLayout(bytes, bytes.length);
  if (layout === undefined) return odd('there is no volume of variables');
  return unlessMalformed(() => read(bytes, layout), odd);
}

function read(bytes: Buffer, layout: VolumeLayout): VariableStore {
  const { storeEnd, work, spare } = layout;
  checkFtwIdle(bytes, layout);
  const format = formats.get(guidText(bytes.subarray(volumeHeaderBytes, volumeHeaderBytes + 16)));
  if (format === undefined) throw new Malformed('the store has an unknown signature');
  if (bytes.readUInt32LE(volumeHeaderBytes + 16) !== storeEnd - volumeHeaderBytes)
    throw new Malformed('the store has another size');
  if (bytes[volumeHeaderBytes + 20] !== formatted || bytes[volumeHeaderBytes + 21] !== healthy)
    throw new Malformed('the store is not healthy');
  const start = volumeHeaderBytes + storeHeaderBytes;
  const { found, end } = walk(bytes.subarray(0, storeEnd), start, format);
  return {
    kind: 'variables',
    variables: effective(found),
    size: storeEnd - start,
    used: end - start,
    reclaims: reclaims(bytes, end, storeEnd),
    rest: Buffer.concat([
      bytes.subarray(0, start),
      bytes.subarray(storeEnd, work),
      bytes.subarray(work, spare),
    ]),
  };
}

/** Follows the records as FindVariableEx does (VariableParsing.c); `end` is where free space begins. */
function walk(
  store: Buffer,
  start: number,
  format: RecordFormat,
): { found: Map<string, Found>; end: number } {
  const found = new Map<string, Found>();
  let at = start;
  let someAdded = false;
  while (at + 2 <= store.length && store.readUInt16LE(at) === startId) {
    if (at + format.headerBytes > store.length) throw new Malformed('a header is cut off');
    const state = states.get(store.readUInt8(at + 2));
    if (state === undefined) throw new Malformed('a record has an unknown state');
    const end = at + recordBytes(store, at, state === 'begun', format);
    if (end > store.length) throw new Malformed('a record is cut off');
    if (state === 'added' || state === 'in transition') {
      someAdded ||= state === 'added';
      // Where names are enumerated, the first one is that of the first added variable.
      if (!someAdded) throw new Malformed('the first variable is in transition');
      note(
        found,
        nameOf(store, at, format),
        new Variable(store.subarray(at + skippedBytes, end), format),
        state,
      );
    }
    // HEADER_ALIGN: names and data are not padded on x86, records are.
    at = (end + 3) & ~3;
  }
  return { found, end: Math.min(at, store.length) };
}

/** How long a record is. One whose header is being programmed has neither name nor data for the firmware. */
function recordBytes(store: Buffer, at: number, begun: boolean, format: RecordFormat): number {
  if (begun) return format.headerBytes;
  const sizes = [format.nameSize, format.dataSize].map((field) => store.readUInt32LE(at + field));
  if ([...sizes, store.readUInt32LE(at + attributesAt)].includes(0xffffffff))
    throw new Malformed('a valid header is not complete');
  return sizes.reduce((sum, size) => sum + size, format.headerBytes);
}

/** The bytes of a record's GUID and name, which is terminated by its only NUL. */
function nameOf(store: Buffer, at: number, { headerBytes, nameSize, guid }: RecordFormat): string {
  const start = at + headerBytes;
  const bytes = store.readUInt32LE(at + nameSize);
  if (bytes < 4 || bytes % 2 !== 0) throw new Malformed('a variable has no proper name');
  for (let i = 0; i < bytes; i += 2)
    if ((store.readUInt16LE(start + i) === 0) !== (i === bytes - 2))
      throw new Malformed('the name of a variable does not end where it should');
  return store.toString('latin1', at + guid, start + bytes);
}

function note(
  found: Map<string, Found>,
  name: string,
  variable: Variable,
  state: 'added' | 'in transition',
): void {
  const known = found.get(name) ?? { added: undefined, inTransition: undefined };
  found.set(name, known);
  const field = state === 'added' ? 'added' : 'inTransition';
  if (known[field] !== undefined) throw new Malformed('a variable has two records of one state');
  known[field] = variable;
}

/** Of each name its added record, or else the one in transition: FindVariableEx, and Reclaim, which keeps this one. */
function effective(found: ReadonlyMap<string, Found>): Variable[] {
  const variables = [...found.values()].flatMap(({ added, inTransition }) => {
    // At runtime a variable is found by its attributes too.
    if (added !== undefined && inTransition !== undefined && added.attributes !== inTransition.attributes)
      throw new Malformed('two records of a variable have different attributes');
    const variable = added ?? inTransition;
    return variable === undefined ? [] : [variable];
  });
  return variables.sort((a, b) => a.stored.byteOffset - b.stored.byteOffset);
}

/** Whether VariableWriteServiceInitialize reclaims: a header's first byte is there, and its second is not. */
function reclaims(bytes: Buffer, end: number, storeEnd: number): boolean {
  if (isErased(bytes, end, storeEnd)) return false;
  if (bytes.readUInt8(end) !== (startId & 0xff) || !isErased(bytes, end + 1, storeEnd))
    throw new Malformed('there is something behind the last record');
  return true;
}

/**
 * Two stores with the same canonical form are the same to EDK2's firmware, and to whoever asks it for variables: the
 * same variables in the same order (look-ups hang on names only, enumeration on the order too), headers included.
 *
 * Left out is what only a reclaim looks at, which keeps what a look-up finds: deleted records, records that were never
 * finished, and which of the two records of an update is meant.
 *
 * When the firmware reclaims hangs on how much of the store is used: before it boots where less is free than the
 * largest variable takes (10 KiB of a small store, 33 KiB of a large one), and where a new record does not fit. As
 * long as more than half is free (28 KiB, 128 KiB), no boot comes near that: each takes 3.5 KiB, except a device's
 * first. Then the use is left out, or else each record that is begun would make another store. Beyond, it is part of
 * the form. The firmware also reclaims where free space is not erased: that is part of the form always.
 *
 * Variables that differ from one boot to the next are part of it too: nothing here says what reads the monotonic count.
 */
export function canonicalVariables({ variables, size, used, reclaims, rest }: VariableStore): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(2 * used < size ? 0 : used);
  head.writeUInt32LE(reclaims ? 1 : 0, 4);
  return Buffer.concat([head, rest, ...variables.map(({ stored }) => stored)]);
}
