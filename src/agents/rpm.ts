import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import { compareRpmVersions } from '../package/rpm/version.ts';
import type { AgentLimits, FeedPackage, ReleaseSource } from './agent.ts';
import { agentCommand } from './command.ts';
import { download } from './download.ts';
import { definePackageManager } from './in-place.ts';
import { type Installed, installed, installedAfterCut, noScriptletFailed } from './rpm-database.ts';

/**
 * Plain rpm without dnf (seen with 4.20.1): what the release has in another version is fetched, and installed in one
 * transaction. What it needs must be in it or there, or rpm refuses. Where a %post has failed, or could not even be
 * started, rpm ends with 0 and its database does not tell: what it says is all that there is. It does nothing for a
 * package that is recorded in the wanted version, whatever became of its files: that is for others to look at.
 */
export const rpm = definePackageManager({
  name: 'rpm',
  format: 'rpm',
  system: 'rpm',
  install: async (device, source, limits) => {
    const wanted = outdated(await installed(device, limits), source);
    await transaction(device, 'install', upgradeOptions(source), source, wanted, limits);
  },
  packages: {
    // Of a plain %config, as OpenEmbedded writes it.
    promise: { edited: 'kept-somewhere', deleted: 'may-return' },

    /**
     * The database is SQLite's, whose write-ahead log the next program that opens it applies: rpm has no step of its own
     * for that. Only where it still cannot be read is it rebuilt from the packages in it (rpmdb(8)). Then the upgrade
     * again; a package of which both versions are recorded is installed over itself, which takes the old one away.
     */
    async recover(device, source, limits) {
      const { found, odd } = await installedAfterCut(device, limits);
      const options = [...upgradeOptions(source), '--replacepkgs'];
      await transaction(device, 'install', options, source, outdated(found, source), limits);
      return odd;
    },

    async add(device, source, names, limits) {
      const offered = new Map(newest(source.packages).map((one) => [one.name, one]));
      const wanted = names.map((name) => {
        const one = offered.get(name);
        if (one === undefined) throw new DeviceFailure('add-failed', `the feed has no package ${name}`);
        return one;
      });
      await transaction(device, 'add', ['--install'], source, wanted, limits);
    },

    async remove(device, names, limits) {
      await agentCommand(device, 'remove', `rpm --erase ${names.join(' ')}`, limits);
    },
  },
});

/** What the release has in another version than one that is installed. */
function outdated(found: readonly Installed[], { packages }: ReleaseSource): FeedPackage[] {
  return newest(packages).filter((offered) =>
    found.some(
      ({ name, architecture, version }) =>
        name === offered.name && architecture === offered.architecture && version !== offered.version,
    ),
  );
}

/** Of each name and architecture the newest. */
function newest(packages: readonly FeedPackage[]): FeedPackage[] {
  const found = new Map<string, FeedPackage>();
  for (const one of packages) {
    const key = `${one.name}.${one.architecture}`;
    const other = found.get(key);
    if (other === undefined || compareRpmVersions(one.version, other.version) > 0) found.set(key, one);
  }
  return [...found.values()];
}

function upgradeOptions({ older }: ReleaseSource): string[] {
  return ['--upgrade', ...(older ? ['--oldpackage'] : [])];
}

async function transaction(
  device: Shell,
  what: 'add' | 'install',
  options: readonly string[],
  source: ReleaseSource,
  packages: readonly FeedPackage[],
  limits: AgentLimits,
): Promise<void> {
  if (packages.length === 0) return;
  const files = await download(device, source, packages, '.rpm', limits);
  const said = await agentCommand(device, what, `rpm ${options.join(' ')} ${files} 2>&1`, limits);
  noScriptletFailed('rpm', what, said);
}
