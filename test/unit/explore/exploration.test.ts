import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contradictionError } from '../../../src/explore/audits.ts';
import { bootsAfterFailure } from '../../../src/explore/failed-epochs.ts';
import type { Space } from '../../../src/explore/space.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { historyOf, type MadeUp, madeUp, type Request, refsOf, spaceOf, tagAt } from './made-up.ts';
import {
  comesBack,
  type Device,
  decidedOutcome,
  loadedDevice,
  type MadeUpExploration,
  type MadeUpOptions,
  madeUpExploration,
  nextTurn,
  thoroughDevice,
  type View,
  wanderingDevice,
} from './made-up-device.ts';
import { RedirectingPart, recoveredTag } from './redirecting-part.ts';

const machines = fc.integer({ min: 1, max: 4 });
const write = (sector: number, ...tags: number[]): Request => ({ sector, tags });

/** Five writes without a flush, then two more: many states in the first epoch, few in the second. */
const twoEpochs = historyOf([
  write(0, 1),
  write(1, 1, 1),
  write(3, 1),
  write(4, 1),
  write(5, 1),
  'flush',
  write(0, 2),
  write(6, 1),
]);

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function open({ exploration }: MadeUpExploration): { decided: number; skipped: number; undecided: number } {
  const { decided, skipped, undecided } = exploration.whole.tally();
  return { decided: sum(decided), skipped: sum(skipped), undecided: sum(undecided) };
}

/** How many states are as one of those that were booted to decide them: what a device knows that reads all. */
function likeBooted({ space, exploration, truth }: MadeUpExploration): number {
  const seen = new Set(exploration.boots.map(({ whole }) => whole.outcome));
  return refsOf(space).filter((ref) => seen.has(truth(ref))).length;
}

/** What a promise is rejected with. */
async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

/** A space in which the first disk has a file system that is recovered. */
function recoverable(made: MadeUp): Space {
  return spaceOf(made, { interpreters: (parts) => [new RedirectingPart(parts)] });
}

describe('an exploration', () => {
  it.each<[string, (made: MadeUp) => Space, View, Device]>([
    ['sectors as they are', (made) => spaceOf(made), tagAt, wanderingDevice],
    ['sectors as recovery leaves them', recoverable, recoveredTag, wanderingDevice],
    ['first as they are, then as recovery leaves them', recoverable, recoveredTag, loadedDevice],
  ])(
    'decides every state as the device does, each booted at most once: %s',
    async (_, space, view, device) => {
      await fc.assert(
        fc.asyncProperty(madeUp, fc.nat(), machines, async (made, seed, count) => {
          const parts = madeUpExploration(made, { device, space: space(made), view, machines: count, seed });
          await parts.exploration.decideAll();
          const refs = refsOf(parts.space);
          for (const ref of refs) assert.equal(decidedOutcome(parts, ref), parts.truth(ref));
          expect(open(parts)).toEqual({ decided: refs.length, skipped: 0, undecided: 0 });
          expect(parts.exploration.ended.whole).toBe('complete');
          expect(new Set(parts.asked.map(({ id }) => id)).size).toBe(parts.asked.length);
          expect(parts.told.map(({ record }) => record.id).sort()).toEqual(
            parts.asked.map(({ id }) => id).sort(),
          );
          expect(parts.told.reduce((total, { decides }) => total + decides.whole, 0)).toBe(refs.length);
          expect(parts.busy).toEqual({ now: 0, most: Math.min(count, parts.busy.most) });
        }),
        { numRuns: 25 },
      );
    },
  );

  it('boots as many at once as there are machines', async () => {
    const parts = madeUpExploration(twoEpochs, { device: thoroughDevice(), machines: 3 });
    await parts.exploration.decideAll();
    expect(parts.busy.most).toBe(3);
  });

  it('begins no deciding boot cold, and every audit', async () => {
    const parts = madeUpExploration(twoEpochs, { auditLeast: 4 });
    await parts.exploration.explore();
    const deciding = parts.exploration.boots.length;
    expect(parts.asked.map(({ request: { cold } }) => cold)).toEqual(
      parts.asked.map((__, i) => i >= deciding),
    );
    expect(parts.asked.length).toBe(deciding + 6);
  });
});

/** Reads a few sectors, as devices do that boot from one of them. */
const plainDevice: Device = ({ see }) => comesBack(`${see(0, 0)} ${see(0, 1)}`);

