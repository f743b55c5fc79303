import { join } from 'node:path';
import { CleanupStack } from '../core/cleanup.ts';
import { writeFileAtomically } from '../core/files.ts';
import type { Random } from '../core/random.ts';
import { secondsSince } from '../device/checklist.ts';
import type { RunContext } from '../device/run-context.ts';
import type { Boot, ExploredBoot, KnownBoot, Others } from '../explore/boot.ts';
import { Cells } from '../explore/cells.ts';
import { Contents } from '../explore/contents.ts';
import type { TakeOver } from '../explore/coverage.ts';
import type { Contradiction } from '../explore/determinism.ts';
import { Exploration } from '../explore/exploration.ts';
import type { ExplorationBounds } from '../explore/exploration-parts.ts';
import { ext4Parts } from '../explore/ext4-part.ts';
import { isMismatch } from '../explore/raw-again.ts';
import { Space } from '../explore/space.ts';
import { uefiParts } from '../explore/uefi-part.ts';
import { type PlaceOf, placesBefore } from '../explore/write-places.ts';
import type { Journaled } from '../filesystem/journaled.ts';
import type { CutRecord } from '../model/record.ts';
import type { StateKind } from '../model/scenario.ts';
import { type Shard, shardText } from '../model/shard.ts';
import { Arena } from '../nbd/arena.ts';
import { readSetBlockBytes } from '../nbd/read-set.ts';
import { basesOf, disksIn, type Trace } from '../recording/trace.ts';
import { SnapshotStore } from '../target/snapshot-store.ts';
import type { CrashState } from '../writelog/crash-state.ts';
import { sectorBytes } from '../writelog/log.ts';
import { parseStateId, stateId } from '../writelog/state-id.ts';
import type { Window } from '../writelog/windows.ts';
import { type BootFact, bootedOf } from './boot-fact.ts';
import type { BootLedger } from './boot-ledger.ts';
import { bootState } from './boot-state.ts';
import { shownByChance } from './chance.ts';
import { partOf } from './part.ts';
import { WrittenPlaces } from './written-places.ts';

/** How much an exploration may do, and which liberties it takes. */
export interface ExploreOptions extends ExplorationBounds {
  kinds: readonly StateKind[];
  /** Whether states are one that an ext4 journal replays to the same, or that have the same UEFI variables. */
  canonical: boolean;
  /** Whether boots may begin from snapshots of earlier ones; audits never do. */
  snapshots: boolean;
  /** Boots of the trace's states that earlier runs have made, and where this run keeps its own. */
  ledger?: BootLedger;
  /** The part of the states that is this worker's, and where the trace is among all that are shared out; absent: all. */
  share?: { shard: Shard; position: number; of: number; takeOver: TakeOver | undefined };
  /** Names its boots' files where a trace is explored more than once; the trace's name where absent. */
  label?: string;
}

/** A device that came back whole from a cut. */
export interface ComeBack {
  /** The state's name in the run. */
  id: string;
  state: CrashState;
  window: Window;
  /** Where it wrote until it was decided that it had come back; empty where it wrote nothing. */
  places: string[];
}

/** An exploration whose boots are real ones of a trace's states; disposed of, it lets go of disks and snapshots. */
export interface TraceExploration extends AsyncDisposable {
  trace: Trace;
  exploration: Exploration<CutRecord>;
  /** Whether anything in its space is compared by canonical form. */
  canonical: boolean;
  /** Of every boot, audits and retries among them, in the order in which they ended. */
  comeBacks: readonly ComeBack[];
  /** How often a boot left a snapshot, and how many began with one. */
  snapshotCounts: () => { taken: number; restored: number };
}

