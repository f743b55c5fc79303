import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cells } from '../../../src/explore/cells.ts';
import { blockSectors, Contents } from '../../../src/explore/contents.ts';
import type { Interpreter } from '../../../src/explore/interpretation.ts';
import { LiveState } from '../../../src/explore/live-state.ts';
import { bufferView } from '../../../src/filesystem/view.ts';
import { WriteLog } from '../../../src/writelog/log.ts';
import {
  blockTags,
  bytesOfBlock,
  type MadeUp,
  madeUp,
  Pairing,
  refsOf,
  sectorOf,
  spaceOf,
  tagsIn,
} from './made-up.ts';
import { RedirectingPart, recoveredTags } from './redirecting-part.ts';

const blocks = 6;

type Step =
  | { do: 'put'; block: number; index: number; tag: number }
  | { do: 'settle' }
  | { do: 'whatIf'; changes: [number, number[]][] };

const tag = fc.nat(3);
/** The control block's first sectors decide most. */
const place = fc.oneof(
  fc.record({ block: fc.constant(0), index: fc.nat(1) }),
  fc.record({ block: fc.nat(blocks - 1), index: fc.nat(blockSectors - 1) }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(place, tag).map(([at, value]): Step => ({ do: 'put', ...at, tag: value })),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'settle' }) },
  {
    weight: 1,
    arbitrary: fc
      .uniqueArray(
        fc.tuple(
          fc.oneof(fc.constant(0), fc.nat(blocks - 1)),
          fc.array(tag, { minLength: blockSectors, maxLength: blockSectors }),
        ),
        { maxLength: 3, selector: ([block]) => block },
      )
      .map((changes): Step => ({ do: 'whatIf', changes })),
  },
);

/** Two disks, of which the first has the made-up file system; all sectors begin as `base`. */
class Bench {
  readonly cells: Cells;
  readonly contents: Contents;
  readonly parts: Interpreter[];
  /** Of all blocks that were ever set, their sectors' tags. */
  readonly set = new Map<number, number[]>();

  private readonly base: number;

  constructor(interpreted: boolean, base: number) {
    this.base = base;
    const bytes = Buffer.concat(Array.from({ length: blocks * blockSectors }, () => sectorOf(base)));
    this.contents = new Contents({ sectors: 0, read: () => Buffer.alloc(0) }, [
      bufferView(bytes),
      bufferView(bytes),
    ]);
    this.cells = new Cells(this.contents, [bytes.length, bytes.length]);
    this.parts = interpreted ? [new RedirectingPart(this)] : [];
  }

  sectorsOf(tags: readonly number[]): Int32Array {
    return this.contents.sectorsOf(this.contents.blockOfBytes(bytesOfBlock(tags)));
  }

  sector(value: number): number {
    return this.sectorsOf(Array.from({ length: blockSectors }, () => value))[0]!;
  }

  tagsOf(block: number): number[] {
    return this.set.get(block) ?? Array.from({ length: blockSectors }, () => this.base);
  }

  /** All cells of a state made anew: those set, as they are, and the changes on top. */
  fresh(changes: ReadonlyMap<number, Int32Array> = new Map()): number[] {
    const live = new LiveState(this.cells, this.contents, this.parts);
    for (const [block, tags] of this.set) live.putBlock(this.cells.of(0, block), this.sectorsOf(tags));
    for (const [cell, sectors] of changes) live.putBlock(cell, sectors);
    live.settle(() => undefined);
    return [...live.snapshot()];
  }
}

describe('LiveState', () => {
  it.each([[false], [true]])(
    'is what a state made anew would be, at any time (file system: %s)',
    (interpreted) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40, size: 'max' }), tag, (steps, base) => {
          const bench = new Bench(interpreted, base);
          const live = new LiveState(bench.cells, bench.contents, bench.parts);
          const told = new Map([...live.snapshot()].map((content, cell) => [cell, content]));
          const settle = () => {
            live.settle((cell, content, before) => {
              if (told.has(cell)) expect(before).toBe(told.get(cell));
              told.set(cell, content);
            });
          };
          for (const next of steps) {
            if (next.do === 'put') {
              const tags = [...bench.tagsOf(next.block)];
              tags[next.index] = next.tag;
              bench.set.set(next.block, tags);
              live.put(bench.cells.of(0, next.block), next.index, bench.sector(next.tag));
              continue;
            }
            settle();
            const fresh = bench.fresh();
            expect([...live.snapshot()]).toEqual(fresh);
            for (const [cell, content] of told) expect(content).toBe(fresh[cell]);
            if (next.do === 'settle') continue;
            const changes = new Map(
              next.changes.map(([block, tags]) => [bench.cells.of(0, block), bench.sectorsOf(tags)]),
            );
            const differing = new Map<number, number>();
            live.whatIf(changes, (cell, content, before) => {
              expect(before).toBe(live.snapshot()[cell]);
              expect(content).not.toBe(before);
              differing.set(cell, content);
            });
            const now = [...live.snapshot()];
            expect(now.map((content, cell) => differing.get(cell) ?? content)).toEqual(bench.fresh(changes));
            expect(now.slice(0, fresh.length)).toEqual(fresh);
          }
        }),
      );
    },
  );

  it('knows what recovery makes of every block in every state of a space', () => {
    fc.assert(
      fc.property(madeUp, (made) => {
        const parts: RedirectingPart[] = [];
        const space = spaceOf(made, {
          interpreters: (own) => {
            parts.push(new RedirectingPart(own));
            return parts;
          },
        });
        const pairing = new Pairing();
        for (const ref of refsOf(space)) {
          const tags = tagsIn(made, space.crashState(ref));
          for (let cell = 0; cell < space.cells.count; cell += 1) {
            const [disk, block] = [space.cells.disk(cell), space.cells.block(cell)];
            const content = space.contentIn(ref, cell);
            if (disk >= 0)
              expect(pairing.agrees(content, recoveredTags(tags, disk, block).join())).toBe(true);
            else if (cell === parts[0]?.readingCell)
              expect(content).toBe(blockTags(tags, 0, 0)[0] === 2 ? 1 : 0);
          }
        }
      }),
    );
  });

  it('knows of a block that only a state which is none of the space has to do with', () => {
    const log = new WriteLog([
      { id: 'main', sectors: 40, cache: 'writeback' },
      { id: 'vars', sectors: 8, cache: 'writeback' },
    ]);
    log.mark('0/install');
    log.issue(0, 'write', 1, 1, false, 0);
    log.issue(0, 'write', 0, 1, false, 1);
    const bases: MadeUp['bases'] = [new Uint8Array(40).fill(2), new Uint8Array(8)];
    const made: MadeUp = { log, written: Uint8Array.of(1, 3), bases };
    bases[0].fill(1, 8, 16);
    bases[0][0] = 0;
    const space = spaceOf(made, { kinds: ['prefix'], interpreters: (own) => [new RedirectingPart(own)] });
    const cells = space.cells.count;
    const contents = space.contentsOf({ at: log.now, shape: { kind: 'lost', keep: 'only', seq: 1 } });
    const late = space.cells.find(0, 1);
    expect(late).toBe(cells);
    const [target, source] = [contents[space.cells.find(0, 3)]!, contents[late]];
    expect(target).toBe(source);
    for (const ref of refsOf(space)) expect(space.contentIn(ref, late)).toBe(source);
  });
});