/** Devices, and whether their verdict follows from what they read. The second of each pair must be found out. */
const devices: [name: string, honest: boolean, Device][] = [
  ['reads what it goes by', true, plainDevice],
  [
    'goes by a sector that nobody saw it read',
    false,
    ({ see, peek }) => comesBack(`${see(0, 0)} ${peek(0, 1)}`),
  ],
  ['always comes back the same', true, () => comesBack('whole')],
  [
    'fails by what it reads',
    true,
    ({ see }) => ({ verdict: see(0, 3) === 1 ? 'passed' : 'failed', outcome: 'x' }),
  ],
  [
    'fails by the time of day',
    false,
    ({ number }) => ({ verdict: number < 2 ? 'passed' : 'failed', outcome: 'x' }),
  ],
  [
    'reads more where it is cold',
    true,
    ({ see, request }) => comesBack(`${see(0, 0)}${request.cold ? see(0, 1) * 0 : 0}`),
  ],
  [
    'is another one where it is cold',
    false,
    ({ see, request }) => comesBack(`${see(0, 0)} ${String(request.cold)}`),
  ],
  [
    'looks at one disk, then at the other',
    true,
    ({ see }) => comesBack(`${see(0, 0) === 2 ? see(1, 0) : see(0, 1)}`),
  ],
  ['looks at the other disk unseen', false, ({ see, peek }) => comesBack(`${see(1, 0)} ${peek(0, 0)}`)],
];

