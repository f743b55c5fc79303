import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CleanupStack } from '../core/cleanup.ts';
import { messageOf } from '../core/errors.ts';
import { writeGzipFile } from '../core/gzip-file.ts';
import type { RunContext } from '../device/run-context.ts';
import { startRelease } from '../device/start-release.ts';
import type { DiskView } from '../filesystem/view.ts';
import type { Scenario } from '../model/scenario.ts';
import { upgradesOf } from '../model/upgrade.ts';
import { Arena } from '../nbd/arena.ts';
import { FileDisk } from '../nbd/file-disk.ts';
import { fileView } from '../nbd/views.ts';
import { inputsOf, type StoredInputs } from '../recording/inputs.ts';
import { restoreFiles, storeFiles } from '../recording/stored-files.ts';
import { storeScenario } from '../recording/stored-scenario.ts';
import type { Trace } from '../recording/trace.ts';
import { type CrashState, namedWrites } from '../writelog/crash-state.ts';
import { durabilityAt } from '../writelog/durability.ts';
import { sectorBytes, WriteLog } from '../writelog/log.ts';
import { stateId } from '../writelog/state-id.ts';
import { loadLog, sectorsNeeded, storeLog } from '../writelog/stored-log.ts';
import type { Window } from '../writelog/windows.ts';
import type { Carried, CarriedImage } from './carried.ts';
import { type FindingHeader, findingFormat, type WrittenHeader } from './finding-header.ts';
import { DataReader, parts, unreadable } from './finding-stream.ts';
import { type Piece, piecesOf } from './input-pieces.ts';

/** Sectors moved at a time. */
const chunkSectors = 2048;

type Level = WrittenHeader['levels'][number];

/** A finding to be replayed. */
export interface StoredFinding {
  token: string;
  reason: string;
  scenario: Scenario;
  inputs: StoredInputs;
  trace: Trace;
  state: CrashState;
  window: Window;
}

/**
 * Writes all that a replay of a crash state needs besides the image: the log up to the cut, and its data except what
 * the image's own disks hold. One gzip stream: a line of JSON, then sectors. `carried` stands for image and data.
 */
export async function writeFinding(
  context: RunContext,
  path: string,
  {
    trace,
    state,
    window,
    token,
    reason,
    carried,
  }: Pick<StoredFinding, 'trace' | 'state' | 'window' | 'token' | 'reason'> & { carried?: Carried },
): Promise<void> {
  await using stack = new CleanupStack();
  const inputs = await inputDisks(context, trace.releases, stack);
  const levels: { level: Level; arena: Arena }[] = [];
  for (let at: { trace: Trace; state: CrashState } | undefined = { trace, state }; at; at = at.trace.after) {
    const arena = stack.use('recorded writes', await Arena.open(at.trace.arenaPath));
    const level = levelOf(at.trace, at.state, arena, carried === undefined ? inputs : 'carried');
    levels.unshift({ level, arena });
  }
  const { scenario, manifest, qemuVersion } = context;
  const header: WrittenHeader = {
    format: findingFormat,
    token,
    reason,
    scenario: storeScenario(scenario),
    inputs: inputsOf(scenario, manifest, trace.releases, trace.recording),
    ...(qemuVersion === undefined ? {} : { made: { qemu: qemuVersion } }),
    configuration: storeFiles(trace.configuration),
    ...(trace.odd === undefined ? {} : { odd: [...trace.odd] }),
    window: { step: window.upgrade, phase: window.phase, from: window.from, to: window.to },
    levels: levels.map(({ level }) => level),
    ...(carried === undefined ? {} : { carried: carried.header }),
  };
  await writeGzipFile(`${path}.part`, piecesOfFile(header, levels, carried));
  await rename(`${path}.part`, path);
}

