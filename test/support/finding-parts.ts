import { readFile, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';

/** Kind and sectors, one after the other. */
export type CarriedPieces = ['data' | 'zero', number][];

/** What tests look at, and make up, of a finding's header. */
export interface CarriedHeader {
  format: string;
  inputs: Record<string, unknown>;
  made?: { qemu: string };
  levels: { log: string; pieces: unknown[] }[];
  carried: {
    manifest: Record<string, unknown> & { disks: object[] };
    files: number[];
    disks: CarriedPieces[];
  };
}

/** The header of a finding's file, and its data. */
export async function readParts(path: string): Promise<{ header: CarriedHeader; data: Buffer }> {
  const text = gunzipSync(await readFile(path));
  const end = text.indexOf(10);
  return {
    header: JSON.parse(text.toString('utf8', 0, end)) as CarriedHeader,
    data: text.subarray(end + 1),
  };
}

/** Writes a finding's file of a header, whatever it says, and data. */
export async function writeParts(path: string, header: unknown, data: Buffer): Promise<void> {
  await writeFile(path, gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), data])));
}
