import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cause, findCause, maxBoots, type Outcomes } from '../../../src/explore/cause.ts';
import { simplestOf } from '../../../src/explore/known-outcomes.ts';
import type { CrashState } from '../../../src/writelog/crash-state.ts';
import type { Window } from '../../../src/writelog/windows.ts';
import { historyOf, type MadeUp, type Request } from './made-up.ts';
import { comesBack, type Device, madeUpExploration } from './made-up-device.ts';

const write = (sector: number, ...tags: number[]): Request => ({ sector, tags });
const broken = { verdict: 'failed', outcome: 'boots: kernel-panic' } as const;

/** Explores, and finds the cause of the first way to fail; undefined where nothing fails. */
async function causeIn(
  made: MadeUp,
  device: Device,
): Promise<{ state: CrashState; cause: Cause } | undefined> {
  const { exploration, space } = madeUpExploration(made, { device });
  await exploration.decideAll();
  const failing = exploration.boots.filter(({ whole }) => whole.outcome === broken.outcome);
  const simple = simplestOf(exploration, failing, 'whole');
  if (simple === undefined) return undefined;
  expect(space.windows).toContain(simple.window);
  return findCause(exploration, made.log, { ...simple, stage: 'whole', outcome: broken.outcome });
}

/** The moment right after a request of a history, whose first sets the mark. */
function after({ log }: MadeUp, seq: number): number {
  return log.records[seq]!.issued + 1;
}

/**
 * What updaters write, what a device makes of it, and which writes are to blame: half of them are broken, and the
 * other half differ from these by one flush, by the order of two writes, or by what the device looks at.
 */
const histories: [
  name: string,
  requests: Request[],
  device: Device,
  cause: Cause | 'none',
  /** The write or flush after which the earliest failing cut comes. */
  cut?: number,
][] = [
  [
    'flips the slot before what is in it was flushed',
    [write(8, 1), write(0, 1), write(12, 1), write(13, 1)],
    ({ see }) => (see(0, 0) === 1 && see(0, 8) === 0 ? broken : comesBack(`slot ${see(0, 0)}`)),
    { kind: 'lost', lost: [0] },
    1,
  ],
  [
    'flushes, then flips the slot',
    [write(8, 1), 'flush', write(0, 1), write(12, 1), write(13, 1)],
    ({ see }) => (see(0, 0) === 1 && see(0, 8) === 0 ? broken : comesBack(`slot ${see(0, 0)}`)),
    'none',
  ],
  [
    'flips the slot, and only then writes what is in it',
    [write(12, 1), write(0, 1), 'flush', write(13, 1), write(8, 1), write(14, 1)],
    ({ see }) => (see(0, 0) === 1 && see(0, 8) === 0 ? broken : comesBack(`slot ${see(0, 0)}`)),
    { kind: 'between', last: 1, next: 4 },
  ],
  [
    'flips the slot, and writes what is in it when the phase is over',
    [write(12, 1), write(0, 1), 'flush', write(13, 1), write(14, 1)],
    ({ see }) => (see(0, 0) === 1 && see(0, 8) === 0 ? broken : comesBack(`slot ${see(0, 0)}`)),
    { kind: 'from-there-on', last: 1 },
  ],
  [
    'does not look at the slot that it has flipped to',
    [write(12, 1), write(0, 1), 'flush', write(13, 1), write(8, 1), write(14, 1)],
    ({ see }) => comesBack(`slot ${see(0, 0)}`),
    'none',
  ],
  [
    'writes its state in place, over three sectors',
    [write(12, 2), 'flush', write(4, 1, 1, 1), write(13, 1)],
    ({ see }) => (see(0, 4) === see(0, 6) ? comesBack(`state ${see(0, 4)}`) : broken),
    { kind: 'torn', seq: 2, part: 'head', sectors: 1 },
  ],
  [
    'writes its state in place, in one sector',
    [write(12, 2), 'flush', write(4, 1), write(13, 1, 1)],
    ({ see }) => comesBack(`state ${see(0, 4)}`),
    'none',
  ],
  [
    'writes a new state beside the old one, flushes neither, and drops the old one',
    [write(4, 1), 'flush', write(8, 2), write(13, 1), write(4, 0), write(14, 1)],
    // Not before the first update: the old state is written first of all.
    ({ see }) => (see(0, 13) === 1 && see(0, 4) === 0 && see(0, 8) === 0 ? broken : comesBack('whole')),
    { kind: 'lost', lost: [2] },
    4,
  ],
  [
    'keeps the old state until the new one is flushed',
    [write(4, 1), 'flush', write(8, 2), write(13, 1), 'flush', write(4, 0), write(14, 1)],
    ({ see }) => (see(0, 13) === 1 && see(0, 4) === 0 && see(0, 8) === 0 ? broken : comesBack('whole')),
    'none',
  ],
];