/** Lays out the states of a trace's windows, to be decided by booting devices; nothing is booted yet. */
export async function openExploration(
  context: RunContext,
  trace: Trace,
  windows: readonly Window[],
  options: ExploreOptions,
  onBoot: (boot: ExploredBoot<CutRecord>) => void,
): Promise<TraceExploration> {
  const stack = new CleanupStack();
  const own = new AbortController();
  const random = context.random.fork(`explore ${trace.name}`);
  const spend = (seconds: number) => context.spend('explore.cpu', seconds);
  const started = performance.now();
  const { space, journaled, placeOf, isCanonical } = await openSpace(
    context,
    trace,
    windows,
    { ...options, random },
    stack,
  );
  const snapshots = options.snapshots ? await openSnapshots(context, trace, space, stack) : undefined;
  const comeBacks: ComeBack[] = [];
  const written = await openPlaces(context, trace, stack);
  const { ledger, share } = options;
  const exploration = new Exploration<CutRecord>(space, {
    ...options,
    boot: bootsOf(context, trace, {
      ...{ journaled, store: snapshots, written, comeBacks, ledger },
      name: options.label ?? trace.name,
    }),
    known: ledger === undefined ? [] : knownBoots(ledger, ledger.of(trace), space, comeBacks),
    others: ledger?.live === true ? othersBy(ledger, trace, space, comeBacks) : undefined,
    part: share && { has: partOf(share.shard, share, space), takeOver: share.takeOver },
    placeOf,
    places: context.vm,
    signal: AbortSignal.any([context.signal, own.signal]),
    // What canonical forms may be at fault for ends this exploration alone.
    stop: (reason) => (isCanonical && isMismatch(reason) ? own.abort(reason) : context.stop(reason)),
    random: share === undefined ? random : random.fork(shardText(share.shard)),
    spend,
    onBoot,
    onChance: (chance) => onBoot(shownByChance(chance)),
    saveMismatch: (found, number) => saveMismatch(context, trace, space, found, number),
  });
  spend(secondsSince(started));
  return {
    trace,
    exploration,
    canonical: isCanonical,
    comeBacks,
    snapshotCounts: () => snapshots?.counts ?? { taken: 0, restored: 0 },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** What boots of an exploration are made with. */
interface BootParts {
  journaled: readonly (readonly Journaled[])[];
  store: SnapshotStore | undefined;
  written: WrittenPlaces;
  comeBacks: ComeBack[];
  ledger: BootLedger | undefined;
  name: string;
}

/** Boots states of a trace, where no earlier run has; `cold` ones leave snapshots alone. */
function bootsOf(
  context: RunContext,
  trace: Trace,
  { journaled, store, written, comeBacks, ledger, name }: BootParts,
): Boot<CutRecord> {
  let number = 0;
  return async (state, window, { retry, cold, seed, audit }) => {
    const asked = { sha256: trace.sha256, state: stateId(state), retry, seed };
    const begun = await ledger?.obtain({ ...asked, cold, audit, ground: false }, context.signal);
    if (begun !== undefined && typeof begun !== 'function') {
      noteComeBack(comeBacks, begun, { state, window });
      return bootedOf(begun);
    }
    try {
      number += 1;
      const label = `${name}-${number}`;
      const snapshots = cold ? undefined : store;
      const booted = new Date().toISOString();
      const options = { label, retry, snapshots, journaled, randomSeed: seed };
      const { record, stages, log } = await bootState(context, { trace, state, window }, options);
      const places = stages[0]?.verdict === 'passed' ? written.before(log, stages[0].at) : [];
      const fact = { ...asked, cold, audit, booted, record, stages, places };
      noteComeBack(comeBacks, fact, { state, window });
      if (snapshots === undefined) await ledger?.keep(fact);
      return { record, stages };
    } finally {
      await begun?.();
    }
  };
}

function noteComeBack(
  comeBacks: ComeBack[],
  { record: { id }, stages: [whole], places }: Pick<BootFact, 'record' | 'stages' | 'places'>,
  { state, window }: Pick<ComeBack, 'state' | 'window'>,
): void {
  if (whole?.verdict === 'passed') comeBacks.push({ id, state, window, places });
}

/** What others have booted of the space's states. */
function knownBoots(
  ledger: BootLedger,
  facts: readonly BootFact[],
  space: Space,
  comeBacks: ComeBack[],
): KnownBoot<CutRecord>[] {
  return facts.flatMap((fact) => {
    const state = parseStateId(fact.state);
    const ref = state === undefined ? undefined : space.refOf(state);
    const window = ref === undefined ? undefined : space.windows[space.placeOf(ref).window];
    if (state === undefined || ref === undefined || window === undefined) return [];
    const take = () => {
      const taken = ledger.take(fact);
      if (taken === undefined) return undefined;
      noteComeBack(comeBacks, taken, { state, window });
      return bootedOf(taken);
    };
    const { retry, seed, cold, audit } = fact;
    const purpose = audit ? 'audit' : retry ? 'retry' : cold ? 'explanation' : 'whole';
    const whole = { verdict: fact.record.verdict, outcome: '', ...fact.stages[0] };
    return [{ ref, purpose, retry, seed, whole, take }];
  });
}

/** Whoever shares a ledger, as an exploration hears of them. */
function othersBy(ledger: BootLedger, trace: Trace, space: Space, comeBacks: ComeBack[]): Others<CutRecord> {
  const { sha256 } = trace;
  const news = ledger.newsOf(trace);
  return {
    inTurn: (work) =>
      ledger.inTurn(() => {
        const { facts, begun } = news();
        return work({
          boots: knownBoots(ledger, facts, space, comeBacks),
          begun: begun.flatMap(({ state: name, ground, retry, seed, cold, audit }) => {
            const state = parseStateId(name);
            const ref = state === undefined || ground ? undefined : space.refOf(state);
            return ref === undefined ? [] : [{ ref, retry, seed, cold, audit }];
          }),
        });
      }),
    begin: (ref, request) =>
      ledger.begin({ sha256, state: stateId(space.crashState(ref)), ...request, ground: false }),
    pause: () => ledger.pause(),
  };
}

/** Names places by what lies there at the end of a trace. */
async function openPlaces(context: RunContext, trace: Trace, stack: CleanupStack): Promise<WrittenPlaces> {
  const end: CrashState = { at: trace.log.now, shape: { kind: 'prefix' } };
  const { views } = await disksIn(context, trace, end, stack);
  const names = context.manifest.disks.map(({ id }) => id);
  return new WrittenPlaces(views.map((view, i) => ({ id: names[i] ?? `${i}`, view })));
}

/** Lays out the crash states of a trace. `stack` keeps the recorded writes open as long as the space is in use. */
async function openSpace(
  context: RunContext,
  trace: Trace,
  windows: readonly Window[],
  { kinds, canonical, random }: { kinds: readonly StateKind[]; canonical: boolean; random: Random },
  stack: CleanupStack,
): Promise<{ space: Space; journaled: Journaled[][]; placeOf: PlaceOf; isCanonical: boolean }> {
  const arena = stack.use('recorded writes', await Arena.open(trace.arenaPath));
  const { views } = await basesOf(context, trace, stack);
  const contents = new Contents(arena, views);
  const cells = new Cells(
    contents,
    views.map(({ bytes }) => Math.ceil(bytes / sectorBytes)),
  );
  const fileSystems = canonical ? ext4Parts(views, cells, contents) : [];
  const stores = canonical ? uefiParts(views, trace.log.disks, cells, contents) : [];
  const parts = [...fileSystems, ...stores];
  const space = new Space({ log: trace.log, windows, kinds, contents, cells, parts, random });
  const journaledOn = (at: number) =>
    fileSystems.filter(({ disk }) => disk === at).map(({ journaled }) => journaled);
  return {
    space,
    journaled: views.map((_, disk) => journaledOn(disk)),
    placeOf: placesBefore(views),
    isCanonical: parts.length > 0,
  };
}

/**
 * Snapshots for the boots of one exploration: taken where a boot is about to read what states differ in, and is shown
 * other content than those before it.
 */
async function openSnapshots(
  context: RunContext,
  trace: Trace,
  { cells }: Space,
  stack: CleanupStack,
): Promise<SnapshotStore> {
  const names = context.manifest.disks.map(({ id }) => id);
  const hot = new Set<string>();
  for (let cell = 0; cell < cells.count; cell += 1)
    if (cells.disk(cell) >= 0)
      hot.add(
        blockKey(
          names[cells.disk(cell)] ?? '',
          Math.floor((cells.sector(cell) * sectorBytes) / readSetBlockBytes),
        ),
      );
  return stack.use(
    'snapshots',
    await SnapshotStore.create({
      folder: join(context.workspace, `${trace.name.replaceAll('/', '_')}-snapshots`),
      isHot: (disk, block) => hot.has(blockKey(disk, block)),
      onNotice: context.notice,
    }),
  );
}

function blockKey(disk: string, block: number): string {
  return `${disk} ${block}`;
}

/** Writes down what is needed to look into two boots that contradict each other; returns the path. */
async function saveMismatch(
  context: RunContext,
  trace: Trace,
  { cells }: Space,
  { stage, boot, earlier }: Contradiction<CutRecord>,
  number: number,
): Promise<string> {
  const path = join(context.folder, `mismatch-${trace.name}-${number}.json`);
  const side = ({ record, whole, [stage]: end = whole }: ExploredBoot<CutRecord>) => ({
    state: record.id,
    verdict: end.verdict,
    outcome: end.outcome,
    checks: record.checks,
    console: record.console,
    read: Array.from(end.read.cells, (cell) => [cells.disk(cell), cells.sector(cell)]),
  });
  const document = { stage, boot: side(boot), earlier: side(earlier) };
  await writeFileAtomically(path, `${JSON.stringify(document, null, 2)}\n`);
  return path;
}
