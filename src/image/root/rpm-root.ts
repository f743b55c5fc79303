import { readFile } from 'node:fs/promises';
import { Tree } from '../tree.ts';
import { addPackagedFiles, type PackageToInstall } from './package-tree.ts';

/** An rpm to be installed. */
export interface RpmToInstall extends PackageToInstall {
  /** The package itself. */
  file: string;
}

/** Where the first start finds the rpms; it is removed afterwards. */
const seed = 'var/lib/brownout/packages';

/**
 * The root file system that the first start turns into one that rpm knows: files unpacked, scriptlets not run, no
 * database, and the rpms beside, from which rpm itself makes its database on the device (`rpm --install --justdb`).
 * Everything belongs to root. Throws ScenarioError `image-packages` for what this cannot hold.
 */
export async function rpmRoot(packages: readonly RpmToInstall[]): Promise<Tree> {
  const tree = new Tree({});
  addPackagedFiles(
    tree,
    packages.map(({ about, files }) => ({ about, files: files.filter(({ type }) => type !== 'ghost') })),
  );
  for (const { about, file } of packages) tree.addFile(`${seed}/${about.name}.rpm`, await readFile(file));
  return tree;
}
