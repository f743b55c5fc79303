import { posix } from 'node:path';
import { ScenarioError } from '../../core/errors.ts';
import type { PackageFile } from '../../package/package-format.ts';
import type { PackagedFile } from '../../package/packaged-file.ts';
import type { Tree } from '../tree.ts';

/** A package to be installed, with the contents of its files. */
export interface PackageToInstall {
  about: Pick<PackageFile, 'name'>;
  files: readonly PackagedFile[];
}

/** Unpacks packages into a tree, in their order. Throws ScenarioError `image-packages` for what a tree cannot hold. */
export function addPackagedFiles(tree: Tree, packages: readonly PackageToInstall[]): void {
  for (const one of packages) for (const file of one.files) addFile(tree, one, file);
}

function addFile(tree: Tree, { about, files }: PackageToInstall, file: PackagedFile): void {
  const path = file.path.slice(1);
  if (path === '') return;
  if (file.type === 'directory') tree.addDirectory(path, file.mode);
  else if (file.type === 'symlink') tree.addSymlink(path, file.target ?? '');
  else {
    const source = file.type === 'link' ? linked(files, file) : file.type === 'file' ? file : undefined;
    if (source?.content === undefined)
      throw new ScenarioError(
        'image-packages',
        `${about.name}: ${file.path} is a ${file.type}, which an image built of packages cannot have`,
      );
    tree.addFile(path, source.content, source.mode);
  }
}

/** The file that a hard link names, which stands for itself in the archive before. */
function linked(files: readonly PackagedFile[], { target = '' }: PackagedFile): PackagedFile | undefined {
  const path = posix.join('/', target);
  return files.find((file) => file.type === 'file' && file.path === path);
}
