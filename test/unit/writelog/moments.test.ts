import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durabilityAt } from '../../../src/writelog/durability.ts';
import { epochEnds, OpenWrites } from '../../../src/writelog/moments.ts';
import { arbitraryLog } from './arbitrary-log.ts';

describe('OpenWrites', () => {
  it('agrees with durability at moment after moment', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.array(fc.nat(200), { maxLength: 30 }), (log, moments) => {
        const open = new OpenWrites(log);
        for (const at of moments.sort((a, b) => a - b))
          expect(open.at(at)).toEqual(durabilityAt(log, at).optional);
      }),
    );
  });

  it('keeps what it returned as it was', () => {
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        const open = new OpenWrites(log);
        const lists = Array.from({ length: log.now + 1 }, (_, at) => open.at(at));
        lists.forEach((list, at) => {
          expect(list).toEqual(durabilityAt(log, at).optional);
        });
      }),
    );
  });
});

describe('epochEnds', () => {
  it('is where a flush is about to have completed, and the end', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.nat(60), fc.nat(60), (log, from, length) => {
        const to = from + length + 1;
        const completes = (at: number) =>
          log.records.some(({ kind, completed }) => kind === 'flush' && completed === at);
        const inside = Array.from({ length }, (_, i) => from + 1 + i).filter(completes);
        expect(epochEnds(log, { from, to })).toEqual([...inside, to]);
      }),
    );
  });
});
