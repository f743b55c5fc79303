/**
 * What a run's states.json takes: a made-up log with as many crash states as two upgrades by RAUC have, decided by boots
 * that read at random. Prints one JSON object. Needs the built dist/ (npm run bench:states).
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { deflateSync } from 'node:zlib';
import { writeFileSync } from 'node:fs';
import { Random } from '../../dist/core/random.js';
import { linesOf, stageStates } from '../../dist/crash/run-states.js';
import { Coverage } from '../../dist/explore/coverage.js';
import { readStates, storeStates } from '../../dist/report/stored-states.js';
import { windowsOf } from '../../dist/writelog/windows.js';
import { disk, madeUpStates } from './made-up-log.mjs';

const { values } = parseArgs({
  options: {
    writes: { type: 'string', default: '487' },
    sectors: { type: 'string', default: '1720' },
    read: { type: 'string', default: '20000' },
    boots: { type: 'string', default: '200' },
    output: { type: 'string' },
  },
});
const [writes, mostSectors, readCells, boots] = [values.writes, values.sectors, values.read, values.boots].map(Number);
const random = new Random('states');
const { log, cells, space } = madeUpStates(random, { writes, mostSectors });
const coverage = new Coverage(space);
const exploration = { space, boots: [], whole: coverage };
while (exploration.boots.length < boots) {
  const ref = coverage.next();
  if (ref === undefined) break;
  // The last boots read more and more, as those do that decide what is left.
  const share = exploration.boots.length < boots - 1 ? 1 : 0;
  const read = Int32Array.from(new Set(Array.from({ length: readCells * share }, () => random.int(cells.count)))).sort();
  const number = exploration.boots.length;
  coverage.decide(ref, number, { cells: read, contents: read.map((cell) => space.contentIn(ref, cell)) });
  exploration.boots.push({ record: { id: `p1.${number}.none` }, whole: { verdict: 'passed', outcome: `old (1.0) in A ${number % 5}` } });
}
const started = performance.now();
const stage = stageStates('whole', 'whole', exploration);
const place = (seq) => `data: /usr/lib/aarch64-linux-gnu/lib${seq}.so.${seq} (inode ${seq}, bytes ${seq * 512}-${seq * 1024})`;
const records = log.records.filter(({ kind }) => kind !== 'flush');
const record = {
  format: 1,
  run: 'bench',
  traces: [
    {
      name: 'p1',
      releases: ['1.0', '1.1'],
      token: 'bench:qemuarm64:5606e40215:8f3a2c1d9e',
      disks: [{ id: 'main', sectors: disk.sectors }],
      phases: windowsOf(log).map(({ phase, from, to }) => ({ upgrade: '1.0->1.1', phase, from, to, cut: true })),
      places: records.map(({ seq }) => place(seq)),
      writes: records.map(({ seq, disk, sector, count, issued, completed }, i) => [seq, disk, sector, count, issued, completed ?? -1, i]),
      flushes: log.records.filter(({ kind }) => kind === 'flush').map(({ seq, disk, issued, completed }) => [seq, disk, issued, completed ?? -1]),
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
