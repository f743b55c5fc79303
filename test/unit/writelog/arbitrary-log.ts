import fc from 'fast-check';
import { WriteLog } from '../../../src/writelog/log.ts';

/** A step of a made-up guest: it issues a request, an earlier one (counted from the oldest) completes, a mark. */
type Step =
  | { do: 'write' | 'zero' | 'trim'; disk: number; sector: number; count: number; fua: boolean }
  | { do: 'flush'; disk: number }
  | { do: 'complete'; which: number }
  | { do: 'mark'; name: string };

/** What made-up logs are like. */
interface LogOptions {
  /** Sectors of the two disks. */
  sectors: readonly [number, number];
  /** Names of marks that may be set; none if empty. */
  marks: readonly string[];
  /** How much likelier a request is to complete than a mark is to be set. */
  haste: number;
  maxLength: number;
  /** `max`: as likely long as short. */
  size?: fc.SizeForArbitrary;
}

function place(sectors: number): fc.Arbitrary<{ sector: number; count: number }> {
  return fc
    .tuple(fc.nat(sectors - 1), fc.integer({ min: 1, max: 8 }))
    .map(([sector, count]) => ({ sector, count: Math.min(count, sectors - sector) }));
}

function stepOf({ sectors, marks, haste }: LogOptions): fc.Arbitrary<Step> {
  const onDisk = fc
    .constantFrom(0, 1)
    .chain((disk) => fc.record({ disk: fc.constant(disk), at: place(sectors[disk]) }));
  return fc.oneof(
    {
      weight: 12,
      arbitrary: fc
        .tuple(
          fc.constantFrom('write' as const, 'write' as const, 'zero' as const, 'trim' as const),
          onDisk,
          fc.boolean(),
        )
        .map(([kind, { disk, at }, fua]): Step => ({ do: kind, disk, ...at, fua })),
    },
    { weight: 3, arbitrary: fc.nat(1).map((disk): Step => ({ do: 'flush', disk })) },
    { weight: haste, arbitrary: fc.nat(5).map((which): Step => ({ do: 'complete', which })) },
    ...marks.map((name) => ({ weight: 1, arbitrary: fc.constant<Step>({ do: 'mark', name }) })),
  );
}

/** Logs of two disks, the second one write-through, with requests that overlap in time and place. */
export function arbitraryLogOf(options: LogOptions): fc.Arbitrary<WriteLog> {
  const { maxLength, size = 'small' } = options;
  return fc.array(stepOf(options), { maxLength, size }).map((steps) => play(steps, options.sectors));
}

export const arbitraryLog = arbitraryLogOf({ sectors: [32, 32], marks: [], haste: 15, maxLength: 60 });

function play(steps: readonly Step[], sectors: readonly [number, number]): WriteLog {
  const log = new WriteLog([
    { id: 'main', sectors: sectors[0], cache: 'writeback' },
    { id: 'vars', sectors: sectors[1], cache: 'writethrough' },
  ]);
  let arena = 0;
  for (const entry of steps) {
    if (entry.do === 'mark') {
      log.mark(entry.name);
    } else if (entry.do === 'complete') {
      const open = log.records.filter((record) => record.completed === undefined);
      const record = open[entry.which];
      if (record !== undefined) log.complete(record);
    } else if (entry.do === 'flush') {
      log.issue(entry.disk, 'flush', 0, 0, false);
    } else {
      const { disk, sector, count, fua } = entry;
      log.issue(disk, entry.do, sector, count, fua, entry.do === 'write' ? arena : -1);
      if (entry.do === 'write') arena += count;
    }
  }
  return log;
}
