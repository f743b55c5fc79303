/**
 * What it takes to lay out and decide the crash states of long recordings: made-up logs of two lengths over a disk of
 * 1 GiB, each in a process of its own. Prints one JSON object. Needs the built dist/ (npm run bench:explore-memory).
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../../src/core/random.ts';
import { Cells } from '../../src/explore/cells.ts';
import { Contents } from '../../src/explore/contents.ts';
import { Coverage } from '../../src/explore/coverage.ts';
import { Space } from '../../src/explore/space.ts';
import type { StateRef } from '../../src/explore/states.ts';
import { WriteLog } from '../../src/writelog/log.ts';
import { windowsOf } from '../../src/writelog/windows.ts';

const { values } = parseArgs({
  options: {
    writes: { type: 'string', default: '25000,100000' },
    megabytes: { type: 'string', default: '1024' },
    sectors: { type: 'string', default: '160000' },
    one: { type: 'string' },
  },
});
const diskBytes = Number(values.megabytes) * 2 ** 20;
const sectorsRead = Number(values.sectors);

/** Writes of 1 to 16 sectors, half of them where one of the last ones was; about ten to a flush. */
function makeLog(writes: number, random: Random): { log: WriteLog; arenaSectors: number } {
  const sectors = diskBytes / 512;
  const log = new WriteLog([{ id: 'main', sectors, cache: 'writeback' }]);
  log.mark('0/install');
  let arena = 0;
  let last = 0;
  for (let i = 0; i < writes; i += 1) {
    const count = 1 + random.int(16);
    const sector =
      random.int(2) === 0 ? random.int(sectors - 16) : Math.min(last + random.int(64), sectors - 16);
    last = sector;
    log.complete(log.issue(0, 'write', sector, count, random.int(50) === 0, arena));
    arena += count;
    if (random.int(10) === 0) log.complete(log.issue(0, 'flush', 0, 0, false));
  }
  return { log, arenaSectors: arena };
}

/** Sectors that are all different, without a file behind them. */
function madeUpSectors(sectors: number) {
  return {
    sectors,
    read(sector: number, count: number) {
      const data = Buffer.alloc(count * 512);
      for (let i = 0; i < count; i += 1) data.writeUInt32LE(sector + i + 1, i * 512 + 8);
      return data;
    },
  };
}

function measureOne(writes: number) {
  const random = new Random(`bench ${writes}`);
  const { log, arenaSectors } = makeLog(writes, random);
  const rss: Record<string, number> = { log: megabytes(process.memoryUsage().rss) };
  const contents = new Contents(madeUpSectors(arenaSectors), [
    { bytes: diskBytes, read: (_, length) => Buffer.alloc(length) },
  ]);
  const cells = new Cells(contents, [diskBytes / 512]);
  const layout = timed(
    () =>
      new Space({
        log,
        windows: windowsOf(log),
        kinds: ['prefix', 'lost', 'torn', 'subset'],
        contents,
        cells,
        parts: [],
        random,
      }),
  );
  const space = layout.result;
  rss['layout'] = megabytes(process.memoryUsage().rss);
  const coverage = timed(() => new Coverage(space));
  const next = timed(() => {
    const ref = coverage.result.next();
    if (ref === undefined) throw new Error('there is no state');
    return ref;
  });
  const sectors = Array.from({ length: Math.min(cells.count, sectorsRead) }, (_, cell) => cells.sector(cell));
  const readBy = (ref: StateRef) =>
    timed(() => space.cellsRead((cell) => space.contentIn(ref, cell), [{ recovered: sectors, raw: [] }]));
  const read = readBy(next.result);
  const decide = timed(() => coverage.result.decide(next.result, 0, read.result));
  // The subset that differs most from its place on an axis.
  const widest = {
    subset: space.subsets.reduce(
      (best, { count }, i) => (count > (space.subsets[best]?.count ?? 0) ? i : best),
      0,
    ),
  };
  const subsetRead = readBy(widest);
  const decideSubset = timed(() => coverage.result.decide(widest, 1, subsetRead.result));
  const tally = timed(() => coverage.result.tally());
  return {
    writes,
    flushes: log.records.length - writes,
    arenaSectors,
    cells: cells.count,
    states: Object.values(tally.result.all).reduce((sum, count) => sum + count, 0),
    rungs: tally.result.all,
    decided: decide.result,
    seconds: Object.fromEntries(
      Object.entries({
        layout,
        coverage,
        next,
        cellsRead: read,
        decide,
        subsetRead,
        decideSubset,
        tally,
      }).map(([name, { wall, cpu }]) => [name, { wall, cpu }]),
    ),
    megabytes: { ...rss, peak: megabytes(process.resourceUsage().maxRSS * 1024) },
  };
}

function timed<T>(work: () => T): { result: T; wall: number; cpu: number } {
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const result = work();
  const { user, system } = process.cpuUsage(cpuBefore);
  return { result, wall: round3((performance.now() - start) / 1000), cpu: round3((user + system) / 1e6) };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}

if (values.one !== undefined) {
  console.log(JSON.stringify(measureOne(Number(values.one))));
} else {
  const sizes = values.writes
    .split(',')
    .map((writes): unknown =>
      JSON.parse(
        execFileSync(
          process.execPath,
          [
            fileURLToPath(import.meta.url),
            '--one',
            writes,
            '--megabytes',
            values.megabytes,
            '--sectors',
            values.sectors,
          ],
          { encoding: 'utf8' },
        ),
      ),
    );
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version };
  console.log(JSON.stringify({ machine, settings: { diskBytes, sectorsRead }, sizes }, undefined, 2));
}
