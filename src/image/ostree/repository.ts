import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../core/digest.ts';
import { openSigner } from '../../feed/sign-release.ts';
import type { BuildCache } from '../build-cache.ts';
import type { Tools } from '../tools.ts';
import { type Tree, writeTar } from '../tree.ts';
import { commitMetadata } from './commit-metadata.ts';
import { makeDeltas } from './deltas.ts';

/** What is to be committed: a version of a branch. */
export interface NewCommit {
  version: string;
  branch: string;
  tree: Tree;
  /** The version of the same branch that it follows; undefined: none. */
  after: string | undefined;
}

/** A commit as a repository has it. */
interface Commit {
  /** Lower-case hex. */
  checksum: string;
  /** Files of the repository that came with it, by path. */
  objects: string[];
  /** Static deltas that lead to it, where there are any. */
  deltas?: string[];
}

/** A repository in the mode `archive`, as a server has it, and what each commit brought into it. */
export interface Repository {
  folder: string;
  /** By commitName. */
  commits: ReadonlyMap<string, Commit>;
}

/** Names a version of a branch. */
export function commitName({ branch, version }: Pick<NewCommit, 'branch' | 'version'>): string {
  return `${branch}/${version}`;
}

/** Checksum of a commit that the repository has. */
export function checksumOf({ commits }: Repository, commit: NewCommit): string {
  return commits.get(commitName(commit))?.checksum ?? '';
}

/** A commit, and those that it follows, the newest first. */
export function history(commits: readonly NewCommit[], newest: NewCommit): NewCommit[] {
  const before = commits.find(({ branch, version }) => branch === newest.branch && version === newest.after);
  return [newest, ...(before === undefined ? [] : history(commits, before))];
}

/** Path of the commit itself within a repository. */
export function commitPath(checksum: string): string {
  return `objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.commit`;
}

const secondsADay = 86_400;

/**
 * Makes commits, each signed with an OpenPGP key, a day after the one before. Its bytes depend on the inputs only:
 * OSTree would have gpg sign, which notes the time.
 */
export async function makeRepository(
  { tools, build }: { tools: Tools; build: BuildCache },
  commits: readonly NewCommit[],
  { key, epoch, deltas }: { key: string; epoch: number; deltas: boolean },
): Promise<Repository> {
  const inputs = {
    version: 2,
    commits: commits.map(({ version, branch, tree, after }) => [version, branch, tree.digest(), after ?? '']),
    key: sha256(await readFile(key)),
    epoch,
    ...(deltas ? { deltas } : {}),
    tools: tools.key,
  };
  const part = await build.run('ostree-repository', inputs, async (out) => {
    const folder = join(out, 'repository');
    const at = `--repo=${folder}`;
    await tools.run('usr/bin/ostree', ['init', at, '--mode=archive']);
    const signer = await openSigner(key);
    const made = new Map<string, Commit>();
    let known = new Set<string>();
    for (const [i, commit] of commits.entries()) {
      const { version, branch, tree, after } = commit;
      const archive = join(out, 'tree.tar');
      const seconds = epoch + i * secondsADay;
      await writeTar(tree, 0, archive);
      const { stdout } = await tools.run('usr/bin/ostree', [
        ...[
          'commit',
          at,
          '--orphan',
          '--tar-autocreate-parents',
          `--tree=tar=${archive}`,
          '--no-xattrs',
          '--owner-uid=0',
          '--owner-gid=0',
        ],
        ...[`--timestamp=@${seconds}`, `--subject=${version}`, `--add-metadata-string=version=${version}`],
        `--add-metadata-string=ostree.ref-binding=${branch}`,
        ...(after === undefined
          ? []
          : [`--parent=${made.get(commitName({ branch, version: after }))?.checksum ?? ''}`]),
      ]);
      await rm(archive);
      const checksum = stdout.trim();
      const place = join(folder, commitPath(checksum));
      const signature = await signer.detached(await readFile(place), new Date(seconds * 1000));
      await writeFile(`${place}meta`, commitMetadata([signature]));
      const all = await filesOf(join(folder, 'objects'));
      const from = history(commits, commit).slice(1);
      const step = {
        ...{ branch, checksum, seconds },
        from: from.map((one) => made.get(commitName(one))?.checksum ?? ''),
      };
      made.set(commitName(commit), {
        checksum,
        objects: all.filter((path) => !known.has(path)).map((path) => `objects/${path}`),
        ...(deltas ? { deltas: await makeDeltas(tools, folder, step) } : {}),
      });
      known = new Set(all);
    }
    await writeFile(join(out, 'commits.json'), JSON.stringify([...made]));
  });
  const text = await readFile(join(part, 'commits.json'), 'utf8');
  return { folder: join(part, 'repository'), commits: new Map(JSON.parse(text) as [string, Commit][]) };
}

async function filesOf(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