describe('audits', () => {
  it.each(devices)('a device that %s: %s', async (_, honest, device) => {
    for (const count of [1, 3]) {
      const parts = madeUpExploration(twoEpochs, { device, auditLeast: 200, machines: count });
      const outcome = await failureOf(
        parts.exploration.explore().then(() => Promise.reject(new Error('all audits agreed'))),
      );
      if (honest) {
        expect(outcome).toHaveProperty('message', 'all audits agreed');
        expect(parts.exploration.auditing).toMatchObject({ all: true, ended: 'complete' });
        expect(parts.exploration.auditing.made).toBeGreaterThan(2);
        expect(parts.saved).toEqual([]);
      } else {
        expect(outcome).toMatchObject({ code: 'audit-mismatch', kind: 'harness', logPath: 'mismatch-1' });
        expect(parts.saved).toEqual(parts.exploration.contradictions.map((__, i) => i + 1));
        expect(parts.stopped.length).toBe(1);
      }
    }
  });

  it('says which hosts disagree, where boots came from several', () => {
    const { exploration } = madeUpExploration(twoEpochs, {});
    const [window] = exploration.space.windows;
    const of = (record: { id: string; host?: string }, outcome: string) => ({
      record,
      window: window!,
      state: { at: 0, shape: { kind: 'prefix' } } as const,
      decides: { whole: 0, retry: 0 },
      whole: {
        verdict: 'passed',
        outcome,
        read: { cells: new Int32Array(), contents: new Int32Array() },
      } as const,
      retry: undefined,
      ref: undefined,
    });
    const [here, there] = [of({ id: 'p1.4' }, 'old in A'), of({ id: 'p1.6', host: 'node-3' }, 'new in B')];
    const error = contradictionError(
      { stage: 'whole', boot: here, earlier: there },
      ['old in A'],
      'mismatch.json',
    );
    expect(error.message).toContain('p1.4 on this host came to "old in A", p1.6 on node-3 to "new in B"');
    expect(error.hint).toMatch(/what differs between the hosts$/);
  });

  it('says which two boots disagree, and what they came to', async () => {
    const device: Device = ({ request }) => comesBack(request.cold ? 'old in A' : 'new in B');
    const parts = madeUpExploration(twoEpochs, { device, auditLeast: 1 });
    const failure = await failureOf(parts.exploration.explore());
    const id = parts.exploration.boots[0]?.record.id;
    expect(failure).toHaveProperty(
      'message',
      `two boots differ in nothing that one of them read, and ended otherwise: ${id} came to "old in A", ${id} to ` +
        '"new in B"; it came to the same 16 times more. So what was decided without a boot cannot be trusted',
    );
  });

  it('finds hidden randomness on any log that has states enough, and never where there is none', async () => {
    await fc.assert(
      fc.asyncProperty(madeUp, fc.nat(), fc.boolean(), machines, async (made, seed, lots, count) => {
        const device: Device = (on) => {
          const seen = `${on.see(0, 0)}`;
          return comesBack(lots ? `${seen}, lot ${on.number % 2}` : seen);
        };
        const options = { device, auditLeast: 30, machines: count, seed };
        const parts = madeUpExploration(made, options);
        await parts.exploration.explore();
        const { chances, contradictions } = parts.exploration;
        expect(contradictions).toEqual([]);
        expect(chances.length > 0).toBe(lots && refsOf(parts.space).length > 0);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a device that hangs on chance', () => {
  /** Fails one time in so many, early: before it has read what tells states apart. */
  const oneIn =
    (count: number): Device =>
    (on) =>
      on.number % count === count - 1
        ? { verdict: 'failed', outcome: 'recovery: no luck' }
        : thoroughDevice()(on);

  it.each([2, 4])('one time in %i is caught by any two boots, as soon as the lots differ', async (count) => {
    const parts = madeUpExploration(twoEpochs, { device: oneIn(count) });
    await parts.exploration.explore();
    const { chances, contradictions, auditing, ended } = parts.exploration;
    // Not one audit was asked for, and the exploration came to its end.
    expect([auditing.asked, ended.whole, contradictions]).toEqual([0, 'complete', []]);
    expect(chances).toHaveLength(1);
    const ends = [chances[0]?.usual, chances[0]?.other].map((boot) => boot?.whole.verdict);
    expect(ends.sort()).toEqual(['failed', 'passed']);
    expect(chances[0]?.usual.record.id).toBe(chances[0]?.other.record.id);
    expect([...(chances[0]?.ends.values() ?? [])].every((times) => times >= 2)).toBe(true);
    const [ref] = refsOf(parts.space);
    const firsts = parts.asked.findIndex(({ request }) => request.cold);
    expect([ref === undefined, firsts]).toEqual([false, count]);
    // All boots with nothing changed: the same numbers, of one state.
    const again = parts.asked.filter(({ request }) => request.cold);
    expect(new Set(again.map(({ id, request }) => `${id} ${request.seed}`)).size).toBe(1);
    expect(again.length).toBeLessThanOrEqual(16);
  });

  it('is looked into one time, with several machines, and explains each later contradiction of the same ends', async () => {
    const device: Device = ({ number }) => comesBack(number % 3 === 0 ? 'heads' : 'tails');
    const parts = madeUpExploration(twoEpochs, { device, auditLeast: 200, machines: 3 });
    await parts.exploration.explore();
    expect(parts.exploration.chances.map(({ ends }) => [...ends.keys()].sort())).toEqual([
      ['heads', 'tails'],
    ]);
    expect(parts.exploration.contradictions).toEqual([]);
    expect(parts.exploration.auditing.ended).toBe('complete');
  });

  it('explains no contradiction of other ends', async () => {
    let audits = 0;
    const device: Device = ({ request, number }) => {
      if (request.audit) audits += 1;
      return comesBack(request.audit && audits > 4 ? 'edge' : number % 2 === 0 ? 'heads' : 'tails');
    };
    const parts = madeUpExploration(twoEpochs, { device, auditLeast: 20 });
    const failure = await failureOf(parts.exploration.explore());
    expect(failure).toMatchObject({ code: 'audit-mismatch', kind: 'harness' });
    expect(String(failure)).toContain('came to "edge"');
    expect(parts.exploration.chances).toHaveLength(1);
  });

  it('is not said of one end that came a single time', async () => {
    let audits = 0;
    const device: Device = ({ request }) => {
      if (request.audit) audits += 1;
      return comesBack(request.audit && audits === 2 ? 'hiccup' : 'fine');
    };
    const parts = madeUpExploration(twoEpochs, { device, auditLeast: 5 });
    const failure = await failureOf(parts.exploration.explore());
    expect(failure).toMatchObject({ code: 'audit-mismatch', kind: 'harness' });
    expect(String(failure)).toContain('booted 16 times more it came to "fine", with nothing changed');
    expect(parts.exploration.chances).toEqual([]);
  });

  it('shows where the upgrade is done again, too', async () => {
    const device: Device = (on) => ({
      ...thoroughDevice()(on),
      retry: on.number % 3 === 0 ? 'stuck' : 'done again',
    });
    const parts = madeUpExploration(twoEpochs, { device, auditLeast: 20, retryBoots: 100 });
    await parts.exploration.explore();
    expect(parts.exploration.chances).toMatchObject([{ stage: 'retry', seed: undefined }]);
    expect([...(parts.exploration.chances[0]?.ends.keys() ?? [])].sort()).toEqual(['done again', 'stuck']);
  });

  it('is its own failure where other random numbers are all that differs, and each is seen twice', async () => {
    const device: Device = (on) => {
      const end = plainDevice(on);
      return on.request.seed === 2 ? { verdict: 'failed', outcome: 'identifier taken' } : end;
    };
    const parts = madeUpExploration(twoEpochs, { device, auditLeast: 3, chanceBoots: 2 });
    await parts.exploration.explore();
    const { chances, auditing, contradictions } = parts.exploration;
    expect(contradictions).toEqual([]);
    expect(auditing).toMatchObject({ reseeded: 2, ended: 'complete' });
    expect(chances).toMatchObject([{ seed: 2, other: { whole: { outcome: 'identifier taken' } } }]);
    expect(chances[0]?.usual.whole.verdict).toBe('passed');
    expect(parts.asked.map(({ request }) => request.seed).filter((seed) => seed > 0)).toEqual([1, 2, 2]);
  });

  it('is none of its own where the same random numbers do not give the same again', async () => {
    const device: Device = (on) => (on.request.seed > 0 ? comesBack(`lot ${on.number}`) : plainDevice(on));
    const parts = madeUpExploration(twoEpochs, { device, auditLeast: 1, chanceBoots: 1 });
    expect(await failureOf(parts.exploration.explore())).toHaveProperty('code', 'audit-mismatch');
    expect(parts.exploration.chances).toEqual([]);
  });
});

describe('the number of audits', () => {
  it.each([0, 0.05])(
    'is none where none were asked for, whatever was decided; a share of %d',
    async (share) => {
      const parts = madeUpExploration(twoEpochs, { auditLeast: 0, auditShare: share, chanceBoots: 2 });
      await parts.exploration.explore();
      const { auditing } = parts.exploration;
      expect(auditing.ended).toBe('complete');
      expect(auditing.made).toBe(auditing.asked);
      if (share === 0) {
        expect(auditing).toMatchObject({ asked: 0, made: 0, reseeded: 0 });
        expect(parts.asked.filter(({ request }) => request.cold)).toEqual([]);
      } else expect(auditing.asked).toBeGreaterThan(0);
    },
  );

  it('is all that there are where there are fewer, and says so', async () => {
    const parts = madeUpExploration(historyOf([write(0, 1)]), {
      device: () => comesBack('whole'),
      auditLeast: 10,
    });
    await parts.exploration.explore();
    const pruned = refsOf(parts.space).length - 1;
    expect(pruned).toBeLessThan(10);
    expect(parts.exploration.auditing).toMatchObject({ asked: 2 + pruned, made: 2 + pruned, all: true });
  });
});

describe('a used-up budget', () => {
  it('leaves states unknown and says so; what is decided is audited in the time kept for that', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), machines, async (after, count) => {
        const device = thoroughDevice();
        const parts = madeUpExploration(twoEpochs, {
          device,
          auditLeast: 3,
          retryBoots: 100,
          machines: count,
          during: ({ asked, budget }) => {
            if (asked.length >= after) budget.abort();
          },
        });
        await parts.exploration.explore();
        const { decided, undecided } = open(parts);
        const deciding = parts.asked.filter(({ request }) => !request.cold).length;
        expect(deciding).toBeLessThan(after + count);
        expect([decided, undecided]).toEqual([likeBooted(parts), refsOf(parts.space).length - decided]);
        expect(undecided).toBeGreaterThan(0);
        expect(parts.exploration.ended).toEqual({ whole: 'budget', retry: 'budget' });
        expect(parts.exploration.auditing.made).toBeGreaterThanOrEqual(2);
        expect(parts.exploration.auditing.ended).toBe('complete');
      }),
      { numRuns: 20 },
    );
  });

  it('audits nothing where that time is over too', async () => {
    const parts = madeUpExploration(twoEpochs, {
      auditLeast: 3,
      during: ({ budget, auditBudget }) => {
        budget.abort();
        auditBudget.abort();
      },
    });
    await parts.exploration.explore();
    expect([parts.asked.length, parts.exploration.auditing.made]).toEqual([1, 0]);
    expect(parts.exploration.auditing).toMatchObject({ ended: 'budget' });
    expect(parts.exploration.auditing.asked).toBeGreaterThan(0);
    expect(parts.exploration.ended.whole).toBe('budget');
  });

  it('is none for a stage that was at its own bound before', async () => {
    const parts = madeUpExploration(twoEpochs, {
      device: thoroughDevice(),
      retryBoots: 2,
      during: ({ asked, budget }) => {
        if (asked.filter(({ request }) => request.retry).length === 2) budget.abort();
      },
    });
    await parts.exploration.explore();
    expect(parts.budget.signal.aborted).toBe(true);
    expect(parts.exploration.ended).toEqual({ whole: 'complete', retry: 'bound' });
  });

  it('is none where all was decided before', async () => {
    const parts = madeUpExploration(twoEpochs, { device: () => comesBack('whole') });
    await parts.exploration.decideAll();
    parts.budget.abort();
    await parts.exploration.explore();
    expect([parts.exploration.ended.whole, parts.asked.length]).toEqual(['complete', 1]);
  });
});

/** The parts of an exploration in which something may go wrong: the first boot of each, by what is asked of it. */
const moments: [name: string, ended: string, (parts: MadeUpExploration) => boolean][] = [
  ['while states are decided', 'interrupted', ({ asked }) => asked.length >= 4],
  ['while they are audited', 'complete', ({ asked }) => asked.some(({ request }) => request.cold)],
  [
    'while upgrades are done again',
    'complete',
    ({ asked, exploration }) => exploration.auditing.made >= 7 && asked.at(-1)?.request.retry === true,
  ],
];
const everything: MadeUpOptions = { device: thoroughDevice(), auditLeast: 5, retryBoots: 100 };

describe.each(moments)('%s', (_, ended, isNow) => {
  it.each([1, 4])(
    'an interruption ends all boots of %i machines, and says that it was one',
    async (count) => {
      let after = -1;
      const parts = madeUpExploration(twoEpochs, {
        ...everything,
        machines: count,
        during: (now) => {
          if (!isNow(now) || after >= 0) return;
          after = now.asked.length;
          now.interruption.abort(new Error('interrupted by the user'));
        },
      });
      const failure = await failureOf(parts.exploration.explore());
      expect(failure).toHaveProperty('message', 'interrupted by the user');
      expect(after).toBeGreaterThan(0);
      await nextTurn();
      expect([parts.asked.length, parts.busy.now]).toEqual([after, 0]);
      expect(parts.exploration.ended).toEqual({ whole: ended, retry: 'interrupted' });
    },
  );

  it.each([1, 4])(
    'a boot that cannot be made ends the others of %i machines, and is the reason',
    async (count) => {
      let after = -1;
      const parts = madeUpExploration(twoEpochs, {
        ...everything,
        machines: count,
        during: (now) => {
          if (!isNow(now) || after >= 0) return;
          after = now.asked.length;
          throw new Error('no space left on device');
        },
      });
      const failure = await failureOf(parts.exploration.explore());
      expect(failure).toHaveProperty('message', 'no space left on device');
      expect(parts.stopped).toEqual([failure]);
      expect(parts.interruption.signal.reason).toBe(failure);
      // Another whose boot ended in the same moment may have begun one more.
      const begun = parts.asked.length;
      expect(begun - after).toBeLessThan(count);
      await nextTurn();
      expect([parts.asked.length, parts.busy.now]).toEqual([begun, 0]);
      expect(parts.exploration.ended).toEqual({ whole: ended, retry: 'interrupted' });
    },
  );
});

describe('an epoch that has failed', () => {
  const epochOf = ({ space }: MadeUpExploration, id: string) =>
    refsOf(space)
      .filter((ref) => stateId(space.crashState(ref)) === id)
      .map((ref) => space.placeOf(ref).epoch)[0];
  const bootsOf = (parts: MadeUpExploration, epoch: number) =>
    parts.asked.filter(({ id }) => epochOf(parts, id) === epoch).length;

  /** Broken in the first epoch: sector 5 has not got its last content yet, or has lost it. */
  const brokenEpoch =
    (outcome: (on: { number: number }) => string, broken = 'failed' as const): Device =>
    (on) => {
      const seen = thoroughDevice()(on);
      const flushed = on.see(0, 0) === 2 || on.see(0, 6) === 1;
      return flushed ? seen : { verdict: broken, outcome: outcome(on) };
    };

  it('is given up when it fails again in the same way; the others are decided', async () => {
    const parts = madeUpExploration(twoEpochs, { device: brokenEpoch(() => 'boots: kernel-panic') });
    await parts.exploration.decideAll();
    const refs = refsOf(parts.space);
    const first = refs.filter((ref) => parts.space.placeOf(ref).epoch === 0);
    expect(bootsOf(parts, 0)).toBe(2);
    const decided = first.filter((ref) => decidedOutcome(parts, ref) !== undefined);
    for (const ref of decided) assert.equal(decidedOutcome(parts, ref), parts.truth(ref));
    expect(open(parts).skipped).toBe(first.length - decided.length);
    expect(decided.length).toBeLessThan(first.length / 2);
    expect(open(parts).undecided).toBe(0);
    for (const ref of refs)
      if (parts.space.placeOf(ref).epoch !== 0) assert.equal(decidedOutcome(parts, ref), parts.truth(ref));
    expect(parts.exploration.ended.whole).toBe('complete');
  });

  it('is not given up by a thorough exploration, which decides each of its states', async () => {
    const parts = madeUpExploration(twoEpochs, {
      device: brokenEpoch(() => 'boots: kernel-panic'),
      thorough: true,
    });
    await parts.exploration.decideAll();
    expect(open(parts)).toMatchObject({ skipped: 0, undecided: 0 });
    for (const ref of refsOf(parts.space)) assert.equal(decidedOutcome(parts, ref), parts.truth(ref));
  });

  it('gets some boots more to fail in another way, and no more than that', async () => {
    const parts = madeUpExploration(twoEpochs, { device: brokenEpoch(({ number }) => `way ${number}`) });
    await parts.exploration.decideAll();
    expect(bootsOf(parts, 0)).toBe(1 + bootsAfterFailure);
  });

  it('counts boots that pass among these', async () => {
    let failures = 0;
    const device: Device = (on) => {
      const seen = thoroughDevice()(on);
      return on.number === 0 ? { verdict: 'failed', outcome: `way ${(failures += 1)}` } : seen;
    };
    const parts = madeUpExploration(twoEpochs, { device });
    const epoch = (parts.exploration.whole.next() ?? undefined) === undefined ? -1 : 0;
    await parts.exploration.decideAll();
    expect([epoch, failures, bootsOf(parts, 0)]).toEqual([0, 1, 1 + bootsAfterFailure]);
  });

  it('stays whole where it is the same epoch of another upgrade', async () => {
    const made = historyOf([write(0, 1), write(1, 1), 'next upgrade', write(0, 2), write(2, 1)]);
    const device: Device = (on) => {
      const { outcome } = thoroughDevice()(on);
      return on.step === 0 ? { verdict: 'failed', outcome: 'boots: no' } : comesBack(outcome);
    };
    const parts = madeUpExploration(made, { device });
    await parts.exploration.decideAll();
    const second = refsOf(parts.space).filter(
      (ref) => parts.space.windows[parts.space.placeOf(ref).window]?.upgrade === 1,
    );
    expect(second.length).toBeGreaterThan(2);
    for (const ref of second) assert.equal(decidedOutcome(parts, ref), parts.truth(ref));
    expect(open(parts).skipped).toBeGreaterThan(0);
  });
});

describe('bounds', () => {
  it('tries an upgrade again after as many boots as are allowed, audits included', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(12), fc.nat(8), machines, async (retryBoots, auditLeast, count) => {
        const device = thoroughDevice();
        const parts = madeUpExploration(twoEpochs, { device, retryBoots, auditLeast, machines: count });
        await parts.exploration.explore();
        expect(parts.asked.filter(({ request }) => request.retry).length).toBe(retryBoots);
        expect(parts.exploration.ended).toEqual({ whole: 'complete', retry: 'bound' });
        const done = new Set(
          parts.told.filter(({ retry }) => retry !== undefined).map(({ whole }) => whole.outcome),
        );
        const alike = refsOf(parts.space).filter((ref) => done.has(parts.truth(ref)));
        expect(parts.exploration.retry.decided).toBe(alike.length);
      }),
      { numRuns: 30 },
    );
  });

  it('decides the upgrade done again for all states where it may', async () => {
    const device: Device = (on) => ({ ...plainDevice(on), retry: `again ${on.see(0, 3)}` });
    const parts = madeUpExploration(twoEpochs, { device, retryBoots: 1000, machines: 2 });
    await parts.exploration.explore();
    expect(parts.exploration.ended.retry).toBe('complete');
    expect(parts.exploration.retry.decided).toBe(refsOf(parts.space).length);
    const told = parts.told.filter(({ retry }) => retry !== undefined);
    expect(told.map(({ decides }) => decides.whole)).toEqual(told.map(() => 0));
    expect(told.reduce((sum, { decides }) => sum + decides.retry, 0)).toBe(refsOf(parts.space).length);
    expect(told.length).toBeLessThan(20);
  });

  it('does not ask a device to do its upgrade again that never comes back whole', async () => {
    const device: Device = ({ see }) => ({
      verdict: 'failed',
      outcome: `boots: ${see(0, 0)}`,
      retry: 'never',
    });
    const parts = madeUpExploration(twoEpochs, { device, retryBoots: 1000 });
    await parts.exploration.explore();
    // One for each content of the sector that it reads, and the audits of the first.
    expect(parts.asked.filter(({ request }) => request.retry).length).toBeLessThanOrEqual(2 + 3);
    expect(parts.exploration.ended.retry).toBe('complete');
    expect(parts.exploration.retry.decided).toBe(0);
  });

  it('makes so many boots of a second cut and no more, however many machines there are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 8 }), machines, async (maxBoots, count) => {
        const parts = madeUpExploration(twoEpochs, { device: thoroughDevice(), machines: count });
        await parts.exploration.decideAll((boots) => boots < maxBoots);
        expect(parts.asked.length).toBe(maxBoots);
        expect(parts.exploration.ended.whole).toBe('bound');
        expect(open(parts).undecided).toBe(refsOf(parts.space).length - likeBooted(parts));
      }),
      { numRuns: 20 },
    );
  });

  it('is complete where that was enough', async () => {
    const parts = madeUpExploration(twoEpochs, { device: () => comesBack('whole') });
    await parts.exploration.decideAll((boots) => boots < 1);
    expect(parts.exploration.ended.whole).toBe('complete');
  });
});

