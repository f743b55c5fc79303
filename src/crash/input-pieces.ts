import { hash } from 'node:crypto';
import type { DiskView } from '../filesystem/view.ts';
import { sectorBytes } from '../writelog/log.ts';

/**
 * Consecutive sectors of a finding's data: in the file itself, zeros (or never looked at), or the same as an input's
 * from a sector on.
 */
export type Piece = ['data', number] | ['zero', number] | ['input', string, number, number];

const chunkSectors = 2048;

/**
 * Says where `count` sectors come from: those that `wanted` names and some input holds too are referred to; the others
 * that it names are data. `read` gives sectors by position; `inputs` are disks by name.
 */
export function piecesOf(
  count: number,
  wanted: (sector: number) => boolean,
  read: (sector: number, count: number) => Buffer,
  inputs: ReadonlyMap<string, DiskView>,
): Piece[] {
  const zeros = digestOf(Buffer.alloc(sectorBytes));
  const digests: (string | undefined)[] = [];
  const places = new Map<string, { input: string; sector: number } | undefined>();
  for (let sector = 0; sector < count; sector += 1) {
    const digest = wanted(sector) ? digestOf(read(sector, 1)) : zeros;
    digests.push(digest);
    if (digest !== zeros) places.set(digest, undefined);
  }
  for (const [input, view] of inputs) locate(input, view, places);
  const pieces: Piece[] = [];
  digests.forEach((digest, sector) => {
    const place = digest === undefined ? undefined : places.get(digest);
    if (digest === zeros) append(pieces, ['zero', 1]);
    else if (place === undefined) append(pieces, ['data', 1]);
    else append(pieces, follow(pieces, digests, sector, place, inputs));
  });
  return pieces;
}

/** The sector after the last piece's, where that holds the same; else the first place that was found. */
function follow(
  pieces: readonly Piece[],
  digests: readonly (string | undefined)[],
  at: number,
  place: { input: string; sector: number },
  inputs: ReadonlyMap<string, DiskView>,
): Piece {
  const last = pieces.at(-1);
  if (last?.[0] === 'input') {
    const [, name, first, count] = last;
    const view = inputs.get(name);
    const offset = (first + count) * sectorBytes;
    if (view !== undefined && offset + sectorBytes <= view.bytes)
      if (digestOf(view.read(offset, sectorBytes)) === digests[at]) return ['input', name, first + count, 1];
  }
  return ['input', place.input, place.sector, 1];
}

function append(pieces: Piece[], piece: Piece): void {
  const last = pieces.at(-1);
  if (last?.[0] === 'input' && piece[0] === 'input') {
    if (last[1] === piece[1] && last[2] + last[3] === piece[2]) {
      last[3] += piece[3];
      return;
    }
  } else if (last !== undefined && last[0] !== 'input' && last[0] === piece[0]) {
    last[1] += piece[1];
    return;
  }
  pieces.push(piece);
}

/** Notes for each digest asked about where an input holds it first. */
function locate(
  input: string,
  view: DiskView,
  places: Map<string, { input: string; sector: number } | undefined>,
): void {
  const sectors = Math.floor(view.bytes / sectorBytes);
  for (let at = 0; at < sectors; at += chunkSectors) {
    const count = Math.min(chunkSectors, sectors - at);
    const data = view.read(at * sectorBytes, count * sectorBytes);
    for (let i = 0; i < count; i += 1) {
      const digest = digestOf(data.subarray(i * sectorBytes, (i + 1) * sectorBytes));
      if (places.has(digest) && places.get(digest) === undefined)
        places.set(digest, { input, sector: at + i });
    }
  }
}

function digestOf(sector: Buffer): string {
  return hash('sha1', sector, 'base64');
}