/** The header's line, then the data of each level that no disk of the image holds. */
function* piecesOfFile(
  header: WrittenHeader,
  levels: readonly { level: Level; arena: Arena }[],
  carried: Carried | undefined,
): Generator<Buffer | string> {
  yield `${JSON.stringify(header)}\n`;
  for (const { level, arena } of levels) {
    let sector = 0;
    for (const piece of level.pieces) {
      const count = countOf(piece);
      if (piece[0] === 'data')
        for (let i = 0; i < count; i += chunkSectors)
          yield arena.read(sector + i, Math.min(chunkSectors, count - i));
      sector += count;
    }
  }
  if (carried !== undefined) yield* carried.data();
}

function levelOf(
  trace: Trace,
  state: CrashState,
  arena: Arena,
  inputs: ReadonlyMap<string, DiskView> | 'carried',
): Level {
  const { disks, records, marks } = trace.log;
  const log = WriteLog.restore(
    disks,
    records.filter(({ issued }) => issued < state.at),
    marks.filter(({ at }) => at < state.at),
  );
  const needed = new Uint8Array(arena.sectors);
  for (const { kind, arena: at, count } of log.records) if (kind === 'write') needed.fill(1, at, at + count);
  const pieces: Piece[] =
    inputs === 'carried'
      ? [['zero', needed.lastIndexOf(1) + 1]]
      : piecesOf(
          needed.lastIndexOf(1) + 1,
          (sector) => needed[sector] === 1,
          (sector, count) => arena.read(sector, count),
          inputs,
        );
  return { name: trace.name, sha256: trace.sha256, log: storeLog(log), state: stateId(state), pieces };
}

