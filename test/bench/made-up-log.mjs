/**
 * A made-up write log in which everything differs, and its crash states: the same each time. Used by bench:ledger and
 * bench:states. `writes` of at most `mostSectors` sectors each, on a disk of 1 GiB, in two phases.
 */
import { Cells } from '../../dist/explore/cells.js';
import { Contents } from '../../dist/explore/contents.js';
import { Space } from '../../dist/explore/space.js';
import { WriteLog } from '../../dist/writelog/log.js';
import { windowsOf } from '../../dist/writelog/windows.js';

export const disk = { id: 'main', sectors: (1 << 30) / 512, cache: 'writeback' };

/** The log and its crash states of all kinds; `random` draws both. */
export function madeUpStates(random, { writes, mostSectors }) {
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
  const kinds = ['prefix', 'lost', 'torn', 'subset'];
  return { log, cells, space: new Space({ log, windows: windowsOf(log), kinds, contents, cells, parts: [], random }) };
}
