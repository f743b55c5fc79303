import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import type { RunContext } from '../device/run-context.ts';
import type { SectorsRead } from '../explore/space.ts';
import type { DiskView } from '../filesystem/view.ts';
import { bootFiles, mapPaths } from '../image/manifest.ts';
import type { ImageManifest } from '../model/image.ts';
import type { Disk } from '../nbd/disk.ts';
import { FileDisk } from '../nbd/file-disk.ts';
import { fileView } from '../nbd/views.ts';
import type { Trace } from '../recording/trace.ts';
import { sectorBytes } from '../writelog/log.ts';
import type { WrittenHeader } from './finding-header.ts';
import { DataReader, parts, unreadable } from './finding-stream.ts';

type CarriedHeader = NonNullable<WrittenHeader['carried']>;

/** What a finding holds besides its log, to be replayed without its image. */
export interface Carried {
  header: CarriedHeader;
  /** Files, then the disks' data. */
  data: () => Generator<Buffer>;
}

/** An image of which a finding holds what one boot needs. */
export interface CarriedImage {
  manifest: ImageManifest;
  disks: NonNullable<Trace['carried']>;
  /** Of each disk, how many sectors it has. */
  sectors: readonly number[];
  /** Sectors that were read though the finding does not hold them. */
  lacking: () => number;
}

/** Guests read whole pages, and not always the same sectors of one. */
const pageSectors = 8;
const chunkSectors = 2048;
const absent = '-';

/**
 * What a boot of a crash state has read of its disks, and what else it needs of the image. `views` are the state's disks. Throws
 * ScenarioError `carry-unfit` where a replay would need more: packages' feeds, or an image's own options of QEMU.
 */
export async function carry(
  { manifest }: Pick<RunContext, 'manifest'>,
  views: readonly DiskView[],
  read: readonly SectorsRead[],
): Promise<Carried> {
  const why = unfit(manifest);
  if (why !== undefined)
    throw new ScenarioError('carry-unfit', `no finding of ${manifest.name} replays without it: ${why}`);
  const { privateKey } = manifest.ssh;
  const paths = [
    ...bootFiles(manifest.boot).map(({ path }) => path),
    ...(privateKey === undefined ? [] : [privateKey]),
  ];
  const files = await Promise.all(paths.map((path) => readFile(path)));
  const disks = views.map((view, i) => piecesOf(Math.floor(view.bytes / sectorBytes), read[i]));
  return {
    header: {
      manifest: {
        ...mapPaths(neededOf(manifest), (path) => (paths.includes(path) ? `${paths.indexOf(path)}` : absent)),
      },
      files: files.map(({ length }) => length),
      disks,
    },
    *data() {
      yield* files;
      for (const [i, view] of views.entries())
        for (const { first, count } of dataOf(disks[i] ?? []))
          for (let at = first; at < first + count; at += chunkSectors)
            yield view.read(at * sectorBytes, Math.min(chunkSectors, first + count - at) * sectorBytes);
    },
  };
}

/** Accelerators are not probed for a replay, and nobody asks what else the image was made of. */
function neededOf(manifest: ImageManifest): ImageManifest {
  const needed: ImageManifest = { ...manifest, packages: [] };
  delete needed.probe;
  return needed;
}

function unfit({ qemu, releases }: ImageManifest): string | undefined {
  if (qemu.machineOptions !== undefined) return 'its image.yaml gives QEMU options of its own';
  if (Object.values(releases).some(({ content }) => content.kind === 'packages'))
    return 'what it runs is told by the packages of its feeds';
  return undefined;
}

/** Stretches of whole pages in which something was read, and the rest. */
function piecesOf(sectors: number, read: SectorsRead | undefined): CarriedHeader['disks'][number] {
  const pages = new Uint8Array(Math.ceil(sectors / pageSectors));
  for (const kind of [read?.recovered ?? [], read?.raw ?? []])
    for (const sector of kind) pages[Math.floor(sector / pageSectors)] = 1;
  const pieces: CarriedHeader['disks'][number] = [];
  pages.forEach((held, page) => {
    const count = Math.min(pageSectors, sectors - page * pageSectors);
    const kind = held === 1 ? 'data' : 'zero';
    const last = pieces.at(-1);
    if (last?.[0] === kind) last[1] += count;
    else pieces.push([kind, count]);
  });
  return pieces;
}

function dataOf(pieces: CarriedHeader['disks'][number]): { first: number; count: number }[] {
  let at = 0;
  return pieces.flatMap(([kind, count]) => {
    const first = at;
    at += count;
    return kind === 'data' ? [{ first, count }] : [];
  });
}

/**
 * Writes what a finding holds of its image below a folder; undefined where it holds none. Throws ScenarioError
 * `finding-unreadable`.
 */
