import { cpioTrailer } from '../archive/cpio.ts';
import type { NewTarEntry } from '../archive/tar.ts';
import type { ScriptName } from '../package-format.ts';
import { type HeaderEntry, numbersEntry, textEntry, textsEntry } from './header.ts';
import { evrOf, type RpmLabels } from './labels.ts';
import { makeRpm } from './make.ts';
import type { RpmCompression } from './rpm-file.ts';
import { sense, tags } from './tags.ts';

/** An rpm that is to be written. */
export interface NewRpm {
  /** That it provides itself in its version is added. */
  labels: RpmLabels;
  /** Absolute paths, with `noreplace` before those whose edited file stays (`%config(noreplace)`). */
  conffiles?: readonly string[];
  /** By rpm's names (`post`), run by the shell. */
  scripts?: Readonly<Partial<Record<ScriptName, string>>>;
  /** Absolute paths. Folders that are not among them are nobody's. */
  files: readonly NewTarEntry[];
  /** Bits (see `fileFlags`) of files that are documentation, licenses or ghosts, by path. */
  flags?: ReadonlyMap<string, number>;
}

interface WriteOptions {
  compression?: RpmCompression;
  /** The time of the build and of every file, since 1970. */
  seconds?: number;
}

/** Writes an rpm of format 4. The same package and options give the same bytes. Throws what writing throws. */
export async function writeRpm(
  to: string,
  { labels, conffiles = [], scripts = {}, files, flags = new Map() }: NewRpm,
  { compression = 'gz', seconds = 0 }: WriteOptions = {},
): Promise<void> {
  const { name, architecture, version, release } = labels;
  const header = new Map<number, HeaderEntry>([
    [tags.locales, textsEntry(['C'])],
    [tags.buildTime, numbersEntry('int32', [seconds])],
    [tags.buildHost, textEntry('localhost')],
    [tags.os, textEntry('linux')],
    // A package without a source package would itself be taken for one.
    [tags.sourceRpm, textEntry(`${name}-${version}-${release}.src.rpm`)],
    [tags.architecture, textEntry(architecture)],
    [tags.encoding, textEntry('utf-8')],
  ]);
  const provided = { name, flags: sense.equal, version: evrOf(labels) };
  const provides = [provided, ...labels.relations.provides];
  const texts = { summary: name, description: '', license: 'unknown', group: 'Unspecified', ...labels.texts };
  const origin = { header, files: [], compression, archive: emptyArchive };
  const edit = {
    labels: { ...labels, texts, relations: { ...labels.relations, provides } },
    conffiles,
    scripts: new Map(
      Object.entries(scripts).map(([key, text]) => [key as ScriptName, Buffer.from(text)] as const),
    ),
    data: { added: files },
    flags,
  };
  await makeRpm(to, origin, edit);
}

async function* emptyArchive(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(cpioTrailer());
}
