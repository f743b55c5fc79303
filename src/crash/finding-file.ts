import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip, createGzip } from 'node:zlib';
import { CleanupStack } from '../core/cleanup.ts';
import { messageOf, ScenarioError } from '../core/errors.ts';
import type { RunContext } from '../device/run-context.ts';
import type { DiskView } from '../filesystem/view.ts';
import type { Scenario } from '../model/scenario.ts';
import { Arena } from '../nbd/arena.ts';
import { FileDisk } from '../nbd/file-disk.ts';
import { fileView } from '../nbd/views.ts';
import { type Inputs, inputsOf } from '../recording/inputs.ts';
import { restoreFiles, type StoredFiles, storeFiles } from '../recording/recordings.ts';
import type { Trace } from '../recording/trace.ts';
import type { CrashState } from '../writelog/crash-state.ts';
import { sectorBytes, WriteLog } from '../writelog/log.ts';
import { parseStateId, stateId } from '../writelog/state-id.ts';
import { loadLog, storeLog } from '../writelog/stored-log.ts';
import type { Window } from '../writelog/windows.ts';
import { type Piece, piecesOf } from './input-pieces.ts';

const format = 'brownout finding 1';
/** Sectors moved at a time. */
const chunkSectors = 2048;
/** A header that is longer is no finding of ours. */
const maxHeaderBytes = 256 << 20;

/** One log with the data of its writes, as a finding file has it. */
interface Level {
  name: string;
  sha256: string;
  log: string;
  state: string;
  pieces: Piece[];
}

interface Header {
  format: typeof format;
  token: string;
  reason: string;
  scenario: Scenario;
  inputs: Inputs;
  configuration: StoredFiles;
  window: Window;
  /** The recording first; then what a device wrote that came up after a cut. */
  levels: Level[];
}

/** A finding to be replayed. */
export interface StoredFinding {
  token: string;
  reason: string;
  scenario: Scenario;
  inputs: Inputs;
  trace: Trace;
  state: CrashState;
  window: Window;
}

