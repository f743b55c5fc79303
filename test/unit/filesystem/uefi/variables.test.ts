import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalVariables, readVariableStore } from '../../../../src/filesystem/uefi/variables.ts';
import {
  emptyStore,
  fields,
  queueWrite,
  type StoreFormat,
  smallVolume,
  VariableFirmware,
} from '../small-uefi.ts';

const { storeEnd, records, work, spare } = smallVolume;

function read(bytes: Buffer) {
  const store = readVariableStore(bytes);
  if (store.kind === 'odd') throw new Error(store.why);
  return store;
}

const formOf = (bytes: Buffer) => canonicalVariables(read(bytes)).toString('latin1');
const readable = (bytes: Buffer) =>
  read(bytes).variables.map(({ name, guid, attributes, data }) => ({
    name,
    guid,
    attributes,
    data: data.toString(),
  }));

/** A store with two variables, of which the second was set twice. */
function smallStore(format: StoreFormat = 'authenticated'): Buffer {
  const firmware = new VariableFirmware(emptyStore(format), format);
  firmware.set({ name: 'Lang', data: Buffer.from('eng') });
  firmware.set({ name: 'BootOrder', data: Buffer.from('0'), attributes: 3 });
  firmware.set({ name: 'BootOrder', data: Buffer.from('01'), attributes: 3 });
  return firmware.bytes;
}

/** The canonical form after each byte that `change` programs into a store, runs of equal ones as one. */
function formsDuring(bytes: Buffer, change: (firmware: VariableFirmware) => void): string[] {
  const forms = [formOf(bytes)];
  const firmware = new VariableFirmware(bytes, 'authenticated', () => {
    const form = formOf(bytes);
    if (form !== forms.at(-1)) forms.push(form);
  });
  change(firmware);
  return forms;
}

describe('readVariableStore', () => {
  it.each(['plain', 'authenticated'] as const)('reads the valid variables of a store (%s)', (format) => {
    const guid = '00000001-0000-0000-0000-000000000000';
    expect(readable(smallStore(format))).toEqual([
      { name: 'Lang', guid, attributes: 7, data: 'eng' },
      { name: 'BootOrder', guid, attributes: 3, data: '01' },
    ]);
    expect(read(smallStore(format))).toMatchObject({ reclaims: false, size: storeEnd - records });
    expect(read(emptyStore(format))).toMatchObject({ variables: [], used: 0 });
  });

  it('tells variables apart by their GUID', () => {
    const firmware = new VariableFirmware(emptyStore());
    firmware.set({ name: 'A', data: Buffer.from('1') });
    firmware.set({ name: 'A', data: Buffer.from('2'), guid: 2 });
    expect(readable(firmware.bytes).map(({ data }) => data)).toEqual(['1', '2']);
  });

  const first = records;
  const second = records + 60 + 10 + 3 + 3;
  it.each<[string, (bytes: Buffer) => void]>([
    ['another signature of the volume', (bytes) => bytes.write('_FVX', 40)],
    ['a wrong checksum of the volume', (bytes) => bytes.writeUInt8(1, 45)],
    ['another length of the volume', (bytes) => bytes.writeUInt32LE(0x30000, 32)],
    ['another signature of the store', (bytes) => bytes.writeUInt8(0, 0x48)],
    ['another size of the store', (bytes) => bytes.writeUInt32LE(0x1000, 0x58)],
    ['a store that is not healthy', (bytes) => bytes.writeUInt8(0xff, 0x5d)],
    ['a state that no update leaves', (bytes) => bytes.writeUInt8(0x7d, first + 2)],
    ['a record beyond the end', (bytes) => bytes.writeUInt32LE(storeEnd, first + fields.data)],
    ['sizes that overflow', (bytes) => bytes.writeUInt32LE(0xfffffffe, first + fields.name)],
    ['an incomplete header that is valid', (bytes) => bytes.writeUInt32LE(0xffffffff, first + fields.data)],
    ['a name without an end', (bytes) => bytes.writeUInt16LE(65, first + 60 + 8)],
    ['a name that ends early', (bytes) => bytes.writeUInt16LE(0, first + 60 + 2)],
    ['a name of half a character', (bytes) => bytes.writeUInt32LE(9, first + fields.name)],
    ['a first variable in transition', (bytes) => bytes.writeUInt8(0x3e, first + 2)],
    ['two valid records of a name', (bytes) => bytes.writeUInt8(0x3f, second + 2)],
    ['other attributes in transition', (bytes) => bytes.write('3e0007', second + 2, 'hex')],
    ['something far behind the records', (bytes) => bytes.writeUInt8(0xaa, storeEnd - 1)],
    [
      'something behind the records that is no header',
      (bytes) => bytes.writeUInt8(0xab, read(bytes).used + records),
    ],
    ['a working block with a wrong checksum', (bytes) => bytes.writeUInt8(0, work + 16)],
    ['a working block being reclaimed', (bytes) => bytes.writeUInt8(0xff, work + 20)],
    ['a fault tolerant write that is allocated', (bytes) => queueWrite(bytes, 0xfc)],
    ['a header of a fault tolerant write', (bytes) => bytes.writeUInt8(0xfe, work + 32)],
    ['something behind the queue', (bytes) => bytes.writeUInt8(0, spare - 1)],
    [
      'more writes than fit',
      (bytes) => {
        queueWrite(bytes, 0xf8);
        bytes.writeBigUInt64LE(0xffffffffffffffffn, work + 32 + 24);
      },
    ],
    ['a spare area in use', (bytes) => bytes.writeUInt8(0, spare + 4096)],
  ])('does not vouch for %s', (_, damage) => {
    const bytes = smallStore();
    damage(bytes);
    expect(readVariableStore(bytes).kind).toBe('odd');
  });

  it('does not vouch for a volume that is cut off, or is none', () => {
    expect(readVariableStore(smallStore().subarray(0, -1)).kind).toBe('odd');
    expect(readVariableStore(Buffer.alloc(1 << 16)).kind).toBe('odd');
    expect(readVariableStore(Buffer.alloc(0)).kind).toBe('odd');
  });

  it('agrees with a look-up by the firmware, whatever bytes are damaged', () => {
    const place = fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: records + 400 }) },
      { weight: 1, arbitrary: fc.integer({ min: work, max: work + 200 }) },
    );
    const value = fc.oneof(fc.constantFrom(0, 0x3c, 0x3d, 0x3e, 0x3f, 0x7f, 0xaa, 0xff), fc.nat(255));
    fc.assert(
      fc.property(fc.array(fc.tuple(place, value), { minLength: 1, maxLength: 6 }), (damage) => {
        const bytes = smallStore();
        for (const [at, byte] of damage) bytes.writeUInt8(byte, at);
        const store = readVariableStore(bytes);
        if (store.kind === 'odd') return;
        const firmware = new VariableFirmware(bytes);
        expect(store.used).toBe(firmware.records().end - records);
        for (const name of ['Lang', 'BootOrder']) {
          const guid = '00000001-0000-0000-0000-000000000000';
          const variable = store.variables.find((other) => other.name === name && other.guid === guid);
          expect(variable?.data).toEqual(firmware.get(name));
        }
      }),
      { numRuns: 3000 },
    );
  });
});

