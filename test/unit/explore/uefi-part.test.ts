import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { Cells } from '../../../src/explore/cells.ts';
import { Contents } from '../../../src/explore/contents.ts';
import { LiveState } from '../../../src/explore/live-state.ts';
import { Space } from '../../../src/explore/space.ts';
import { uefiParts } from '../../../src/explore/uefi-part.ts';
import { bufferView } from '../../../src/filesystem/view.ts';
import { WriteLog } from '../../../src/writelog/log.ts';
import { emptyStore, queueWrite, smallVolume, VariableFirmware } from '../filesystem/small-uefi.ts';

const sectorBytes = 512;
const cache = 'writethrough' as const;

/** A device whose only disk is flash, and what its firmware programs into it. */
class Recording {
  readonly base: Buffer;
  readonly flash: Buffer;
  readonly firmware: VariableFirmware;
  private readonly written: Buffer[] = [];
  private readonly log: WriteLog;

  constructor() {
    this.base = emptyStore();
    new VariableFirmware(this.base).set({ name: 'Lang', data: Buffer.from('eng') });
    new VariableFirmware(this.base).set({ name: 'Timeout', data: Buffer.from('0') });
    this.flash = Buffer.from(this.base);
    this.log = new WriteLog([{ id: 'vars', cache, sectors: this.base.length / sectorBytes }]);
    this.firmware = new VariableFirmware(this.flash, 'authenticated', (at) => this.write(at));
  }

  /** QEMU writes the whole sector of a byte that is programmed. */
  write(at: number): void {
    const sector = Math.floor(at / sectorBytes);
    this.written.push(Buffer.from(this.flash.subarray(sector * sectorBytes, (sector + 1) * sectorBytes)));
    this.log.complete(this.log.issue(0, 'write', sector, 1, false, this.writes - 1));
  }

  get writes(): number {
    return this.written.length;
  }

  /** Everything that a space is made from. */
  get world() {
    const written = {
      sectors: this.written.length,
      read: (sector: number, count: number) => Buffer.concat(this.written.slice(sector, sector + count)),
    };
    const contents = new Contents(written, [bufferView(this.base)]);
    const cells = new Cells(contents, [this.base.length / sectorBytes]);
    const parts = uefiParts([bufferView(this.base)], [{ cache }], cells, contents);
    return { contents, cells, parts };
  }

  get space(): Space {
    const windows = [{ upgrade: 0, phase: 'install' as const, from: 0, to: this.log.now }];
    return new Space({ log: this.log, windows, kinds: ['prefix'], random: new Random('x'), ...this.world });
  }
}

/** What each position of the axis of all prefixes differs in. */
function statesOf(space: Space): string[] {
  const { axis } = space.line('head');
  const cells = Array.from({ length: space.cells.count }, (_, cell) => cell);
  return Array.from({ length: axis.length }, (_, position) =>
    cells.map((cell) => axis.contentAt(cell, position)).join(),
  );
}

describe('uefiParts', () => {
  it('makes states of equal variables one state', () => {
    const recording = new Recording();
    recording.firmware.set({ name: 'Timeout', data: Buffer.from('5') });
    recording.firmware.set({ name: 'Timeout', data: Buffer.from('0') });
    const states = statesOf(recording.space);
    expect(recording.writes).toBe(states.length - 1);
    expect(recording.writes).toBeGreaterThan(100);
    // Timeout 0, Timeout 5, and both of them where the firmware would reclaim.
    expect(new Set(states).size).toBe(4);
    expect(states.at(-1)).toBe(states[0]);
  });

  it('lets a boot of one state decide those with the same variables, and no others', () => {
    const recording = new Recording();
    recording.firmware.set({ name: 'Timeout', data: Buffer.from('5') });
    const { space } = recording;
    const last = { axis: 'head' as const, position: recording.writes };
    const everySector = Array.from({ length: smallVolume.bytes / sectorBytes }, (_, sector) => sector);
    const read = space.cellsRead(
      (cell) => space.contentIn(last, cell),
      [{ recovered: everySector, raw: [] }],
    );
    const counts = space.mismatches('head', read);
    const agreeing = [...counts.keys()].filter((position) => counts[position] === 0);
    // The last byte but one makes the new record valid, the last one deletes the old.
    expect(agreeing.filter((position) => position <= recording.writes)).toEqual([
      recording.writes - 1,
      recording.writes,
    ]);
  });

  it('compares sector by sector what has no canonical form', () => {
    const recording = new Recording();
    queueWrite(recording.flash, 0xfc);
    recording.write(smallVolume.work);
    for (const at of [smallVolume.spare, smallVolume.spare + 512, smallVolume.spare + 1024]) {
      recording.flash.writeUInt8(0, at);
      recording.write(at);
    }
    expect(new Set(statesOf(recording.space)).size).toBe(5);
  });

  it('gives a state the same contents however it is reached', () => {
    const recording = new Recording();
    recording.firmware.set({ name: 'Timeout', data: Buffer.from('5') });
    const { space } = recording;
    for (const position of [1, 40, recording.writes - 1, recording.writes]) {
      const ref = { axis: 'head' as const, position };
      const whole = space.contentsOf(space.crashState(ref));
      for (let cell = 0; cell < space.cells.count; cell += 1)
        expect(whole[cell]).toBe(space.contentIn(ref, cell));
    }
  });

  it('takes the sectors as they are again once a fault tolerant write begins, and leaves them when it ends', () => {
    const recording = new Recording();
    const { contents, cells, parts } = recording.world;
    const live = new LiveState(cells, parts);
    const [part] = parts;
    const cell = cells.of(0, smallVolume.work / sectorBytes);
    const before = live.snapshot();
    const put = (state: number) => {
      const flash = Buffer.from(recording.base);
      if (state !== 0xff) queueWrite(flash, state);
      live.put(cell, contents.numberOf(flash.subarray(smallVolume.work, smallVolume.work + sectorBytes)));
      live.settle(() => undefined);
      return live.snapshot();
    };
    const pending = put(0xfc);
    expect(pending[part!.readingCell]).not.toBe(before[part!.readingCell]);
    expect(pending[cells.of(0, 0)]).toBe(contents.baseAt(0, 0));
    expect(before[cells.of(0, 0)]).toBe(0);
    expect(put(0xff)).toEqual(before);
  });

  it('leaves other disks alone', () => {
    const { contents, cells } = new Recording().world;
    const view = bufferView(emptyStore());
    expect(uefiParts([view], [{ cache: 'writeback' }], cells, contents)).toEqual([]);
    expect(uefiParts([bufferView(Buffer.alloc(0))], [{ cache }], cells, contents)).toEqual([]);
    expect(uefiParts([bufferView(Buffer.alloc(1 << 18, 0xff))], [{ cache }], cells, contents)).toEqual([]);
  });
});