/**
 * Writes all that a replay of a crash state needs besides the image: the log up to the cut, and its data except what
 * the image's own disks hold. One gzip stream: a line of JSON, then sectors.
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
  }: Pick<StoredFinding, 'trace' | 'state' | 'window' | 'token' | 'reason'>,
): Promise<void> {
  await using stack = new CleanupStack();
  const inputs = await inputDisks(context, trace.releases, stack);
  const levels: { level: Level; arena: Arena }[] = [];
  for (let at: { trace: Trace; state: CrashState } | undefined = { trace, state }; at; at = at.trace.after) {
    const arena = stack.use('recorded writes', await Arena.open(at.trace.arenaPath));
    levels.unshift({ level: levelOf(at.trace, at.state, arena, inputs), arena });
  }
  const { scenario, manifest } = context;
  const header: Header = {
    format,
    token,
    reason,
    scenario,
    inputs: inputsOf(scenario, manifest, trace.releases),
    configuration: storeFiles(trace.configuration),
    window,
    levels: levels.map(({ level }) => level),
  };
  const zip = createGzip({ level: 6 });
  const file = createWriteStream(`${path}.part`);
  const written = once(file, 'close');
  zip.pipe(file);
  const put = async (data: Buffer | string) => {
    if (!zip.write(data)) await once(zip, 'drain');
  };
  await put(`${JSON.stringify(header)}\n`);
  for (const { level, arena } of levels) {
    let sector = 0;
    for (const piece of level.pieces) {
      const count = piece[0] === 'input' ? piece[3] : piece[1];
      if (piece[0] === 'data')
        for (let i = 0; i < count; i += chunkSectors)
          await put(arena.read(sector + i, Math.min(chunkSectors, count - i)));
      sector += count;
    }
  }
  zip.end();
  await written;
  await rename(`${path}.part`, path);
}

function levelOf(
  trace: Trace,
  state: CrashState,
  arena: Arena,
  inputs: ReadonlyMap<string, DiskView>,
): Level {
  const { disks, records, marks } = trace.log;
  const log = WriteLog.restore(
    disks,
    records.filter(({ issued }) => issued < state.at),
    marks.filter(({ at }) => at < state.at),
  );
  const needed = new Uint8Array(arena.sectors);
  for (const { kind, arena: at, count } of log.records) if (kind === 'write') needed.fill(1, at, at + count);
  const pieces = piecesOf(
    needed.lastIndexOf(1) + 1,
    (sector) => needed[sector] === 1,
    (sector, count) => arena.read(sector, count),
    inputs,
  );
  return { name: trace.name, sha256: trace.sha256, log: storeLog(log), state: stateId(state), pieces };
}

/** Reads a finding. Throws ScenarioError `finding-unreadable`. */
export async function readFindingHeader(path: string): Promise<Header> {
  try {
    for await (const { header } of parts(path)) return header;
    throw new Error('it is empty');
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * Restores a finding's logs and data below `workspace`; `context` is one on the same inputs. Throws ScenarioError
 * `finding-unreadable`.
 */
export async function restoreFinding(context: RunContext, path: string): Promise<StoredFinding> {
  try {
    await using stack = new CleanupStack();
    const source = parts(path);
    const first = await source.next();
    if (first.done === true) throw new Error('it is empty');
    const { header } = first.value;
    const reader = new DataReader(first.value.data, source);
    const inputs = await inputDisks(context, header.inputs.path, stack);
    let last: { trace: Trace; state: CrashState } | undefined;
    for (const [i, level] of header.levels.entries()) {
      const state = parseStateId(level.state);
      if (state === undefined) throw new Error(`it names a state ${level.state}, which is none`);
      const arenaPath = join(context.workspace, `finding-${i}.arena`);
      await restoreArena(arenaPath, level.pieces, reader, inputs);
      const trace: Trace = {
        releases: header.inputs.path,
        name: level.name,
        log: loadLog(level.log),
        arenaPath,
        sha256: level.sha256,
        configuration: restoreFiles(header.configuration),
        ...(last === undefined ? {} : { after: last }),
      };
      last = { trace, state };
    }
    if (last === undefined) throw new Error('it has no log');
    const { token, reason, scenario, inputs: facts, window } = header;
    return { token, reason, scenario, inputs: facts, window, ...last };
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function restoreArena(
  path: string,
  pieces: readonly Piece[],
  reader: DataReader,
  inputs: ReadonlyMap<string, DiskView>,
): Promise<void> {
  await using arena = await Arena.create(path);
  for (const piece of pieces) {
    const count = piece[0] === 'input' ? piece[3] : piece[1];
    if (!Number.isInteger(count) || count < 0)
      throw new Error('its data are not described as they should be');
    for (let done = 0; done < count; done += chunkSectors) {
      const bytes = Math.min(chunkSectors, count - done) * sectorBytes;
      if (piece[0] === 'zero') arena.append(Buffer.alloc(bytes));
      else if (piece[0] === 'data') arena.append(await reader.take(bytes));
      else {
        const view = inputs.get(piece[1]);
        if (view === undefined) throw new Error(`it refers to ${piece[1]}, which is no disk of the image`);
        arena.append(view.read((piece[2] + done) * sectorBytes, bytes));
      }
    }
  }
}

/** The factory disks of a path's releases, by `release/disk`. */
async function inputDisks(
  { manifest }: RunContext,
  releases: readonly string[],
  stack: CleanupStack,
): Promise<Map<string, DiskView>> {
  const views = new Map<string, DiskView>();
  for (const release of releases)
    for (const [disk, { path }] of Object.entries(manifest.releases[release]?.factory ?? {}))
      views.set(`${release}/${disk}`, fileView(stack.use('factory disk', await FileDisk.open(path))));
  return views;
}

/** The header with the first data after it, then more data. */
async function* parts(path: string): AsyncGenerator<{ header: Header; data: Buffer }> {
  const zip = createGunzip();
  const file = createReadStream(path);
  file.on('error', (error) => zip.destroy(error));
  file.pipe(zip);
  let begun: Buffer[] = [];
  let size = 0;
  let header: Header | undefined;
  try {
    for await (const chunk of zip as AsyncIterable<Buffer>) {
      if (header !== undefined) {
        yield { header, data: chunk };
        continue;
      }
      begun.push(chunk);
      size += chunk.length;
      const end = chunk.indexOf(10);
      if (end < 0 && size > maxHeaderBytes) throw new Error('it is no finding');
      if (end < 0) continue;
      const all = Buffer.concat(begun);
      begun = [];
      const at = size - chunk.length + end;
      header = JSON.parse(all.toString('utf8', 0, at)) as Header;
      if ((header.format as string) !== format)
        throw new Error(`its format is ${JSON.stringify(header.format)}, not "${format}"`);
      yield { header, data: all.subarray(at + 1) };
    }
  } finally {
    file.destroy();
    zip.destroy();
  }
}

/** Hands out data in the sizes asked for. */
class DataReader {
  private rest: Buffer;
  private readonly source: AsyncGenerator<{ data: Buffer }>;

  constructor(first: Buffer, source: AsyncGenerator<{ data: Buffer }>) {
    this.rest = first;
    this.source = source;
  }

  async take(bytes: number): Promise<Buffer> {
    const parts = [this.rest];
    let size = this.rest.length;
    while (size < bytes) {
      const next = await this.source.next();
      if (next.done === true) throw new Error('it ends too early');
      parts.push(next.value.data);
      size += next.value.data.length;
    }
    const all = Buffer.concat(parts);
    this.rest = all.subarray(bytes);
    return all.subarray(0, bytes);
  }
}

function unreadable(path: string, error: unknown): ScenarioError {
  return new ScenarioError('finding-unreadable', `cannot read the finding ${path}: ${messageOf(error)}`, {
    cause: error,
  });
}
