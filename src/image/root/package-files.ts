import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';
import { ScenarioError } from '../../core/errors.ts';
import { globMatcher } from '../../core/glob.ts';
import { Tree } from '../tree.ts';
import { readElf } from './elf.ts';

/** Copies files out of unpacked packages, with the libraries that they are linked against. */
export class PackageFiles {
  private readonly root: string;
  /** Every file and link: path without leading slash. */
  private readonly paths: readonly string[];
  private readonly known: ReadonlySet<string>;

  private constructor(root: string, paths: readonly string[]) {
    this.root = root;
    this.paths = paths;
    this.known = new Set(paths);
  }

  /** `root` is the folder that unpackSet made. */
  static async open(root: string): Promise<PackageFiles> {
    const found = await readdir(root, { recursive: true, withFileTypes: true });
    const files = found
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
    return new PackageFiles(root, files.sort());
  }

  /** Copies all that match the patterns, then the closure of needed libraries. Throws ScenarioError `file-unknown`, `library-missing`. */
  async copy(tree: Tree, patterns: readonly string[], libraries: readonly string[]): Promise<void> {
    for (const pattern of patterns) {
      const matches = globMatcher(pattern);
      const matching = this.paths.filter((path) => matches(path));
      if (matching.length === 0) throw new ScenarioError('file-unknown', `no package has a file ${pattern}`);
      for (const path of matching) await this.add(tree, path);
    }
    for (const library of libraries) await this.add(tree, this.library(library, 'the list of libraries'));
  }

  private async add(tree: Tree, path: string): Promise<void> {
    if (tree.has(path)) return;
    const target = await readlink(join(this.root, path)).catch(() => undefined);
    if (target !== undefined) {
      tree.addSymlink(path, target);
      const next = normalize(target.startsWith('/') ? target.slice(1) : join(dirname(path), target));
      if (this.known.has(next)) await this.add(tree, next);
      return;
    }
    const content = await readFile(join(this.root, path));
    const { mode } = await stat(join(this.root, path));
    tree.addFile(path, content, (mode & 0o100) === 0 ? 0o644 : 0o755);
    const links = readElf(content);
    if (links === undefined) return;
    if (links.interpreter !== undefined) await this.add(tree, this.loader(links.interpreter));
    for (const name of links.needed) await this.add(tree, this.library(name, path));
  }

  private loader(interpreter: string): string {
    const path = interpreter.replace(/^\/lib/, 'usr/lib');
    if (this.known.has(path)) return path;
    return this.library(basename(interpreter), 'the program loader');
  }

  private library(name: string, neededBy: string): string {
    const path = this.paths.find(
      (candidate) => basename(candidate) === name && /^usr\/lib\/[^/]+(\/systemd)?$/.test(dirname(candidate)),
    );
    if (path !== undefined) return path;
    throw new ScenarioError(
      'library-missing',
      `${neededBy} needs ${name}, which no package of the image has`,
      {
        hint: 'take the package that has it off the list of those left out',
      },
    );
  }
}
