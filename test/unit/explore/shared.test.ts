import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.ts';
import { partOf, takeOverOf } from '../../../src/crash/part.ts';
import type { BootUnderWay, KnownBoot, Others } from '../../../src/explore/boot.ts';
import type { Space } from '../../../src/explore/space.ts';
import { historyOf, type MadeUp, madeUp, refsOf, spaceOf } from './made-up.ts';
import {
  decidedOutcome,
  type KeptBoot,
  type MadeUpOptions,
  madeUpExploration,
  nextTurn,
  thoroughDevice,
} from './made-up-device.ts';

type Known = KnownBoot<{ id: string }>;

function knownIn(space: Space, { state, request, booted }: KeptBoot): Known[] {
  const ref = space.refOf(state);
  let left = 1;
  const take = () => (left-- > 0 ? booted : undefined);
  const { retry, seed, cold, audit } = request;
  const purpose = audit ? 'audit' : retry ? 'retry' : cold ? 'explanation' : 'whole';
  const [whole] = booted.stages;
  return ref === undefined || whole === undefined ? [] : [{ ref, purpose, retry, seed, whole, take }];
}

/** Every boot that an undisturbed exploration makes. */
async function bootsOf(made: MadeUp, options: MadeUpOptions = {}): Promise<KeptBoot[]> {
  const kept: KeptBoot[] = [];
  const { exploration } = madeUpExploration(made, { ...options, onBooted: (one) => kept.push(one) });
  await exploration.explore();
  return kept;
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((item) => ({ item, at: random.int(1 << 30) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** Workers at once, each with a part of the states, that hear of each other's boots; what a dead one has begun is over. */
function workersOn(made: MadeUp, count: number, options: MadeUpOptions = {}) {
  const log: { by: number; kept: KeptBoot }[] = [];
  const begun = new Set<BootUnderWay & { by: number }>();
  const dead = new Set<number>();
  let turn: Promise<unknown> = Promise.resolve();
  const workers = Array.from({ length: count }, (_, by) => {
    const space = spaceOf(made);
    let heard = 0;
    const others: Others<{ id: string }> = {
      inTurn: (work) => {
        const own = turn.then(async () => {
          await nextTurn();
          const fresh = log.slice(heard).filter((one) => one.by !== by);
          heard = log.length;
          return work({
            boots: fresh.flatMap((one) => knownIn(space, one.kept)),
            begun: [...begun].filter((one) => one.by !== by && !dead.has(one.by)),
          });
        });
        turn = own.catch(() => undefined);
        return own;
      },
      begin: (ref, request) => {
        const boot = { ...request, ref, by };
        begun.add(boot);
        return Promise.resolve(() => Promise.resolve(void begun.delete(boot)));
      },
      pause: nextTurn,
    };
    const [takeOver] = [takeOverOf(1)(0)];
    return madeUpExploration(made, {
      ...options,
      space,
      seed: by,
      others,
      part: { has: partOf({ index: by + 1, count }, { position: 0, of: 1 }, space), takeOver },
      onBooted: (one) => log.push({ by, kept: one }),
    });
  });
  return { workers, log, dead };
}

const random = fc.nat().map((seed) => new Random(seed));
const decides = ({ request }: KeptBoot) => !request.cold;

describe('parts of a space', () => {
  it('are disjoint, and all of it together', () => {
    fc.assert(
      fc.property(
        madeUp,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 4 }),
        (made, count, of) => {
          const space = spaceOf(made);
          for (let position = 0; position < of; position += 1) {
            const parts = Array.from({ length: count }, (_, i) =>
              partOf({ index: i + 1, count }, { position, of }, space),
            );
            for (const ref of refsOf(space))
              assert.equal(parts.filter((has) => has(space.placeOf(ref))).length, 1);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('are whole paths where there are as many, then phases', () => {
    const space = {
      windows: [0, 10, 20, 30].map((from) => ({
        upgrade: 0,
        phase: 'install' as const,
        from,
        to: from + 10,
      })),
      line: () => ({ segments: [0, 1, 2, 3].map((window) => ({ window })) }) as never,
      subsets: [],
    };
    const place = (window: number, at: number) => ({ window, at }) as never;
    const partAt = (count: number, position: number, of: number, window: number, at: number) =>
      1 +
      Array.from({ length: count }, (_, i) =>
        partOf({ index: i + 1, count }, { position, of }, space),
      ).findIndex((has) => has(place(window, at)));
    expect([0, 1].map((position) => partAt(2, position, 2, 3, 40))).toEqual([1, 2]);
    expect([0, 1, 2, 3].map((window) => partAt(4, 0, 1, window, window * 10 + 1))).toEqual([1, 2, 3, 4]);
    expect([1, 6].map((at) => partAt(8, 0, 1, 0, at))).toEqual([1, 2]);
  });
});

describe('boots of others', () => {
  it('leave whatever else this program does its turn while they are taken', async () => {
    const made = historyOf([1, 2, 3, 4].flatMap((tag) => [{ sector: tag, tags: [tag] }, 'flush' as const]));
    const all = await bootsOf(made, { auditLeast: 2, device: thoroughDevice() });
    const space = spaceOf(made);
    const known = all.flatMap((one) => knownIn(space, one));
    let [turns, isOver] = [0, false];
    const others = (async () => {
      for (; !isOver; turns += 1) await nextTurn();
    })();
    const { exploration } = madeUpExploration(made, {
      space,
      known,
      auditLeast: 2,
      device: thoroughDevice(),
    });
    await exploration.explore();
    isOver = true;
    await others;
    expect(known.length).toBeGreaterThan(2);
    expect(turns).toBeGreaterThanOrEqual(known.length);
  });

  it('decide as they did in any order, and what is lost is booted again', async () => {
    await fc.assert(
      fc.asyncProperty(madeUp, random, fc.nat(), async (made, order, loss) => {
        const all = await bootsOf(made, { auditLeast: 2 });
        const kept = shuffled(all, order).filter((_, i) => all.length < 2 || i !== loss % all.length);
        const space = spaceOf(made);
        const known = kept.flatMap((one) => knownIn(space, one));
        const lost = all.filter((one) => !kept.includes(one));
        const parts = madeUpExploration(made, { space, known, auditLeast: 2 });
        await parts.exploration.explore();
        for (const ref of refsOf(space)) assert.equal(decidedOutcome(parts, ref), parts.truth(ref));
        if (lost.every((one) => !decides(one)))
          assert.equal(parts.asked.filter(({ request }) => !request.cold).length, 0);
      }),
      { numRuns: 15 },
    );
  });

  it('decide a subset of what they did where some are lost, and never otherwise', async () => {
    await fc.assert(
      fc.asyncProperty(madeUp, fc.array(fc.boolean()), async (made, present) => {
        const all = await bootsOf(made);
        const space = spaceOf(made);
        const known = all.filter((_, i) => present[i] === true).flatMap((one) => knownIn(space, one));
        const parts = madeUpExploration(made, { space, known });
        parts.budget.abort();
        await parts.exploration.explore();
        assert.equal(parts.asked.length, 0);
        for (const ref of refsOf(space)) {
          const outcome = decidedOutcome(parts, ref);
          assert.ok(outcome === undefined || outcome === parts.truth(ref));
        }
      }),
      { numRuns: 15 },
    );
  });

  it('that failed decide the same states in any order', async () => {
    const device = thoroughDevice(({ peek }) => (peek(0, 0) === 1 ? 'failed' : 'passed'));
    await fc.assert(
      fc.asyncProperty(madeUp, random, async (made, order) => {
        const all = await bootsOf(made, { device });
        const decided = (kept: readonly KeptBoot[]) => {
          const space = spaceOf(made);
          const parts = madeUpExploration(made, {
            device,
            space,
            known: kept.flatMap((one) => knownIn(space, one)),
          });
          parts.budget.abort();
          return parts.exploration
            .explore()
            .then(() => refsOf(space).map((ref) => decidedOutcome(parts, ref) !== undefined));
        };
        assert.deepEqual(await decided(shuffled(all, order)), await decided(all));
      }),
      { numRuns: 15 },
    );
  });
});

describe('workers that hear of each other', () => {
  const workerCount = fc.integer({ min: 1, max: 4 });
  const retryBoots = 3;

  /** The boots of several workers, each of which decided every state as the device does. */
  async function boots(made: MadeUp, count: number, options: MadeUpOptions = {}): Promise<KeptBoot[]> {
    const { workers, log } = workersOn(made, count, { auditLeast: 3, retryBoots, ...options });
    await Promise.all(workers.map(({ exploration }) => exploration.explore()));
    for (const parts of workers) {
      for (const ref of refsOf(parts.space)) assert.equal(decidedOutcome(parts, ref), parts.truth(ref));
      assert.equal(parts.exploration.ended.whole, 'complete');
      const { asked, made: audited, ended } = parts.exploration.auditing;
      assert.equal(ended, 'complete');
      assert.ok(audited >= Math.min(asked, 1));
    }
    return log.map(({ kept }) => kept);
  }

  it('decide every state as the device does, audit and try again as often as one', () =>
    fc.assert(
      fc.asyncProperty(madeUp, workerCount, async (made, count) => {
        const one = await boots(made, 1);
        const all = await boots(made, count);
        const audits = (of: KeptBoot[]) => of.filter(({ request }) => request.audit).length;
        const retries = (of: KeptBoot[]) => of.filter(({ request }) => request.retry).length;
        assert.ok(all.filter(decides).length <= one.filter(decides).length + count - 1 + one.length);
        assert.ok(audits(all) >= Math.min(audits(one), 1) && audits(all) <= Math.max(3, audits(one)));
        assert.ok(retries(all) <= retryBoots);
      }),
      { numRuns: 20 },
    ));

  it('need few boots more than one', async () => {
    let [alone, together] = [0, 0];
    // A mean of so few logs hangs on which they are: always the same ones.
    await fc.assert(
      fc.asyncProperty(madeUp, workerCount, async (made, count) => {
        alone += (await boots(made, 1)).length;
        together += (await boots(made, count)).length;
      }),
      { numRuns: 20, seed: 1 },
    );
    console.log(alone, together);
    expect(together).toBeLessThan(alone * 1.5);
  });

  it('take over the part of one that has died', async () => {
    await fc.assert(
      fc.asyncProperty(madeUp, async (made) => {
        const { workers, log } = workersOn(made, 2);
        const [dead, alive] = workers;
        if (dead === undefined || alive === undefined) return;
        dead.interruption.abort(new Error('killed'));
        await assert.rejects(dead.exploration.explore());
        await alive.exploration.explore();
        for (const ref of refsOf(alive.space)) assert.equal(decidedOutcome(alive, ref), alive.truth(ref));
        assert.ok(log.length > 0 || refsOf(alive.space).length === 0);
      }),
      { numRuns: 10 },
    );
  });
});
