import { gunzipSync } from 'node:zlib';
import type { CommandOutput } from '../../../src/core/ask.ts';
import { sha256 } from '../../../src/core/digest.ts';
import { fieldValue } from '../../../src/package/control/stanza.ts';
import { readStanzas } from '../../../src/package/control/stanzas.ts';
import { FileStore } from './file-store.ts';
import type { Guest, Power } from './machine.ts';
import { answer, commonCommands, fails, type Known, prints } from './shell.ts';

/** A package that a simulated opkg can install. */
export interface SimulatedPackage {
  name: string;
  version: string;
  description: string;
  /** Content by path. */
  files: Readonly<Record<string, string>>;
  conffiles: readonly string[];
  /** What links say, by path. */
  links?: Readonly<Record<string, string>>;
}

/** What the package files of an image have inside, by the SHA-256 of each: the simulated opkg unpacks none. */
export type Catalogue = ReadonlyMap<string, SimulatedPackage>;

/** What is wrong with a device's package manager; an empty one does what it can, and says what it could not. */
export interface PackageTraits {
  /** The login shell greets. */
  greets?: string;
  /** Ends with 0 where a package could not be had. */
  saysNothing?: true;
  /** A conffile that the owner has changed is overwritten. */
  overwritesConffiles?: true;
  /** The record says that a package is there before its files are. */
  recordsFirst?: true;
  /** Passes over what an earlier upgrade has left in part. */
  recoversNothing?: true;
  /** Files have their modes, or links what they say, only after the record says that their package is there. */
  setsLast?: 'modes' | 'links';
  /** The mode that a package's script leaves at a path. */
  script?: { path: string; mode: string };
  /** In which of its starts it has no stat. */
  hasNoStat?: (booted: number) => boolean;
  /** Takes from a feed also what it has in the same version. */
  installsSameVersion?: true;
  /** Files stay where a package is removed. */
  leavesFiles?: true;
  /** Has the first word: an answer, or a failure that it throws; undefined where it has none. `booted` counts starts. */
  before?:
    | ((
        command: string,
        booted: number,
        power: Power,
      ) => Promise<CommandOutput | undefined> | CommandOutput | undefined)
    | undefined;
}

const recordPath = '/var/lib/opkg/status';

interface Installed {
  name: string;
  version: string;
  state: 'installed' | 'half-installed';
}

interface Offered {
  name: string;
  version: string;
  url: string;
  digest: string;
}

/** The record of packages of a device, as opkg keeps it. */
export function recordText(packages: readonly Installed[]): string {
  return packages
    .map(
      ({ name, version, state }) =>
        `Package: ${name}\nVersion: ${version}\nStatus: install ok ${state}\nArchitecture: all\n\n`,
    )
    .join('');
}

/** A device with one disk, upgraded by opkg. */
export class PackageGuest implements Guest {
  private readonly catalogue: Catalogue;
  private readonly traits: PackageTraits;
  private power: Power | undefined;
  private files: FileStore | undefined;
  private known: Known[] = [];
  private feeds: string[] = [];
  private offered: Offered[] = [];
  private booted = 0;

  constructor(catalogue: Catalogue, traits: PackageTraits = {}) {
    this.catalogue = catalogue;
    this.traits = traits;
  }

  start(power: Power): Promise<number> {
    const disk = power.disks.get('main');
    if (disk === undefined) throw new Error('this machine has no disk main');
    this.power = power;
    this.booted += 1;
    this.feeds = [];
    this.offered = [];
    const files = new FileStore(disk);
    this.files = files;
    this.known = [
      ...this.ownCommands(),
      ...commonCommands({ files, commandLine: 'root=/dev/vda', version: '1' }),
    ];
    return Promise.resolve(0);
  }

  async run(command: string, input: string): Promise<CommandOutput> {
    if (this.power === undefined) throw new Error('nobody has switched this guest on');
    return (
      (await this.traits.before?.(command, this.booted, this.power)) ?? answer(this.known, command, input)
    );
  }

