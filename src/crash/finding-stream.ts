import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { type BrownoutError, HarnessError, ScenarioError, toldFailure } from '../core/errors.ts';
import { fileTrouble } from '../core/file-trouble.ts';
import { parseStored } from '../core/stored.ts';
import { type FindingHeader, headerSchema } from './finding-header.ts';

/** A header that is longer is no finding of ours. */
const maxHeaderBytes = 256 << 20;

/** The header of a finding with the first data after it, then more data. */
export async function* parts(path: string): AsyncGenerator<{ header: FindingHeader; data: Buffer }> {
  const zip = createGunzip();
  const file = createReadStream(path);
  file.on('error', (error) => zip.destroy(error));
  file.pipe(zip);
  let begun: Buffer[] = [];
  let size = 0;
  let header: FindingHeader | undefined;
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
      header = parseStored(all.toString('utf8', 0, at), headerSchema);
      yield { header, data: all.subarray(at + 1) };
    }
  } finally {
    file.destroy();
    zip.destroy();
  }
}

/** Hands out data in the sizes asked for. */
export class DataReader {
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

  /** Reads on to the end, where the checksum of the whole is; throws Error where there is more than was needed. */
  async end(): Promise<void> {
    const next = this.rest.length > 0 ? undefined : await this.source.next();
    if (next?.done !== true) throw new Error('it has more data than its log needs');
  }
}

/** What says that a file is no finding, or a damaged one; the host's own trouble while it is read stays that. */
export function unreadable(path: string, error: unknown): BrownoutError {
  const told = toldFailure(error);
  if (told instanceof HarnessError) return told;
  return new ScenarioError('finding-unreadable', `cannot read the finding ${path}: ${fileTrouble(error)}`, {
    cause: error,
    hint: 'a run that has found something leaves finding-1.brownout and so on in its folder below reports',
  });
}
