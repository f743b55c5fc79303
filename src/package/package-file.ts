import { ScenarioError } from '../core/errors.ts';
import { type ByteSource, openSource } from './archive/byte-source.ts';
import { asScenarioError } from './archive/damage.ts';
import { controlPackageFrom } from './control/control-package.ts';
import { formatOf, type PackageFile, type PackageFormat } from './package-format.ts';
import { rpmPackageFrom } from './rpm/rpm-package.ts';

/**
 * Reads what a package says of itself. Its files must be there whole, but are not unpacked: `listFiles` does that.
 * Nothing is written to disk. Throws ScenarioError `package-damaged` with the file's name and where in it, or
 * `package-unreadable`.
 */
export function readPackage(path: string, signal?: AbortSignal): Promise<PackageFile> {
  return inPackage<PackageFile>(path, (source, format) =>
    format === 'rpm' ? rpmPackageFrom(source) : controlPackageFrom(source, format, signal),
  );
}

/** Opens a package for `work`; damage that it finds is told with the file's name. Throws as `readPackage`. */
export async function inPackage<T>(
  path: string,
  work: (source: ByteSource, format: PackageFormat) => Promise<T>,
): Promise<T> {
  const format = formatOf(path);
  const unreadable = (why: string, cause?: unknown) =>
    new ScenarioError('package-unreadable', `${path}: ${why}`, { cause });
  if (format === undefined) throw unreadable('no package: its name ends in none of .ipk, .opk, .deb, .rpm');
  await using source = await openSource(path).catch((cause: unknown) => {
    throw unreadable(`cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'error'}`, cause);
  });
  return await asScenarioError(path, () => work(source, format));
}
