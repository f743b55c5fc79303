import fc from 'fast-check';
import { WriteLog } from '../../../src/writelog/log.ts';

const diskSectors = 32;

/** A step of a made-up guest: it issues a request, or an earlier one (counted from the oldest) completes. */
type Step =
  | { do: 'write' | 'zero'; disk: number; sector: number; count: number; fua: boolean }
  | { do: 'flush'; disk: number }
  | { do: 'complete'; which: number };

const place = fc
  .tuple(fc.nat(diskSectors - 1), fc.integer({ min: 1, max: 8 }))
  .map(([sector, count]) => ({ sector, count: Math.min(count, diskSectors - sector) }));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom<'write' | 'zero'>('write', 'zero'), fc.nat(1), place, fc.boolean())
      .map(([kind, disk, at, fua]): Step => ({ do: kind, disk, ...at, fua })),
  },
  { weight: 1, arbitrary: fc.nat(1).map((disk): Step => ({ do: 'flush', disk })) },
  { weight: 5, arbitrary: fc.nat(5).map((which): Step => ({ do: 'complete', which })) },
);

/** Logs of two disks, the second one write-through, with requests that overlap in time and place. */
export const arbitraryLog: fc.Arbitrary<WriteLog> = fc.array(step, { maxLength: 60 }).map((steps) => {
  const log = new WriteLog([
    { id: 'main', sectors: diskSectors, cache: 'writeback' },
    { id: 'vars', sectors: diskSectors, cache: 'writethrough' },
  ]);
  let arena = 0;
  for (const entry of steps) {
    if (entry.do === 'complete') {
      const open = log.records.filter((record) => record.completed === undefined);
      const record = open[entry.which];
      if (record !== undefined) log.complete(record);
    } else if (entry.do === 'flush') {
      log.issue(entry.disk, 'flush', 0, 0, false);
    } else {
      log.issue(
        entry.disk,
        entry.do,
        entry.sector,
        entry.count,
        entry.fua,
        entry.do === 'write' ? arena : -1,
      );
      if (entry.do === 'write') arena += entry.count;
    }
  }
  return log;
});
