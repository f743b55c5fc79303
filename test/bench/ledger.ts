/**
 * What it costs to take up a ledger: boots of earlier runs or other workers, read from their files and applied to the crash
 * states of a made-up log with as many states as two upgrades by RAUC have. Prints one JSON object: seconds, MB, bytes a
 * record. npm run bench:ledger -- [--records N] [--writes N]
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { Random } from '../../src/core/random.ts';
import { bootedOf } from '../../src/crash/boot-fact.ts';
import { BootLedger } from '../../src/crash/boot-ledger.ts';
import type { KnownBoot } from '../../src/explore/boot.ts';
import { Coverage } from '../../src/explore/coverage.ts';
import { Exploration } from '../../src/explore/exploration.ts';
import type { Space } from '../../src/explore/space.ts';
import type { StateRef } from '../../src/explore/states.ts';
import type { CutRecord } from '../../src/model/record.ts';
import { parseStateId, stateId } from '../../src/writelog/state-id.ts';
import { madeUpCut, madeUpStates } from './made-up-log.ts';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '10000' },
    writes: { type: 'string', default: '487' },
    sectors: { type: 'string', default: '1720' },
    read: { type: 'string', default: '20000' },
    differing: { type: 'string', default: '60' },
  },
});
const [records, writes, mostSectors, readSectors, readCells] = [
  Number(values.records),
  Number(values.writes),
  Number(values.sectors),
  Number(values.read),
  Number(values.differing),
];
/** Of the records, those that were needed to decide everything. */
let deciding = 0;
/** Crash states of a log in which everything differs; the same each time. */
const spaceOf = () => madeUpStates(new Random('ledger'), { writes, mostSectors }).space;

const trace = { sha256: 'b'.repeat(64) };
const folder = mkdtempSync(join(tmpdir(), 'brownout-bench-ledger-'));
try {
  const context = {
    runId: 'bench',
    folder,
    diskBudget: undefined,
    notice: (text: string) => process.stderr.write(`${text}\n`),
  };
  const open = async () => {
    const recording = { folder, sha256: trace.sha256, madeWith: 'bench' };
    const ledger = await BootLedger.open(context, recording, { canonical: true, shared: undefined });
    if (ledger === undefined) throw new Error('there is no ledger');
    return ledger;
  };
  await fill(await open());
  const files = readdirSync(join(folder, 'boots'), { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  const space = spaceOf();
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const began = performance.now();
  const ledger = await open();
  const read = performance.now();
  const exploration = await applied(ledger, space);
  const done = performance.now();
  const seconds = (from: number, to: number) => Math.round((to - from) / 100) / 10;
  const result = {
    records: ledger.of(trace).length,
    states: exploration.whole.all,
    decided: exploration.whole.decided,
    deciding,
    taken: exploration.boots.length,
    bytesPerRecord: Math.round(bytes / records),
    readSeconds: seconds(began, read),
    appliedSeconds: seconds(read, done),
    seconds: seconds(began, done),
    megabytes: Math.round(process.resourceUsage().maxRSS / 1024),
    megabytesMore: Math.round((process.resourceUsage().maxRSS * 1024 - before) / (1 << 20)),
  };
  console.log(JSON.stringify(result, null, 2));
} finally {
  rmSync(folder, { recursive: true });
}

/**
 * Boots as an exploration makes them until every state is decided, and then again of drawn states, as other workers and
 * other days make them. Each reads many sectors that never differ, and some that do.
 */
async function fill(ledger: BootLedger): Promise<void> {
  const space = spaceOf();
  const random = new Random('boots');
  const written = space.log.records.filter(({ kind }) => kind === 'write');
  const differing = Array.from({ length: readCells }, () => {
    const { sector, count } = random.pick(written);
    return sector + random.int(count);
  });
  const same = Array.from({ length: readSectors }, (_, i) => i * 3).filter(
    (sector) => space.cells.find(0, sector) < 0,
  );
  const recovered = [...new Set([...same, ...differing])].sort((a, b) => a - b);
  const sectorsRead = [{ recovered, raw: [] }];
  const coverage = new Coverage(space);
  const segments = space.line('head').segments;
  for (let i = 0; i < records; i += 1) {
    const next = coverage.next();
    const ref = next ?? { axis: 'head' as const, position: random.pick(segments).to - 1 };
    if (next !== undefined) {
      coverage.decide(
        ref,
        i,
        space.cellsRead((cell) => space.contentIn(ref, cell), sectorsRead),
      );
      deciding = i + 1;
    }
    const id = stateId(space.crashState(ref));
    const record = madeUpCut(id);
    await ledger.keep({
      ...trace,
      state: id,
      retry: false,
      seed: 0,
      cold: false,
      audit: false,
      booted: new Date(i * 1000).toISOString(),
      record,
      stages: [{ stage: 'whole', verdict: 'passed', outcome: record.outcome, sectorsRead }],
      places: [],
    });
  }
}

function refOf(space: Space, id: string): StateRef {
  const state = parseStateId(id);
  const ref = state === undefined ? undefined : space.refOf(state);
  if (ref === undefined) throw new Error(`the log has no state ${id}`);
  return ref;
}

/** As an exploration takes them up; nothing is booted. */
async function applied(ledger: BootLedger, space: Space): Promise<Exploration<CutRecord>> {
  const known = ledger.of(trace).map(
    (fact): KnownBoot<CutRecord> => ({
      ref: refOf(space, fact.state),
      purpose: 'whole',
      retry: false,
      seed: 0,
      whole: { verdict: fact.record.verdict, outcome: fact.record.outcome },
      take: () => {
        const taken = ledger.take(fact);
        return taken && bootedOf(taken);
      },
    }),
  );
  const over = AbortSignal.abort();
  const exploration = new Exploration(space, {
    auditShare: 0,
    auditLeast: 0,
    chanceBoots: 0,
    retryBoots: 0,
    known,
    budget: over,
    auditBudget: over,
    boot: () => Promise.reject(new Error('nothing is booted here')),
    placeOf: ({ disk: at }) => `disk ${at}`,
    places: pLimit(1),
    signal: new AbortController().signal,
    stop: () => undefined,
    random: new Random('1'),
    spend: () => undefined,
    onBoot: () => undefined,
    onChance: () => undefined,
    saveMismatch: () => Promise.resolve(''),
  });
  await exploration.explore();
  return exploration;
}
