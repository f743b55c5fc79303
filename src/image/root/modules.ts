import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HarnessError, ScenarioError } from '../../core/errors.ts';
import type { BuildCache } from '../build-cache.ts';
import type { Tools } from '../tools.ts';
import type { Tree } from '../tree.ts';

const modulesFolder = 'usr/lib/modules';

/** The modules of one kernel and what depmod found out about them. */
export interface KernelModules {
  /** `uname -r`. */
  release: string;
  /** Folder that the module paths are relative to. */
  folder: string;
  /** Direct and indirect needs by module path. */
  needs: Map<string, string[]>;
  /** Lines of modules.alias: pattern and module name. */
  aliases: { pattern: string; module: string }[];
}

/**
 * Runs depmod over an unpacked kernel package. Throws ScenarioError `kernel-ambiguous` where it has not the modules of
 * just one kernel, HarnessError `depmod-failed`.
 */
export async function readModules(
  kernelRoot: string,
  build: BuildCache,
  tools: Tools,
  key: readonly string[],
): Promise<KernelModules> {
  const [release, ...others] = await readdir(join(kernelRoot, modulesFolder)).catch((): string[] => []);
  if (release === undefined || others.length > 0) {
    throw new ScenarioError(
      'kernel-ambiguous',
      `${kernelRoot} must hold the modules of one kernel, found ${others.length + (release === undefined ? 0 : 1)}`,
    );
  }
  const out = await build.run('depmod', { version: 1, key, tools: tools.key }, async (folder) => {
    await tools.run('usr/sbin/depmod', ['-b', kernelRoot, '-o', folder, release]);
  });
  const at = await findFolder(out, release);
  return {
    release,
    folder: join(kernelRoot, modulesFolder, release),
    needs: parseNeeds(await readFile(join(at, 'modules.dep'), 'utf8')),
    aliases: parseAliases(await readFile(join(at, 'modules.alias'), 'utf8')),
  };
}

async function findFolder(out: string, release: string): Promise<string> {
  const candidates = [join(out, modulesFolder, release), join(out, 'lib/modules', release)];
  for (const candidate of candidates)
    if ((await readdir(candidate).catch((): string[] => [])).includes('modules.dep')) return candidate;
  throw new HarnessError('depmod-failed', `depmod left no modules.dep in ${out}`);
}

/** modules.dep: `path: path path…` (kmod's modules.dep(5)). */
export function parseNeeds(text: string): Map<string, string[]> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [path, rest] = line.split(':');
      return path === undefined || rest === undefined
        ? []
        : [[path, rest.split(' ').filter((one) => one !== '')] as const];
    }),
  );
}

function parseAliases(text: string): KernelModules['aliases'] {
  return text.split('\n').flatMap((line) => {
    const found = /^alias (\S+) (\S+)$/.exec(line);
    return found === null ? [] : [{ pattern: found[1] ?? '', module: found[2] ?? '' }];
  });
}

/** Paths of the named modules and of all that they need, each after what it needs. Throws ScenarioError `module-unknown`. */
export function loadOrder(names: readonly string[], needs: ReadonlyMap<string, readonly string[]>): string[] {
  const byName = new Map([...needs.keys()].map((path) => [moduleName(path), path]));
  const order: string[] = [];
  const visit = (path: string): void => {
    if (order.includes(path)) return;
    for (const need of [...(needs.get(path) ?? [])].reverse()) visit(need);
    order.push(path);
  };
  for (const name of names) {
    const path = byName.get(moduleName(name));
    if (path === undefined) throw new ScenarioError('module-unknown', `the kernel has no module ${name}`);
    visit(path);
  }
  return order;
}

/** The kernel's name of a module file: `kernel/net/core/failover.ko` → `failover`, dashes as underscores. */
export function moduleName(path: string): string {
  return path.replace(/^.*\//, '').replace(/\.ko$/, '').replaceAll('-', '_');
}

/** Puts modules into a root file system, with the indexes that modprobe loads them on demand by. */
export async function addModules(
  tree: Tree,
  modules: KernelModules,
  names: readonly string[],
): Promise<void> {
  const at = `${modulesFolder}/${modules.release}`;
  const paths = loadOrder(names, modules.needs).sort();
  for (const path of paths) tree.addFile(`${at}/${path}`, await readFile(join(modules.folder, path)));
  const chosen = new Set(paths.map(moduleName));
  const dependencies = paths.map((path) => `${path}: ${(modules.needs.get(path) ?? []).join(' ')}`.trimEnd());
  const aliases = modules.aliases
    .filter(({ module }) => chosen.has(moduleName(module)))
    .map(({ pattern, module }) => `alias ${pattern} ${module}`);
  tree.addFile(`${at}/modules.dep`, `${dependencies.join('\n')}\n`);
  tree.addFile(`${at}/modules.alias`, `${aliases.join('\n')}\n`);
}
