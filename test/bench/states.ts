/**
 * What a run's states.json takes: a made-up log with as many crash states as two upgrades by RAUC have, decided by boots
 * that read at random. Prints one JSON object. Needs the built dist/ (npm run bench:states).
 */

import { writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { deflateSync } from 'node:zlib';
import { Random } from '../../src/core/random.ts';
import { linesOf, stageStates } from '../../src/crash/run-states.ts';
import { Coverage } from '../../src/explore/coverage.ts';
import type { StatesRecord } from '../../src/model/states.ts';
import { readStates, storeStates } from '../../src/report/stored-states.ts';
import { windowsOf } from '../../src/writelog/windows.ts';
import { disk, madeUpCut, madeUpStates } from './made-up-log.ts';

const { values } = parseArgs({
  options: {
    writes: { type: 'string', default: '487' },
    sectors: { type: 'string', default: '1720' },
    read: { type: 'string', default: '20000' },
    boots: { type: 'string', default: '200' },
    output: { type: 'string' },
  },
});
const [writes, mostSectors, readCells, boots] = [
  Number(values.writes),
  Number(values.sectors),
  Number(values.read),
  Number(values.boots),
];
const random = new Random('states');
const { log, cells, space } = madeUpStates(random, { writes, mostSectors });
const coverage = new Coverage(space);
const exploration: Parameters<typeof stageStates>[2] = { space, boots: [], whole: coverage, retry: coverage };
while (exploration.boots.length < boots) {
  const ref = coverage.next();
  if (ref === undefined) break;
  // The last boots read more and more, as those do that decide what is left.
  const share = exploration.boots.length < boots - 1 ? 1 : 0;
  const read = Int32Array.from(
    new Set(Array.from({ length: readCells * share }, () => random.int(cells.count))),
  ).sort();
  const number = exploration.boots.length;
  const cellsRead = { cells: read, contents: read.map((cell) => space.contentIn(ref, cell)) };
  const outcome = `old (1.0) in A ${number % 5}`;
  const [window = { upgrade: 0, phase: 'install', from: 0, to: 1 }] = space.windows;
  exploration.boots.push({
    ...{ ref, state: space.crashState(ref), window, retry: undefined },
    record: { ...madeUpCut(`${number}.none`), outcome },
    decides: { whole: coverage.decide(ref, number, cellsRead), retry: 0 },
    whole: { verdict: 'passed', outcome, read: cellsRead },
  });
}
const started = performance.now();
const stage = stageStates('whole', 'whole', exploration);
const place = (seq: number) =>
  `data: /usr/lib/aarch64-linux-gnu/lib${seq}.so.${seq} (inode ${seq}, bytes ${seq * 512}-${seq * 1024})`;
const records = log.records.filter(({ kind }) => kind !== 'flush');
const record: StatesRecord = {
  format: 1,
  run: 'bench',
  traces: [
    {
      name: 'p1',
      releases: ['1.0', '1.1'],
      token: 'bench:qemuarm64:5606e40215:8f3a2c1d9e',
      disks: [{ id: 'main', sectors: disk.sectors }],
      phases: windowsOf(log).map(({ phase, from, to }) => ({
        upgrade: '1.0->1.1',
        phase,
        from,
        to,
        cut: true,
      })),
      places: records.map(({ seq }) => place(seq)),
      writes: records.map(({ seq, disk, sector, count, issued, completed }, i) => [
        seq,
        disk,
        sector,
        count,
        issued,
        completed ?? -1,
        i,
      ]),
      flushes: log.records
        .filter(({ kind }) => kind === 'flush')
        .map(({ seq, disk, issued, completed }) => [seq, disk, issued, completed ?? -1]),
      lines: linesOf(space),
      stages: [stage, { ...stage, name: 'retry' }],
    },
  ],
};
const text = storeStates(record);
const taken = performance.now() - started;
const readAgain = performance.now();
readStates(text);
const result = {
  states: coverage.all,
  decided: coverage.decided,
  boots: exploration.boots.length,
  runs: Object.values(stage.runs).reduce((sum, runs) => sum + runs.length, 0),
  bytes: text.length,
  deflated: deflateSync(text, { level: 9 }).length,
  writeMs: Math.round(taken),
  readMs: Math.round(performance.now() - readAgain),
};
if (values.output !== undefined) writeFileSync(values.output, text);
console.log(JSON.stringify(result));
