/**
 * A made-up write log in which everything differs, and its crash states: the same each time. Used by bench:ledger and
 * bench:states. `writes` of at most `mostSectors` sectors each, on a disk of 1 GiB, in two phases.
 */

import type { Random } from '../../src/core/random.ts';
import { Cells } from '../../src/explore/cells.ts';
import { Contents } from '../../src/explore/contents.ts';
import { Space } from '../../src/explore/space.ts';
import type { CutRecord } from '../../src/model/record.ts';
import { type LogDisk, WriteLog } from '../../src/writelog/log.ts';
import { windowsOf } from '../../src/writelog/windows.ts';

export const disk: LogDisk = { id: 'main', sectors: (1 << 30) / 512, cache: 'writeback' };

/** The log and its crash states of all kinds; `random` draws both. */
export function madeUpStates(
  random: Random,
  { writes, mostSectors }: { writes: number; mostSectors: number },
): { log: WriteLog; cells: Cells; space: Space } {
  const log = new WriteLog([disk]);
  log.mark('0/install');
  let arena = 0;
  for (let i = 0; i < writes; i += 1) {
    if (i === Math.floor(writes / 2)) log.mark('0/first-boot');
    const count = 1 + random.int(mostSectors);
    log.complete(log.issue(0, 'write', random.int(disk.sectors - count), count, false, arena));
    arena += count;
    if (random.int(3) === 0) log.complete(log.issue(0, 'flush', 0, 0, false));
  }
  const contents = new Contents(
    {
      sectors: arena,
      read(sector, count) {
        const data = Buffer.alloc(count * 512);
        for (let i = 0; i < count; i += 1) data.writeUInt32LE(sector + i + 1, i * 512 + 8);
        return data;
      },
    },
    [{ bytes: disk.sectors * 512, read: (_, length) => Buffer.alloc(length) }],
  );
  const cells = new Cells(contents, [disk.sectors]);
  const kinds = ['prefix', 'lost', 'torn', 'subset'] as const;
  return {
    log,
    cells,
    space: new Space({ log, windows: windowsOf(log), kinds, contents, cells, parts: [], random }),
  };
}

/** What a run notes of a boot of a state. */
export function madeUpCut(state: string): CutRecord {
  return {
    id: `p1.${state}`,
    kind: 'prefix',
    path: ['1.0', '1.1'],
    upgrade: '1.0->1.1',
    during: 'install',
    description: 'made up',
    outcome: 'old (1.0) in A',
    checks: [],
    verdict: 'passed',
    seconds: 9,
  };
}