describe('a cause', () => {
  it.each(histories)('of a device that %s', async (_, requests, device, cause, cut) => {
    const made = historyOf(requests);
    const found = await causeIn(made, device);
    expect(found?.cause ?? 'none').toEqual(cause);
    if (cut !== undefined) expect(found?.state.at).toBe(after(made, cut));
  });

  it('of a torn write is its loss, where losing it whole does the same', async () => {
    const made = historyOf([write(4, 1, 1), write(12, 1), write(13, 1)]);
    const device: Device = ({ see }) => (see(0, 12) === 1 && see(0, 5) === 0 ? broken : comesBack('whole'));
    const { exploration, space } = madeUpExploration(made, { device });
    const state: CrashState = {
      at: after(made, 2),
      shape: { kind: 'torn', seq: 0, part: 'head', sectors: 1 },
    };
    const failure = { state, window: space.windows[0]!, stage: 'whole', outcome: broken.outcome } as const;
    const found = await findCause(exploration, made.log, failure);
    expect(found.cause).toEqual({ kind: 'lost', lost: [0] });
    expect(found.state).toEqual({ at: state.at, shape: { kind: 'subset', lost: [0] } });
  });

  it('between two writes is told from any state between them', async () => {
    const made = historyOf([12, 0, 13, 14, 15, 8, 16].map((sector) => write(sector, 1)));
    const device: Device = ({ see }) => (see(0, 0) === 1 && see(0, 8) === 0 ? broken : comesBack('whole'));
    const { exploration, space } = madeUpExploration(made, { device });
    const window = space.windows[0]!;
    await exploration.outcomeOf({ at: after(made, 3), shape: { kind: 'prefix' } }, window, 'whole');
    for (const seq of [1, 2, 3, 4]) {
      const state: CrashState = { at: after(made, seq), shape: { kind: 'prefix' } };
      const failure = { state, window, stage: 'whole', outcome: broken.outcome } as const;
      const found = await findCause(exploration, made.log, failure);
      expect(found).toEqual({ state, cause: { kind: 'between', last: 1, next: 5 } });
    }
  });

  it('is exactly the planted writes, and the earliest cut the one that commits them', async () => {
    const planted = fc
      .record({
        count: fc.integer({ min: 2, max: 9 }),
        culprits: fc.uniqueArray(fc.nat(8), { minLength: 1, maxLength: 3 }),
        flushed: fc.boolean(),
      })
      .map(({ count, culprits, flushed }) => {
        const needed = [...new Set(culprits.map((one) => one % (count - 1)))].sort((a, b) => a - b);
        return { count, needed, flushed };
      });
    await fc.assert(
      fc.asyncProperty(planted, async ({ count, needed, flushed }) => {
        // The last write but one commits: it is there and all of the needed ones are not.
        const requests: Request[] = Array.from({ length: count }, (_, i) => write(i, 1));
        if (flushed) requests.splice(count - 1, 0, 'flush');
        requests.push(write(20, 1), write(21, 1));
        const made = historyOf(requests);
        const commit = flushed ? count : count - 1;
        const device: Device = ({ see }) =>
          see(0, count - 1) === 1 && needed.every((sector) => see(0, sector) === 0)
            ? broken
            : comesBack('whole');
        const found = await causeIn(made, device);
        if (flushed) expect(found).toBeUndefined();
        else {
          expect(found?.cause).toEqual({ kind: 'lost', lost: needed });
          expect(found?.state).toEqual({ at: after(made, commit), shape: { kind: 'subset', lost: needed } });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes no more boots than it may, and ends with the smallest that was seen to fail', async () => {
    const made = historyOf(Array.from({ length: 30 }, (_, i) => write(i, 1)));
    const boots: number[] = [];
    const lostIn = ({ shape }: CrashState) => (shape.kind === 'subset' ? shape.lost : []);
    const outcomes: Outcomes = {
      boots,
      // Broken while the first and the last are lost: halves do not help.
      outcomeOf: (state) => {
        boots.push(lostIn(state).length);
        const fails = lostIn(state).includes(0) && lostIn(state).includes(29);
        return Promise.resolve(fails ? broken : comesBack('whole'));
      },
      knownOutcome: () => undefined,
    };
    const window: Window = { upgrade: 0, phase: 'install', from: 0, to: made.log.now };
    const state: CrashState = { at: made.log.now, shape: { kind: 'lost', keep: 'none' } };
    const { cause } = await findCause(outcomes, made.log, {
      state,
      window,
      stage: 'whole',
      outcome: broken.outcome,
    });
    expect(boots.length).toBe(maxBoots);
    expect(cause).toHaveProperty('kind', 'lost');
    const { lost } = cause as Extract<Cause, { kind: 'lost' }>;
    expect(lost).toEqual(expect.arrayContaining([0, 29]));
    expect(lost.length).toBeLessThan(30);
  });

  it('of a failed retry is what the retry met, not where earlier boots happened to end', async () => {
    const made = historyOf(Array.from({ length: 40 }, (_, i) => write(i % 20, 1)));
    const window: Window = { upgrade: 0, phase: 'install', from: 0, to: made.log.now };
    const boots: number[] = [];
    // A lock is there from write 10 on, until write 30 removes it. One boot has told of the state that was found.
    const locked = ({ at }: CrashState) => at >= after(made, 10) && at < after(made, 30);
    const outcomes: Outcomes = {
      boots,
      outcomeOf: (state) => {
        boots.push(state.at);
        return Promise.resolve(locked(state) ? broken : comesBack('done again'));
      },
      knownOutcome: ({ at }) => (at >= after(made, 17) && at <= after(made, 23) ? broken : undefined),
    };
    const state: CrashState = { at: after(made, 20), shape: { kind: 'prefix' } };
    const failure = { state, window, stage: 'retry', outcome: broken.outcome } as const;
    const { cause } = await findCause(outcomes, made.log, failure);
    expect(cause).toEqual({ kind: 'between', last: 10, next: 30 });
    expect(boots.length).toBeLessThanOrEqual(maxBoots);
  });

  it('is not one that makes devices fail in another way', async () => {
    const made = historyOf([write(0, 1), write(1, 1), write(2, 1)]);
    const device: Device = ({ see }) => {
      if (see(0, 2) !== 1 || see(0, 1) === 1) return comesBack('whole');
      return see(0, 0) === 0 ? broken : { ...broken, outcome: 'boots: no-login' };
    };
    const found = await causeIn(made, device);
    expect(found?.cause).toEqual({ kind: 'lost', lost: [0, 1] });
  });
});