  end(): Promise<void> {
    return this.store.flush();
  }

  get greeting(): string {
    return this.traits.greets ?? '';
  }

  private get store(): FileStore {
    if (this.files === undefined) throw new Error('nobody has switched this guest on');
    return this.files;
  }

  private ownCommands(): Known[] {
    return [
      [
        /^'cat' '\/var\/lib\/opkg\/status'$/,
        async () => prints((await this.store.read(recordPath))?.content.toString() ?? ''),
      ],
      [
        /^sh -s$/,
        async (_, script) => {
          if (script.startsWith('stat ')) return this.stat(script);
          const lines: string[] = [];
          for (const [, path = ''] of script.matchAll(/'([^']+)'/g)) {
            const file = await this.store.read(path);
            if (file !== undefined) lines.push(`${sha256(file.content)}  ${path}\n`);
          }
          return prints(lines.join(''));
        },
      ],
      [
        /^mkdir -p \/run\/brownout\n/,
        ({ input }) => {
          this.feeds = [...input.matchAll(/^src\/gz \S+ (\S+)$/gm)].map(([, url = '']) => url);
          return prints('');
        },
      ],
      [/^opkg -f \S+ update$/, () => this.update()],
      [/^opkg -f \S+ configure$/, () => prints('')],
      [/^opkg -f \S+ upgrade$/, () => this.upgrade()],
      [
        /^opkg -f \S+ install --force-downgrade (.+)$/,
        ([, urls = '']) => this.installAll(this.offered.filter(({ url }) => urls.split(' ').includes(url))),
      ],
      [
        /^opkg -f \S+ install (.+)$/,
        ([, names = '']) =>
          this.installAll(this.offered.filter(({ name }) => names.split(' ').includes(name))),
      ],
      [/^opkg remove (.+)$/, ([, names = '']) => this.remove(names.split(' '))],
      [
        /^opkg list-installed$/,
        async () =>
          prints((await this.record()).map(({ name, version }) => `${name} - ${version}\n`).join('')),
      ],
    ];
  }

  private async update(): Promise<CommandOutput> {
    this.offered = [];
    for (const feed of this.feeds) {
      const index = await fetched(`${feed}/Packages.gz`);
      if (typeof index === 'string') return fails(1, `Failed to download ${feed}/Packages.gz: ${index}`);
      let text: string;
      try {
        text = gunzipSync(index).toString();
      } catch {
        return fails(1, `${feed}/Packages.gz is no index`);
      }
      for (const { stanza } of readStanzas(text)) {
        const value = (name: string) => fieldValue(stanza, name) ?? '';
        this.offered.push({
          name: value('Package'),
          version: value('Version'),
          url: `${feed}/${value('Filename')}`,
          digest: value('SHA256sum'),
        });
      }
    }
    return prints('');
  }

  private async upgrade(): Promise<CommandOutput> {
    const there = new Map((await this.record()).map((one) => [one.name, one]));
    return this.installAll(
      this.offered.filter(({ name, version }) => {
        const found = there.get(name);
        if (found === undefined) return false;
        if (found.state !== 'installed') return this.traits.recoversNothing !== true;
        return this.traits.installsSameVersion === true || found.version !== version;
      }),
    );
  }

  /** One package after the other: fetched, looked at, and installed. */
  private async installAll(wanted: readonly Offered[]): Promise<CommandOutput> {
    for (const one of wanted) {
      const file = await fetched(one.url);
      const found = typeof file === 'string' ? undefined : this.catalogue.get(sha256(file));
      if (found === undefined || (typeof file !== 'string' && sha256(file) !== one.digest)) {
        if (this.traits.saysNothing === true) return prints('');
        return fails(255, `opkg_install_pkg: Failed to download ${one.name}. ${String(file).slice(0, 40)}`);
      }
      await this.install(found);
    }
    return prints('Configuring.');
  }

  private async install(found: SimulatedPackage): Promise<void> {
    const { name, version } = found;
    const { store, traits } = this;
    if (traits.recordsFirst === true) await this.note({ name, version, state: 'installed' });
    else await this.note({ name, version, state: 'half-installed' });
    for (const [path, content] of Object.entries(found.files)) {
      const isOwners = found.conffiles.includes(path) && (await store.read(path)) !== undefined;
      if (isOwners && traits.overwritesConffiles !== true) continue;
      const mode = traits.setsLast === 'modes' ? '600' : '644';
      await store.replace(path, Buffer.from(content), isOwners ? {} : { access: `${mode} 0:0` });
    }
    if (traits.setsLast !== 'links') await this.link(found);
    const { path = '', mode = '' } = traits.script ?? {};
    if (found.files[path] !== undefined) await store.chmod(path, mode);
    await this.note({ name, version, state: 'installed' });
    if (traits.setsLast === 'links') await this.link(found);
    if (traits.setsLast !== 'modes') return;
    for (const path of Object.keys(found.files))
      if (!found.conffiles.includes(path)) await store.chmod(path, '644');
  }

  private async link({ links = {} }: SimulatedPackage): Promise<void> {
    for (const [path, to] of Object.entries(links))
      await this.store.replace(path, Buffer.from(to), { access: '777 0:0', link: true });
  }

  /** As `statScript` of src/device/observe-paths.ts has it. */
  private async stat(script: string): Promise<CommandOutput> {
    if (this.traits.hasNoStat?.(this.booted) === true) return prints('no stat\n');
    const lines: string[] = [];
    for (const line of script.split('\n').filter((one) => one.startsWith("stat -c 'stat ")))
      for (const [, path = ''] of line.slice("stat -c '".length).matchAll(/ '(\/[^']+)'/g)) {
        const file = await this.store.read(path);
        if (file === undefined) continue;
        const [mode = '', owner = ''] = file.access.split(' ');
        const bits = (file.link === true ? 0o120000 : 0o100000) | Number.parseInt(mode, 8);
        const names = file.link === true ? `${path} -> ${file.content.toString()}` : path;
        lines.push(`stat ${bits.toString(16)} ${owner} ${names}\n`);
      }
    return prints(lines.join(''));
  }

  private async remove(names: readonly string[]): Promise<CommandOutput> {
    const record = await this.record();
    for (const { name, version } of record.filter((one) => names.includes(one.name))) {
      const found = [...this.catalogue.values()].find((one) => one.name === name && one.version === version);
      for (const path of Object.keys({ ...found?.files, ...found?.links }))
        if (this.traits.leavesFiles !== true && found?.conffiles.includes(path) !== true)
          await this.store.remove(path);
    }
    await this.keep(record.filter(({ name }) => !names.includes(name)));
    return prints('');
  }

  private async note(one: Installed): Promise<void> {
    const others = (await this.record()).filter(({ name }) => name !== one.name);
    await this.keep([...others, one].sort((a, b) => (a.name < b.name ? -1 : 1)));
  }

  private async keep(record: readonly Installed[]): Promise<void> {
    await this.store.replace(recordPath, Buffer.from(recordText(record)));
  }

  private async record(): Promise<Installed[]> {
    const text = (await this.store.read(recordPath))?.content.toString() ?? '';
    return [...readStanzas(text)].map(({ stanza }) => {
      const value = (field: string) => fieldValue(stanza, field) ?? '';
      const state = value('Status').endsWith(' installed') ? 'installed' : 'half-installed';
      return { name: value('Package'), version: value('Version'), state };
    });
  }
}

/** A file of the server; where there is none, why not. */
async function fetched(url: string): Promise<Buffer | string> {
  try {
    const response = await fetch(url.replace('//10.0.2.2:', '//127.0.0.1:'));
    if (!response.ok) return `the server says ${response.status}`;
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    return `the download broke off: ${String(error)}`;
  }
}
