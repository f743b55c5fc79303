import { writeAr } from '../archive/ar.ts';
import { type Compression, compress } from '../archive/compression.ts';
import { type NewTarEntry, packTar } from '../archive/tar.ts';
import type { ScriptName } from '../package-format.ts';
import { type Stanza, stanzaText } from './stanza.ts';

/** A package that is to be written. */
export interface NewPackage {
  /** Must have Package, Version and Architecture. */
  control: Stanza;
  conffiles?: readonly string[];
  scripts?: Readonly<Partial<Record<ScriptName, string>>>;
  /** Absolute paths, folders before what is in them. */
  files: readonly NewTarEntry[];
}

interface WriteOptions {
  /** Of data.tar; control.tar is always gzipped, which every opkg and dpkg takes. */
  compression?: Compression;
  /** The time of every file, seconds since 1970. */
  seconds?: number;
  /** An ar archive (deb(5)), or the gzipped tar that older ipks are. */
  container?: 'ar' | 'tar.gz';
}

/** An ipk or a deb as bytes: opkg and dpkg take the same. The same package and options give the same bytes. */
export async function writePackage(
  { control, conffiles = [], scripts = {}, files }: NewPackage,
  { compression = 'gz', seconds = 0, container = 'ar' }: WriteOptions = {},
): Promise<Buffer> {
  const lists: [string, string][] = [['control', stanzaText(control)]];
  if (conffiles.length > 0) lists.push(['conffiles', conffiles.map((path) => `${path}\n`).join('')]);
  const about: NewTarEntry[] = [
    { path: '.', type: 'directory', mode: 0o755 },
    ...lists.map(([name, text]) => file(name, 0o644, text)),
    ...Object.entries(scripts).map(([name, text]) => file(name, 0o755, text)),
  ];
  const data = files.map((entry) => ({ ...entry, path: `.${entry.path}` }));
  const suffix = compression === 'none' ? '' : `.${compression}`;
  const members = [
    { name: 'debian-binary', content: Buffer.from('2.0\n') },
    { name: 'control.tar.gz', content: await compress('gz', await bytesOf(packTar(about, seconds))) },
    {
      name: `data.tar${suffix}`,
      content: await compress(compression, await bytesOf(packTar(data, seconds))),
    },
  ];
  if (container === 'ar') return writeAr(members, seconds);
  const outer = members.map(({ name, content }) => file(name, 0o644, content));
  return compress('gz', await bytesOf(packTar(outer, seconds)));
}

function file(name: string, mode: number, content: string | Buffer): NewTarEntry {
  return { path: `./${name}`, type: 'file', mode, content: Buffer.from(content) };
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}
