import { expect } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { bufferSource } from '../../../src/package/archive/byte-source.ts';
import { controlPackageFrom } from '../../../src/package/control/control-package.ts';
import type { NewPackage } from '../../../src/package/control/write-package.ts';
import { filesFrom } from '../../../src/package/packaged-files.ts';

/** Both halves of a package's bytes, or why there are none. */
export async function readHalves(bytes: Buffer) {
  const source = bufferSource(bytes);
  return {
    about: await controlPackageFrom(source, 'deb'),
    files: await filesFrom(source, { digests: true }),
  };
}

/** Reads a package again, and holds it against what was written. */
export async function expectSame(written: NewPackage, bytes: Buffer): Promise<void> {
  const { about, files } = await readHalves(bytes);
  expect(about.control).toEqual(written.control);
  expect(about.conffiles).toEqual(written.conffiles);
  expect(Object.fromEntries(about.scripts)).toEqual(written.scripts);
  expect(files).toEqual(
    written.files.map((entry) => ({
      path: entry.path,
      type: entry.type,
      mode: entry.type === 'symlink' ? 0o777 : entry.mode,
      uid: 0,
      gid: 0,
      user: 'root',
      group: 'root',
      bytes: entry.type === 'file' ? entry.content.length : 0,
      ...(entry.type === 'symlink' ? { target: entry.target } : {}),
      ...(entry.type === 'file' ? { sha256: sha256(entry.content) } : {}),
    })),
  );
}
