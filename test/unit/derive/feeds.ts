import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type NewPackage, writePackage } from '../../../src/package/control/write-package.ts';
import { readPackage } from '../../../src/package/package-file.ts';
import type { ControlPackage } from '../../../src/package/package-format.ts';
import { listFiles } from '../../../src/package/packaged-files.ts';

/** Writes a package into a feed and returns its path. */
export async function put(
  path: string,
  made: NewPackage,
  options: Parameters<typeof writePackage>[1] = {},
): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await writePackage(made, options));
  return path;
}

/** What an ipk or a deb says of itself. */
export async function readControl(path: string): Promise<ControlPackage> {
  const about = await readPackage(path);
  if (about.format === 'rpm') throw new TypeError('an rpm has no control file');
  return about;
}

/** All that a package is, in a form to compare. */
export async function contents(path: string) {
  const { control, conffiles, scripts } = await readControl(path);
  const names = (await listFiles(path)).map((file) => file.path);
  const files = await listFiles(path, { contents: new Set(names) });
  return {
    fields: Object.fromEntries(control.map(({ name, lines }) => [name, lines.join('\n')])),
    conffiles: [...conffiles],
    scripts: Object.fromEntries(scripts),
    files: Object.fromEntries(
      files.map((file) => [file.path, file.content?.toString('utf8') ?? file.target ?? file.type]),
    ),
    modes: Object.fromEntries(files.map((file) => [file.path, file.mode.toString(8)])),
  };
}

/** The path of a file below a folder that a test may write. */
export async function write(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** All of a stream. */
export async function all(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
