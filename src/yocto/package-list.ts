import { ScenarioError } from '../core/errors.ts';
import { readText } from '../document/read.ts';

/** A package in an image. */
export interface ListedPackage {
  name: string;
  architecture: string;
  /** With epoch and revision, as the package manager compares it. */
  version: string;
}

/**
 * Reads an image's `.manifest`: a line `name architecture version` for each package (openembedded-core's
 * image_list_installed_packages and format_pkg_list). Throws ScenarioError `document-unreadable`, and `yocto-invalid`
 * with `path:line`.
 */
export async function readPackageList(path: string): Promise<ListedPackage[]> {
  return (await readText(path)).split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const [name, architecture, version, more] = line.trim().split(/\s+/);
    if (name !== undefined && architecture !== undefined && version !== undefined && more === undefined)
      return [{ name, architecture, version }];
    throw new ScenarioError(
      'yocto-invalid',
      `${path}:${index + 1}: expected "name architecture version", found ${JSON.stringify(line.slice(0, 60))}`,
    );
  });
}
