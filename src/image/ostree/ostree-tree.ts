import { sha256 } from '../../core/digest.ts';
import { ScenarioError } from '../../core/errors.ts';
import { initrdPath, kernelPath } from '../root/root.ts';
import { Tree, type TreeNode } from '../tree.ts';

/**
 * A root file system in the form that OSTree deploys (ostree documentation, "Adapting existing mainstream
 * distributions"): defaults of /etc in /usr/etc, the kernel and its initial RAM disk beside its modules. Throws
 * ScenarioError `path-unknown` where there is no folder of modules.
 */
export function ostreeTree(root: Tree): Tree {
  const entries = root.entries();
  const modules = entries.map(([path]) => /^usr\/lib\/modules\/[^/]+/.exec(path)?.[0]).find(Boolean);
  if (modules === undefined)
    throw new ScenarioError(
      'path-unknown',
      'the image has no folder in /usr/lib/modules, where OSTree looks for the kernel',
    );
  const moved = new Map([
    [kernelPath, `${modules}/vmlinuz`],
    [initrdPath, `${modules}/initramfs.img`],
  ]);
  const tree = new Tree();
  for (const [path, node] of entries)
    add(tree, moved.get(path) ?? path.replace(/^etc(?=\/|$)/, 'usr/etc'), node);
  return tree;
}

/** The regular files of a system that runs such a tree, with their SHA-256: /etc has the defaults of /usr/etc. */
export function deployedFiles(tree: Tree): Record<string, string> {
  const found = tree.entries().flatMap(([path, node]): [string, string][] => {
    if (node.type !== 'file') return [];
    const digest = sha256(node.content);
    const other = path.startsWith('usr/etc/')
      ? [[path.replace('usr/', '/'), digest] as [string, string]]
      : [];
    return [[`/${path}`, digest], ...other];
  });
  return Object.fromEntries(found.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function add(tree: Tree, path: string, node: TreeNode): void {
  if (node.type === 'file') tree.addFile(path, node.content, node.mode);
  else if (node.type === 'directory') tree.addDirectory(path, node.mode);
  else tree.addSymlink(path, node.target);
}
