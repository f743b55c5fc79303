import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CrashState, describeState, stateMaps } from '../../../src/writelog/crash-state.ts';
import { durabilityAt } from '../../../src/writelog/durability.ts';
import { WriteLog } from '../../../src/writelog/log.ts';
import { fromBase, zeroed } from '../../../src/writelog/sector-map.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { arbitraryLog } from './arbitrary-log.ts';

function smallLog(): WriteLog {
  const log = new WriteLog([{ id: 'main', sectors: 8, cache: 'writeback' }]);
  log.complete(log.issue(0, 'write', 0, 4, false, 0));
  log.complete(log.issue(0, 'flush', 0, 0, false));
  log.complete(log.issue(0, 'write', 2, 4, false, 4));
  log.complete(log.issue(0, 'zero', 0, 1, false));
  return log;
}

const mapOf = (log: WriteLog, state: CrashState) => [...(stateMaps(log, state)[0] ?? [])];

describe('stateMaps', () => {
  const log = smallLog();
  const at = log.now;
  const b = fromBase;

  it('prefix: everything issued is there', () => {
    expect(mapOf(log, { at, shape: { kind: 'prefix' } })).toEqual([zeroed, 1, 4, 5, 6, 7, b, b]);
  });

  it('none: only what was flushed', () => {
    expect(mapOf(log, { at, shape: { kind: 'lost', keep: 'none' } })).toEqual([0, 1, 2, 3, b, b, b, b]);
  });

  it('all but one, only one', () => {
    expect(mapOf(log, { at, shape: { kind: 'lost', keep: 'all-but', seq: 2 } })).toEqual([
      zeroed,
      1,
      2,
      3,
      b,
      b,
      b,
      b,
    ]);
    expect(mapOf(log, { at, shape: { kind: 'lost', keep: 'only', seq: 2 } })).toEqual([
      0,
      1,
      4,
      5,
      6,
      7,
      b,
      b,
    ]);
  });

  it('torn: head, tail, and zeros after the head', () => {
    const cut = (log.records[2]?.issued ?? 0) + 1;
    const torn = (part: 'head' | 'tail' | 'zero') =>
      mapOf(log, { at: cut, shape: { kind: 'torn', seq: 2, part, sectors: 1 } });
    expect(torn('head')).toEqual([0, 1, 4, 3, b, b, b, b]);
    expect(torn('tail')).toEqual([0, 1, 2, 3, b, 7, b, b]);
    expect(torn('zero')).toEqual([0, 1, 4, zeroed, zeroed, zeroed, b, b]);
  });

  it('refuses to lose a write that was flushed', () => {
    expect(() => stateMaps(log, { at, shape: { kind: 'lost', keep: 'all-but', seq: 0 } })).toThrow(
      RangeError,
    );
  });

  it('leaves each sector in a version that is not older than the durable one', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.nat(), fc.nat(), (log, moment, choice) => {
        const at = moment % (log.now + 1);
        const { durable, optional } = durabilityAt(log, at);
        const pick = optional[choice % Math.max(1, optional.length)];
        const shapes: CrashState['shape'][] = [{ kind: 'prefix' }, { kind: 'lost', keep: 'none' }];
        if (pick !== undefined)
          shapes.push(
            { kind: 'lost', keep: 'all-but', seq: pick.seq },
            { kind: 'lost', keep: 'only', seq: pick.seq },
            { kind: 'torn', seq: pick.seq, part: 'tail', sectors: Math.max(1, pick.count - 1) },
          );
        for (const shape of shapes) {
          stateMaps(log, { at, shape }).forEach((map, disk) => {
            map.forEach((content, sector) => {
              const covers = (record: { disk: number; sector: number; count: number }) =>
                record.disk === disk && record.sector <= sector && sector < record.sector + record.count;
              const last = durable.filter(covers).at(-1);
              const allowed = [...durable, ...optional]
                .filter((record) => covers(record) && record.issued >= (last?.issued ?? 0))
                .map((record) => (record.kind === 'write' ? record.arena + sector - record.sector : zeroed));
              if (last === undefined) allowed.push(fromBase);
              assert.ok(allowed.includes(content), `${content} is none of ${allowed.join(', ')}`);
            });
          });
        }
      }),
    );
  });
});

describe('stateId and describeState', () => {
  it('name a state briefly and say it in words', () => {
    const log = smallLog();
    const state: CrashState = { at: log.now, shape: { kind: 'lost', keep: 'only', seq: 2 } };
    expect(stateId(state)).toBe(`${log.now}.only2`);
    expect(describeState(log, state)).toBe('after write 3 of 3, 1 of 2 un-flushed writes lost, write 2 kept');
    expect(describeState(log, { at: log.now, shape: { kind: 'prefix' } })).toBe(
      'after write 3 of 3, nothing lost',
    );
  });
});