const newOrder = { name: 'BootOrder', data: Buffer.from('2'), attributes: 3 };

describe('canonicalVariables', () => {
  it('changes once where a variable is set again, byte by byte', () => {
    const bytes = smallStore();
    const forms = formsDuring(bytes, (firmware) => firmware.set(newOrder));
    // The header's first byte alone makes the firmware reclaim.
    const [before, begun, after] = [forms[0], forms[1], forms[3]];
    expect(forms).toEqual([before, begun, before, after]);
    expect(new Set(forms).size).toBe(3);
  });

  it('changes once where a variable is new, and once where one is removed', () => {
    const bytes = smallStore();
    const before = formOf(bytes);
    const added = formsDuring(bytes, (firmware) => firmware.set({ name: 'New', data: Buffer.from('x') }));
    expect(added).toEqual([before, added[1], before, added[3]]);
    expect(formsDuring(bytes, (firmware) => firmware.remove('New'))).toEqual([added[3], before]);
  });

  it('is the old one until the new one is valid, and so is what the firmware finds', () => {
    const bytes = smallStore();
    const old = formOf(bytes);
    const firmware = new VariableFirmware(bytes, 'authenticated', () => {
      const { reclaims, variables } = read(bytes);
      const found = new VariableFirmware(bytes).get('BootOrder')?.toString();
      expect(variables.find(({ name }) => name === 'BootOrder')?.data.toString()).toBe(found);
      if (!reclaims) expect(formOf(bytes) === old).toBe(found === '01');
    });
    firmware.set(newOrder);
    expect(formOf(bytes)).not.toBe(old);
  });

  it('is the same after an update that was cut off and made again', () => {
    const whole = smallStore();
    new VariableFirmware(whole).set(newOrder);
    let steps = 0;
    new VariableFirmware(smallStore(), 'authenticated', () => {
      steps += 1;
    }).set(newOrder);
    for (let cut = 1; cut < steps; cut += 1) {
      const bytes = smallStore();
      let left = cut;
      const stop = new Error('cut');
      const firmware = new VariableFirmware(bytes, 'authenticated', () => {
        left -= 1;
        if (left === 0) throw stop;
      });
      expect(() => firmware.set(newOrder)).toThrow(stop);
      if (read(bytes).reclaims) continue;
      new VariableFirmware(bytes).set(newOrder);
      expect(formOf(bytes)).toBe(formOf(whole));
    }
  });

  it('says how much is used only where less than half is free', () => {
    const filled = (bytes: number) => {
      const firmware = new VariableFirmware(smallStore());
      firmware.set({ name: 'Filler', data: Buffer.alloc(bytes) });
      firmware.remove('Filler');
      return firmware.bytes;
    };
    expect(formOf(filled(20_000))).toBe(formOf(smallStore()));
    expect(formOf(filled(40_000))).not.toBe(formOf(smallStore()));
    expect(formOf(filled(40_000))).not.toBe(formOf(filled(40_004)));
  });

  it('tells contents, attributes, order and the queue of complete writes apart', () => {
    const inOrder = (...names: string[]) => {
      const firmware = new VariableFirmware(emptyStore());
      for (const name of names) firmware.set({ name, data: Buffer.from(name) });
      return firmware.bytes;
    };
    const queued = smallStore();
    queueWrite(queued, 0xf8);
    const counted = smallStore();
    counted.writeUInt8(1, records + 8);
    const forms = [inOrder('A', 'B'), inOrder('B', 'A'), smallStore(), queued, counted].map(formOf);
    expect(new Set(forms).size).toBe(forms.length);
  });

  it('does not hang on deleted records and unfinished ones', () => {
    const bytes = smallStore();
    const form = formOf(bytes);
    bytes.fill(0x12, records + 60 + 10 + 3 + 3 + 60, records + 60 + 10 + 3 + 3 + 60 + 20);
    expect(formOf(bytes)).toBe(form);
  });
});