describe('what becomes of any state', () => {
  it('is known without a boot where an earlier one read nothing that differs; else it is booted, once', async () => {
    await fc.assert(
      fc.asyncProperty(madeUp, fc.nat(), async (made, choice) => {
        const parts = madeUpExploration(made, {});
        const refs = refsOf(parts.space);
        const ref = refs[choice % Math.max(1, refs.length)];
        if (ref === undefined) return;
        const { exploration, space } = parts;
        const state = space.crashState(ref);
        const window = space.windows[space.placeOf(ref).window]!;
        expect(exploration.knownOutcome(state, window, 'whole')).toBeUndefined();
        const first = await exploration.outcomeOf(state, window, 'whole');
        expect(first.outcome).toBe(parts.truth(ref));
        expect(await exploration.outcomeOf(state, window, 'whole')).toBe(first);
        expect(exploration.knownOutcome(state, window, 'whole')).toBe(first);
        expect(parts.asked.map(({ request }) => request)).toEqual([
          { retry: false, cold: true, seed: 0, audit: false },
        ]);
        expect(exploration.knownOutcome(state, { ...window, upgrade: 7 }, 'whole')).toBeUndefined();
        for (const other of refs) {
          const known = exploration.knownOutcome(space.crashState(other), window, 'whole');
          const { upgrade } = space.windows[space.placeOf(other).window]!;
          if (known !== undefined && upgrade === window.upgrade)
            expect(known.outcome).toBe(parts.truth(other));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('is asked of the stage that failed', async () => {
    const device: Device = (on) => ({ ...plainDevice(on), retry: 'again' });
    const { exploration, space, asked } = madeUpExploration(twoEpochs, { device });
    const [ref] = refsOf(space);
    const state = space.crashState(ref!);
    expect(await exploration.outcomeOf(state, space.windows[0]!, 'retry')).toHaveProperty('outcome', 'again');
    expect(asked.map(({ request }) => request.retry)).toEqual([true]);
  });
});