/** What a finding says of itself; its data are not looked at. Throws ScenarioError `finding-unreadable`. */
export async function readFindingHeader(path: string): Promise<FindingHeader> {
  try {
    for await (const { header } of parts(path)) return header;
    throw new Error('it is empty');
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * Restores a finding's logs and data below `workspace`; the manifest is that of the same inputs, or `carried` what the finding
 * holds of them. Throws ScenarioError `finding-unreadable`.
 */
export async function restoreFinding(
  context: Pick<RunContext, 'manifest' | 'workspace'>,
  path: string,
  carried?: Pick<CarriedImage, 'disks' | 'sectors'>,
): Promise<StoredFinding> {
  try {
    await using stack = new CleanupStack();
    const source = parts(path);
    const first = await source.next();
    if (first.done === true) throw new Error('it is empty');
    const { header } = first.value;
    const reader = new DataReader(first.value.data, source);
    const inputs =
      carried === undefined
        ? await inputDisks(context, header.inputs.path, stack)
        : new Map<string, DiskView>();
    let last: { trace: Trace; state: CrashState } | undefined;
    for (const [i, level] of header.levels.entries()) {
      const { name, sha256, state } = level;
      const { path: releases, recording } = header.inputs;
      const log = loadLevel(context, level.log, `levels[${i}]`, header.inputs.path);
      const arenaPath = join(context.workspace, `finding-${i}.arena`);
      if (carried !== undefined && !isDeepStrictEqual(sizesOf(log), carried.sectors))
        throw new Error(`levels[${i}].log: its disks are not those that are carried`);
      assertPieces(level.pieces, `levels[${i}]`, sectorsNeeded(log), inputs);
      assertState(log, state, `levels[${i}]`);
      if (carried === undefined) await restoreArena(arenaPath, level.pieces, reader, inputs);
      const configuration = restoreFiles(header.configuration);
      const after = last === undefined ? {} : { after: last };
      last = {
        trace: {
          releases,
          recording,
          name,
          log,
          arenaPath,
          sha256,
          configuration,
          odd: header.odd,
          ...(carried === undefined ? {} : { carried: carried.disks }),
          ...after,
        },
        state,
      };
    }
    if (carried === undefined) await reader.end();
    else await source.return(undefined);
    if (last === undefined) throw new Error('it has no log');
    const { token, reason, scenario, inputs: facts, window } = header;
    if (upgradesOf(facts.path)[window.upgrade] === undefined)
      throw new Error(`window.step: there is no upgrade ${window.upgrade} on ${facts.path.join('->')}`);
    return { token, reason, scenario, inputs: facts, window, ...last };
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** A level's log. Throws Error where it is not of the image's disks. */
function loadLevel(
  { manifest }: Pick<RunContext, 'manifest'>,
  text: string,
  field: string,
  [release = '']: readonly string[],
): WriteLog {
  const log = within(`${field}.log`, () => loadLog(text));
  const factory = manifest.releases[startRelease(manifest, release)]?.factory ?? {};
  const disks = manifest.disks.map(({ id, cache }) => ({
    id,
    sectors: Math.floor((factory[id]?.bytes ?? 0) / sectorBytes),
    cache,
  }));
  // Data lie one after the other, as they were written.
  const written = log.records.reduce((sum, { kind, count }) => sum + (kind === 'write' ? count : 0), 0);
  if (sectorsNeeded(log) > written)
    throw new Error(
      `${field}.log: its writes have ${written} sectors of data, and name ${sectorsNeeded(log)}`,
    );
  if (!isDeepStrictEqual(log.disks, disks))
    throw new Error(`${field}.log: its disks are not those of the image`);
  return log;
}

function sizesOf({ disks }: WriteLog): number[] {
  return disks.map(({ sectors }) => sectors);
}

/** Throws Error where pieces do not give so many sectors, or name what no input has: nothing is written then. */
function assertPieces(
  pieces: readonly Piece[],
  field: string,
  needed: number,
  inputs: ReadonlyMap<string, DiskView>,
): void {
  let sum = 0;
  for (const [i, piece] of pieces.entries()) {
    sum += countOf(piece);
    if (piece[0] !== 'input') continue;
    const [, name, first, count] = piece;
    const view = inputs.get(name);
    if (view === undefined) throw new Error(`${field}.pieces[${i}]: ${name} is no disk of the image`);
    if ((first + count) * sectorBytes > view.bytes)
      throw new Error(`${field}.pieces[${i}]: ${name} has no ${count} sectors from ${first} on`);
  }
  if (sum !== needed)
    throw new Error(`${field}.pieces: they are ${sum} sectors, and the log's writes need ${needed}`);
}

/** Throws Error where a log has no such state: a cut after its end, or the loss of a write that cannot be lost. */
function assertState(log: WriteLog, { at, shape }: CrashState, field: string): void {
  const { optional } = durabilityAt(log, at);
  for (const seq of namedWrites(shape))
    if (!optional.some((record) => record.seq === seq))
      throw new Error(`${field}.state: write ${seq} is not un-flushed at ${at}`);
}

function countOf(piece: Piece): number {
  return piece[0] === 'input' ? piece[3] : piece[1];
}

async function restoreArena(
  path: string,
  pieces: readonly Piece[],
  reader: DataReader,
  inputs: ReadonlyMap<string, DiskView>,
): Promise<void> {
  await using arena = await Arena.create(path);
  for (const piece of pieces) {
    const count = countOf(piece);
    for (let done = 0; done < count; done += chunkSectors) {
      const bytes = Math.min(chunkSectors, count - done) * sectorBytes;
      if (piece[0] === 'data') arena.append(await reader.take(bytes));
      else if (piece[0] === 'zero') arena.append(Buffer.alloc(bytes));
      else
        arena.append(
          inputs.get(piece[1])?.read((piece[2] + done) * sectorBytes, bytes) ?? Buffer.alloc(bytes),
        );
    }
  }
}

/** Says of which field an error is. */
function within<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${field}: ${messageOf(error)}`, { cause: error });
  }
}

/** The factory disks of a path's releases, by `release/disk`. */
async function inputDisks(
  { manifest }: Pick<RunContext, 'manifest'>,
  releases: readonly string[],
  stack: CleanupStack,
): Promise<Map<string, DiskView>> {
  const views = new Map<string, DiskView>();
  for (const release of releases)
    for (const [disk, { path }] of Object.entries(manifest.releases[release]?.factory ?? {}))
      views.set(`${release}/${disk}`, fileView(stack.use('factory disk', await FileDisk.open(path))));
  return views;
}
