import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cells } from '../../../src/explore/cells.ts';
import { Contents } from '../../../src/explore/contents.ts';
import type { Interpreter } from '../../../src/explore/interpretation.ts';
import { LiveState } from '../../../src/explore/live-state.ts';
import { bufferView } from '../../../src/filesystem/view.ts';
import { WriteLog } from '../../../src/writelog/log.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { type MadeUp, madeUp, Pairing, refsOf, sectorOf, spaceOf, tagAt, tagsIn } from './made-up.ts';
import { controlSectors, RedirectingPart, recoveredTag, ruledSectors } from './redirecting-part.ts';

const sectors = 28;

type Step =
  | { do: 'put'; sector: number; tag: number }
  | { do: 'settle' }
  | { do: 'whatIf'; changes: [number, number][] };

const tag = fc.nat(3);
/** The control sectors decide most. */
const place = fc.oneof(
  fc.constantFrom(...controlSectors),
  fc.constantFrom(...ruledSectors),
  fc.nat(sectors - 1),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(place, tag).map(([sector, value]): Step => ({ do: 'put', sector, tag: value })),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'settle' }) },
  {
    weight: 1,
    arbitrary: fc
      .uniqueArray(fc.tuple(place, tag), { maxLength: 6, selector: ([sector]) => sector })
      .map((changes): Step => ({ do: 'whatIf', changes })),
  },
);

/** Two disks, of which the first has the made-up file system; all sectors begin as `base`. */
class Bench {
  readonly cells: Cells;
  readonly contents: Contents;
  readonly parts: Interpreter[];
  /** Of all sectors that were ever set, their tags. */
  readonly set = new Map<number, number>();

  constructor(interpreted: boolean, base: number) {
    const bytes = Buffer.concat(Array.from({ length: sectors }, () => sectorOf(base)));
    this.contents = new Contents({ sectors: 0, read: () => Buffer.alloc(0) }, [
      bufferView(bytes),
      bufferView(bytes),
    ]);
    this.cells = new Cells(this.contents, [sectors, sectors]);
    this.parts = interpreted ? [new RedirectingPart(this)] : [];
  }

  content(value: number): number {
    return this.contents.numberOf(sectorOf(value));
  }

  /** All cells of a state made anew: those set, as they are, and the changes on top. */
  fresh(changes: ReadonlyMap<number, number> = new Map()): number[] {
    const live = new LiveState(this.cells, this.parts);
    for (const [sector, value] of this.set) live.put(this.cells.of(0, sector), this.content(value));
    for (const [cell, content] of changes) live.put(cell, content);
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
          const live = new LiveState(bench.cells, bench.parts);
          const told = new Map([...live.snapshot()].map((content, cell) => [cell, content]));
          const settle = () => {
            live.settle((cell, content, before) => {
              if (told.has(cell)) assert.equal(before, told.get(cell));
              told.set(cell, content);
            });
          };
          for (const next of steps) {
            if (next.do === 'put') {
              bench.set.set(next.sector, next.tag);
              live.put(bench.cells.of(0, next.sector), bench.content(next.tag));
              continue;
            }
            settle();
            const fresh = bench.fresh();
            expect([...live.snapshot()]).toEqual(fresh);
            for (const [cell, content] of told) assert.equal(content, fresh[cell]);
            if (next.do === 'settle') continue;
            const changes = new Map(
              next.changes.map(([sector, value]) => [bench.cells.of(0, sector), bench.content(value)]),
            );
            const differing = new Map<number, number>();
            live.whatIf(changes, (cell, content, before) => {
              assert.equal(before, live.snapshot()[cell]);
              assert.notEqual(content, before);
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

  it('knows what recovery makes of every sector in every state of a space', () => {
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
        const wrong: string[] = [];
        for (const ref of refsOf(space)) {
          const tags = tagsIn(made, space.crashState(ref));
          for (let cell = 0; cell < space.cells.count; cell += 1) {
            const [disk, sector] = [space.cells.disk(cell), space.cells.sector(cell)];
            const content = space.contentIn(ref, cell);
            const asItIs = space.cells.ownOf(cell) !== undefined;
            const agrees =
              disk >= 0
                ? pairing.agrees(content, (asItIs ? tagAt : recoveredTag)(tags, disk, sector))
                : cell !== parts[0]?.readingCell ||
                  (content === 1) === (tagAt(tags, 0, controlSectors[0]) === 2);
            if (!agrees) wrong.push(`${stateId(space.crashState(ref))}, sector ${disk}/${sector}`);
          }
        }
        expect(wrong).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('knows of a sector that only a state which is none of the space has to do with', () => {
    const log = new WriteLog([
      { id: 'main', sectors: 40, cache: 'writeback' },
      { id: 'vars', sectors: 8, cache: 'writeback' },
    ]);
    const [how, source] = controlSectors;
    log.mark('0/install');
    log.issue(0, 'write', source, 1, false, 0);
    log.issue(0, 'write', how, 1, false, 1);
    const bases: MadeUp['bases'] = [new Uint8Array(40).fill(2), new Uint8Array(8)];
    bases[0][how] = 0;
    bases[0][12] = 1;
    const made: MadeUp = { log, written: Uint8Array.of(1, 3), bases };
    const space = spaceOf(made, { kinds: ['prefix'], interpreters: (own) => [new RedirectingPart(own)] });
    const cells = space.cells.count;
    const contents = space.contentsOf({ at: log.now, shape: { kind: 'lost', keep: 'only', seq: 1 } });
    const late = space.cells.find(0, 12);
    expect(late).toBe(cells);
    expect(space.contents.bytesOf(contents[late]!).equals(sectorOf(1))).toBe(true);
    expect(contents[space.cells.find(0, 20)]).toBe(contents[late]);
    for (const ref of refsOf(space)) expect(space.contentIn(ref, late)).toBe(contents[late]);
  });
});
