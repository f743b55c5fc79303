import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip, gzipSync, constants as zlibConstants } from 'node:zlib';
import { HarnessError } from '../../core/errors.ts';
import { type Filter, filter } from '../../process/filter.ts';
import { Damage } from './damage.ts';

/** How a tar in a package is compressed. */
export type Compression = 'none' | 'gz' | 'xz' | 'zst' | 'bz2' | 'lz4';

type Bytes = AsyncIterable<Buffer>;

/** xz's own bound on its memory: `-9` needs 65 MiB (xz(1), "Memory usage"). */
const xzMemory = '--memlimit-decompress=256MiB';
/** What a user may have set for xz must not change what is read. */
const xzEnvironment = { XZ_OPT: '', XZ_DEFAULTS: '', LC_ALL: 'C' };
const bzip2Environment = { BZIP: '', BZIP2: '' };
const lz4Environment = { LZ4_CLEVEL: '', LZ4_NBWORKERS: '' };

const gzipOptions = { level: zlibConstants.Z_BEST_COMPRESSION };
const pieceBytes = 1 << 17;

/** The host's own programs: they stream, check what they read, bound their memory, and write as well as read. */
const programs = {
  xz: {
    read: { program: 'xz', args: ['--decompress', '--stdout', '--format=xz', xzMemory], env: xzEnvironment },
    write: { program: 'xz', args: ['--compress', '--stdout', '-6', '--threads=1'], env: xzEnvironment },
  },
  zst: {
    // Its default bound on memory is a window of 128 MiB (zstd(1), `--memory`).
    read: { program: 'zstd', args: ['--decompress', '--stdout', '--quiet'] },
    write: { program: 'zstd', args: ['--compress', '--stdout', '--quiet', '-8', '--single-thread'] },
  },
  // The formats bound the memory of these two: blocks of 900 kB, and of 8 MiB at most.
  bz2: {
    read: { program: 'bzip2', args: ['--decompress', '--stdout', '--quiet'], env: bzip2Environment },
    write: { program: 'bzip2', args: ['--compress', '--stdout', '-9'], env: bzip2Environment },
  },
  lz4: {
    read: { program: 'lz4', args: ['-d', '-c', '-q'], env: lz4Environment },
    write: { program: 'lz4', args: ['-z', '-c', '-q', '-9'], env: lz4Environment },
  },
} satisfies Record<string, Record<'read' | 'write', Omit<Filter, 'input'>>>;

/** What `data.tar.xz` says of its compression. Throws Damage for one that is not supported. */
export function compressionOf(name: string): Compression {
  const suffix = /\.tar(?:\.([^.]+))?$/.exec(name)?.[1];
  if (suffix === undefined) return 'none';
  if (suffix === 'gz' || isProgram(suffix)) return suffix;
  throw new Damage(`compressed as .${suffix}; only .gz, .xz, .zst, .bz2, .lz4 and none can be read`);
}

function isProgram(suffix: string): suffix is keyof typeof programs {
  return Object.hasOwn(programs, suffix);
}

/** The unpacked bytes. Throws Damage where they are more than `limit` or the input is damaged. */
export async function* decompress(
  compression: Compression,
  input: Bytes,
  limit: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of unpacked(compression, input, signal)) {
    bytes += chunk.length;
    if (bytes > limit) throw new Damage(`unpacks to more than ${limit} bytes`);
    yield chunk;
  }
}

function unpacked(compression: Compression, input: Bytes, signal: AbortSignal | undefined): Bytes {
  if (compression === 'none') return input;
  if (compression === 'gz') return gunzip(input);
  return filterTold({ ...programs[compression].read, input, signal });
}

async function* gunzip(input: Bytes): AsyncGenerator<Buffer> {
  const output = new PassThrough();
  const done = pipeline(Readable.from(input), createGunzip(), output).then(
    () => undefined,
    (error: unknown) => error as NodeJS.ErrnoException,
  );
  try {
    for await (const chunk of output) yield chunk as Buffer;
  } catch {
    // `done` has the reason.
  } finally {
    output.destroy();
  }
  const error = await done;
  if (error === undefined) return;
  // zlib's own errors have the codes Z_DATA_ERROR, Z_BUF_ERROR, …
  const isZlibs = error.code?.startsWith('Z_') === true;
  throw isZlibs ? new Damage(`not sound gzip: ${error.message}`, { cause: error }) : error;
}

/** A decompressor that ends with an error has said why on its standard error. */
async function* filterTold(command: Filter): AsyncGenerator<Buffer> {
  try {
    yield* filter(command);
  } catch (error) {
    if (!(error instanceof HarnessError) || error.code !== 'command-failed') throw error;
    throw new Damage(error.message, { cause: error });
  }
}

/** As `compress`, of bytes that are not held: the same bytes however they come in. */
export async function* compressed(
  compression: Compression,
  input: Bytes,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  if (compression === 'none') yield* input;
  else if (compression === 'gz') yield* gzipped(evenly(input));
  else yield* filter({ ...programs[compression].write, input, signal });
}

async function* gzipped(input: Bytes): AsyncGenerator<Buffer> {
  const output = new PassThrough();
  const done = pipeline(Readable.from(input), createGzip(gzipOptions), output);
  // Whoever reads `output` is told of a failure.
  done.catch(() => undefined);
  try {
    for await (const chunk of output) yield chunk as Buffer;
  } finally {
    output.destroy();
  }
  await done;
}

/** The same bytes in pieces of one length: deflate may choose by what it is given at once. */
async function* evenly(input: Bytes): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    held.push(chunk);
    bytes += chunk.length;
    if (bytes < pieceBytes) continue;
    const all = Buffer.concat(held);
    const end = bytes - (bytes % pieceBytes);
    for (let at = 0; at < end; at += pieceBytes) yield all.subarray(at, at + pieceBytes);
    held = [all.subarray(end)];
    bytes -= end;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

/** Compressed bytes; the same input gives the same bytes with the same programs and Node.js. */
export async function compress(compression: Compression, data: Buffer): Promise<Buffer> {
  if (compression === 'none') return data;
  if (compression === 'gz') return gzip(data);
  const parts: Buffer[] = [];
  for await (const chunk of filter({ ...programs[compression].write, input: Readable.from([data]) }))
    parts.push(chunk);
  return Buffer.concat(parts);
}

/** gzip as `gzip -9n` writes it: no name and no time in it. */
export function gzip(data: Buffer | string): Buffer {
  return gzipSync(data, gzipOptions);
}