export async function restoreCarried(path: string, folder: string): Promise<CarriedImage | undefined> {
  try {
    const source = parts(path);
    const first = await source.next();
    if (first.done === true) throw new Error('it is empty');
    const { header, data } = first.value;
    const { carried, levels } = header;
    if (carried === undefined) {
      await source.return(undefined);
      return undefined;
    }
    if (levels.some(({ pieces }) => pieces.some(([kind]) => kind !== 'zero')))
      throw new Error('levels: their data are carried already');
    const sectors = carried.disks.map(sizeOf);
    assertSizes(carried.manifest, sectors);
    assertFiles(carried.manifest, carried.files);
    const reader = new DataReader(data, source);
    for (const [i, bytes] of carried.files.entries())
      await writeFile(join(folder, `file-${i}`), await reader.take(bytes), { mode: 0o600 });
    const images: string[] = [];
    for (const [i, pieces] of carried.disks.entries()) {
      const image = join(folder, `carried-${i}.img`);
      await writeImage(image, pieces, reader);
      images.push(image);
    }
    await reader.end();
    const manifest = mapPaths(carried.manifest, (name) =>
      join(folder, isPlace(name) ? `file-${name}` : 'not-carried'),
    );
    const lacking = new Set<string>();
    return {
      manifest,
      disks: async (stack) => {
        const disks = await Promise.all(images.map((image) => FileDisk.open(image)));
        for (const disk of disks) stack.use('carried disk', disk);
        const held = carried.disks.map(dataOf);
        return {
          disks: disks.map((disk, i) =>
            watched(disk, held[i] ?? [], (sector) => lacking.add(`${i} ${sector}`)),
          ),
          views: disks.map(fileView),
        };
      },
      sectors,
      lacking: () => lacking.size,
    };
  } catch (error) {
    throw unreadable(path, error);
  }
}

function sizeOf(pieces: CarriedHeader['disks'][number]): number {
  return pieces.reduce((sum, [, count]) => sum + count, 0);
}

/** Throws Error where disks are not as large as the image says: nothing is written then. */
function assertSizes({ disks, releases }: ImageManifest, sectors: readonly number[]): void {
  const factories = Object.values(releases).map(({ factory = {} }) => factory);
  const isAsSaid = factories.some((factory) =>
    disks.every(({ id }, i) => Math.floor((factory[id]?.bytes ?? 0) / sectorBytes) === sectors[i]),
  );
  if (!isAsSaid || sectors.length !== disks.length)
    throw new Error('carried.disks: they are not the disks of the image');
}

/** Throws Error where what the device starts by is not carried, or not as long as the image says. */
function assertFiles({ boot }: ImageManifest, files: readonly number[]): void {
  for (const { path, bytes } of bootFiles(boot)) {
    const held = isPlace(path) ? files[Number(path)] : undefined;
    if (held === undefined)
      throw new Error(
        `carried.files: it names ${files.length} of them, and has not what the device starts by`,
      );
    if (held !== bytes)
      throw new Error(`carried.files[${path}]: it has ${held} bytes, and the image says ${bytes}`);
  }
}

/** Whether a path of a carried manifest is that of a file that is carried. */
function isPlace(path: string): boolean {
  return /^\d$/.test(path);
}

/** A raw image with holes where the finding holds nothing. */
async function writeImage(
  path: string,
  pieces: CarriedHeader['disks'][number],
  reader: DataReader,
): Promise<void> {
  await using file = await open(path, 'w');
  let at = 0;
  for (const [kind, count] of pieces) {
    if (kind === 'data')
      for (let done = 0; done < count; done += chunkSectors) {
        const data = await reader.take(Math.min(chunkSectors, count - done) * sectorBytes);
        await file.write(data, 0, data.length, (at + done) * sectorBytes);
      }
    at += count;
  }
  await file.truncate(at * sectorBytes);
}

/** The disk, telling of each sector that is read and not held. */
function watched(
  disk: Disk,
  held: readonly { first: number; count: number }[],
  onLack: (sector: number) => void,
): Disk {
  const isHeld = (sector: number) =>
    held.some(({ first, count }) => sector >= first && sector < first + count);
  return {
    bytes: disk.bytes,
    readOnly: true,
    read(offset, length) {
      const end = Math.ceil((offset + length) / sectorBytes);
      for (let sector = Math.floor(offset / sectorBytes); sector < end; sector += 1)
        if (!isHeld(sector)) onLack(sector);
      return disk.read(offset, length);
    },
    write: (...args) => disk.write(...args),
    zero: (...args) => disk.zero(...args),
    trim: (...args) => disk.trim(...args),
    flush: () => disk.flush(),
  };
}
