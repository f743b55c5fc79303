import fc from 'fast-check';
import { Random } from '../../../src/core/random.ts';
import { Cells } from '../../../src/explore/cells.ts';
import { Contents } from '../../../src/explore/contents.ts';
import type { Interpreter } from '../../../src/explore/interpretation.ts';
import { Space } from '../../../src/explore/space.ts';
import type { StateRef } from '../../../src/explore/states.ts';
import { bufferView } from '../../../src/filesystem/view.ts';
import { type StateKind, stateKinds } from '../../../src/model/scenario.ts';
import { type CrashState, stateMaps } from '../../../src/writelog/crash-state.ts';
import { sectorBytes, WriteLog } from '../../../src/writelog/log.ts';
import { zeroed } from '../../../src/writelog/sector-map.ts';
import { idleMark, windowMark, windowsOf } from '../../../src/writelog/windows.ts';
import { arbitraryLogOf } from '../writelog/arbitrary-log.ts';

/** Sectors of the two disks; neither ends with a whole block of 4 KiB. */
export const diskSectors = [36, 20] as const;

/** A log with the few different contents that its writes and disks are made of: 0 is a sector of zeros. */
export interface MadeUp {
  log: WriteLog;
  /** By position in the arena. */
  written: Uint8Array;
  /** By disk and sector. */
  bases: readonly [Uint8Array, Uint8Array];
}

export function sectorOf(tag: number): Buffer {
  return Buffer.alloc(sectorBytes).fill(tag === 0 ? '\0' : `sector ${tag} `);
}

function bytesOfTags(tags: Uint8Array): Buffer {
  return Buffer.concat(Array.from(tags, sectorOf));
}

/** Logs over two steps of an upgrade with pauses between, and what was written. */
export const madeUp: fc.Arbitrary<MadeUp> = fc
  .record({
    log: arbitraryLogOf({
      sectors: diskSectors,
      marks: ['0/install', '0/confirm', '1/install', 'idle'],
      haste: 8,
      maxLength: 45,
      size: 'max',
    }),
    wide: fc.boolean(),
    seed: fc.nat(),
  })
  .map(({ log, wide, seed }) => {
    if (wide) log.marks.unshift({ at: 0, name: '0/install' });
    const random = new Random(seed);
    const tags = (count: number) => Uint8Array.from({ length: count }, () => random.int(4));
    const sectors = log.records.reduce((sum, { kind, count }) => sum + (kind === 'write' ? count : 0), 0);
    return { log, written: tags(sectors), bases: [tags(diskSectors[0]), tags(diskSectors[1])] };
  });

/** A request of a made-up history: tags written to consecutive sectors of the first disk, or a flush; or a new step. */
export type Request = { sector: number; tags: readonly number[] } | 'flush' | 'next upgrade';

/** A log whose requests complete one after the other, over disks of zeros. */
export function historyOf(requests: readonly Request[]): MadeUp {
  const log = new WriteLog(
    diskSectors.map((sectors, disk) => ({ id: `disk ${disk}`, sectors, cache: 'writeback' })),
  );
  const written: number[] = [];
  let step = 0;
  log.mark(windowMark(step, 'install'));
  for (const request of requests) {
    if (request === 'next upgrade') log.mark(windowMark((step += 1), 'install'));
    else if (request === 'flush') log.complete(log.issue(0, 'flush', 0, 0, false));
    else {
      const { sector, tags } = request;
      log.complete(log.issue(0, 'write', sector, tags.length, false, written.length));
      written.push(...tags);
    }
  }
  log.mark(idleMark);
  const [main, second] = diskSectors;
  return { log, written: Uint8Array.from(written), bases: [new Uint8Array(main), new Uint8Array(second)] };
}

/** What a space is made of besides its log. */
export interface Parts {
  contents: Contents;
  cells: Cells;
}

function partsOf({ written, bases }: MadeUp): Parts {
  const arena = bytesOfTags(written);
  const contents = new Contents(
    {
      sectors: written.length,
      read: (sector, count) => arena.subarray(sector * sectorBytes, (sector + count) * sectorBytes),
    },
    bases.map((tags) => bufferView(bytesOfTags(tags))),
  );
  return {
    contents,
    cells: new Cells(
      contents,
      bases.map(({ length }) => length),
    ),
  };
}

export function spaceOf(
  made: MadeUp,
  {
    kinds = stateKinds,
    interpreters = () => [],
  }: { kinds?: readonly StateKind[]; interpreters?: (parts: Parts) => Interpreter[] } = {},
): Space {
  const parts = partsOf(made);
  return new Space({
    log: made.log,
    windows: windowsOf(made.log),
    kinds,
    ...parts,
    parts: interpreters(parts),
    random: new Random('states'),
  });
}

/** The tags of all sectors of all disks in a state, by the write log alone. */
export function tagsIn({ log, written, bases }: MadeUp, state: CrashState): Uint8Array[] {
  return stateMaps(log, state).map((map, disk) =>
    Uint8Array.from(map, (source, sector) => {
      if (source === zeroed) return 0;
      return (source < 0 ? bases[disk]?.[sector] : written[source]) ?? 0;
    }),
  );
}

/** The tag of one sector. */
export function tagAt(tags: readonly Uint8Array[], disk: number, sector: number): number {
  const tag = tags[disk]?.[sector];
  if (tag === undefined) throw new RangeError('no such sector');
  return tag;
}

export function refsOf(space: Space): StateRef[] {
  const refs: StateRef[] = [];
  space.eachState((ref) => refs.push(ref));
  return refs;
}

/** Holds numbers against what they stand for: equal ones must be equal numbers, and the other way round. */
export class Pairing {
  private readonly byNumber = new Map<number, number>();
  private readonly byTag = new Map<number, number>();

  /** False where the pair contradicts one before. */
  agrees(number: number, tag: number): boolean {
    const known = this.byNumber.get(number) ?? tag;
    const same = this.byTag.get(tag) ?? number;
    this.byNumber.set(number, tag);
    this.byTag.set(tag, number);
    return known === tag && same === number;
  }
}
