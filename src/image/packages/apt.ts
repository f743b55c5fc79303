import { access, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BrownoutError, HarnessError, messageOf } from '../../core/errors.ts';
import { cacheUnwritable } from '../../core/holds.ts';
import { makeFolders } from '../../core/make-folders.ts';
import { temporaryPath } from '../../core/process-tag.ts';
import { removeStale } from '../../core/temporary.ts';
import { run } from '../../process/run.ts';
import { type DebianMirror, parseFields } from './apt-sources.ts';

/** One version of a package as the signed index describes it. */
export interface IndexedPackage {
  name: string;
  version: string;
  /** Hex. */
  sha256: string;
  bytes: number;
}

const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Of the package apt. */
const helper = '/usr/lib/apt/apt-helper';
const updateTimeoutMs = 5 * 60_000;
const downloadTimeoutMs = 15 * 60_000;

/** Packages of one suite and architecture, and the keys that vouch for them (default: Debian's). */
interface DebianArchive {
  mirror: DebianMirror;
  suite: string;
  architecture: string;
  /** Absent: true. */
  checkValidUntil?: false | undefined;
  keyring?: string;
}

/**
 * A private apt for one suite and architecture: own state, nothing installed, the host's configuration
 * left out but for its proxies. What it returns is vouched for by Debian's signatures. Dispose it.
 */
export class AptRoot implements AsyncDisposable {
  private readonly folder: string;
  private readonly archive: Pick<DebianArchive, 'suite' | 'architecture'>;
  private readonly signal: AbortSignal | undefined;

  private constructor(
    folder: string,
    archive: Pick<DebianArchive, 'suite' | 'architecture'>,
    signal: AbortSignal | undefined,
  ) {
    this.folder = folder;
    this.archive = archive;
    this.signal = signal;
  }

  /** Asks nobody yet. Throws HarnessError `keyring-missing`. */
  static async prepare(cache: string, archive: DebianArchive, signal?: AbortSignal): Promise<AptRoot> {
    const { suite, architecture, keyring = debianKeyring } = archive;
    await access(keyring).catch((cause: unknown) => {
      throw new HarnessError(
        'keyring-missing',
        `${keyring} is not there, so Debian's packages cannot be verified`,
        {
          cause,
          hint: 'install the package debian-archive-keyring',
        },
      );
    });
    await removeStale(join(cache, 'apt'));
    const root = new AptRoot(temporaryPath(join(cache, 'apt', `${suite}-${architecture}`)), archive, signal);
    try {
      await root.lay({ ...archive, keyring });
      return root;
    } catch (error) {
      await root[Symbol.asyncDispose]().catch(() => undefined);
      throw error instanceof BrownoutError ? error : cacheUnwritable(cache, error);
    }
  }

  /** The same with the indexes. Throws HarnessError `keyring-missing` or `index-unreachable`. */
  static async open(cache: string, archive: DebianArchive, signal?: AbortSignal): Promise<AptRoot> {
    const root = await AptRoot.prepare(cache, archive, signal);
    try {
      await root.update();
      return root;
    } catch (error) {
      await root[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Fetches the indexes. Throws HarnessError `index-unreachable`. */
  async update(): Promise<void> {
    const { suite, architecture } = this.archive;
    try {
      await this.apt('apt-get', ['-q', 'update', '-o', 'APT::Update::Error-Mode=any'], updateTimeoutMs);
    } catch (error) {
      if (this.signal?.aborted === true) throw error;
      throw new HarnessError(
        'index-unreachable',
        `the package indexes of ${suite} (${architecture}) could not be fetched: ${messageOf(error)}`,
        { cause: error, hint: 'check the network, or set BROWNOUT_DEBIAN_MIRROR' },
      );
    }
  }

  /** Names and versions of all that `install` needs, itself included, without recommendations. */
  async closure(install: readonly string[]): Promise<{ name: string; version: string }[]> {
    const { stdout } = await this.apt(
      'apt-get',
      ['-qq', '-y', '--print-uris', 'install', ...install],
      updateTimeoutMs,
    );
    return stdout.split('\n').flatMap((line) => {
      const [name, version] = (/^'[^']*' (\S+)\.deb /.exec(line)?.[1] ?? '').split('_');
      return name === undefined || version === undefined
        ? []
        : [{ name, version: decodeURIComponent(version) }];
    });
  }

  /** Every version of the named packages that the mirror has, newest first; unknown names are left out. */
  async versions(names: readonly string[]): Promise<IndexedPackage[]> {
    if (names.length === 0) return [];
    const { stdout } = await run({
      program: 'apt-cache',
      args: ['show', '-a', '--', ...names],
      env: this.environment(),
      signal: this.signal,
      timeoutMs: updateTimeoutMs,
      okCodes: [0, 100],
    });
    return parseRecords(stdout);
  }

  /** Downloads into `folder` and returns the paths; apt has verified the content. */
  async download(packages: readonly { name: string; version: string }[], folder: string): Promise<string[]> {
    await makeFolders(folder);
    const wanted = packages.map(({ name, version }) => `${name}=${version}`);
    await this.apt('apt-get', ['-q', 'download', ...wanted], downloadTimeoutMs, folder);
    return (await readdir(folder)).filter((name) => name.endsWith('.deb')).map((name) => join(folder, name));
  }

  /**
   * Fetches one file by its address, by the way that apt takes to the network; nobody vouches for it. False where the
   * server has none. Throws HarnessError `command-failed` where it cannot be asked.
   */
  async downloadFile(address: string, path: string): Promise<boolean> {
    try {
      await this.apt(helper, ['-q', 'download-file', address, path], downloadTimeoutMs);
      return true;
    } catch (error) {
      if (/\b404\b/.test(messageOf(error))) return false;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private async lay({
    mirror,
    suite,
    architecture,
    checkValidUntil,
    keyring,
  }: DebianArchive & { keyring: string }): Promise<void> {
    const at = (...parts: string[]) => join(this.folder, ...parts);
    const folders = [
      'state/lists/partial',
      'cache/archives/partial',
      'etc/apt.conf.d',
      'etc/preferences.d',
      'etc/trusted.gpg.d',
    ];
    for (const folder of folders) await makeFolders(at(folder));
    await writeFile(at('status'), '');
    const options = `signed-by=${keyring}${checkValidUntil === false ? ' check-valid-until=no' : ''}`;
    // Backports and the like have neither updates nor security fixes of their own.
    const sources = suite.includes('-')
      ? [[mirror.main, suite]]
      : [
          [mirror.main, suite],
          [mirror.main, `${suite}-updates`],
          [mirror.security, `${suite}-security`],
        ];
    const lines = sources.map(([uri, name]) => `deb [${options}] ${uri ?? ''} ${name ?? ''} main\n`);
    await writeFile(at('etc', 'sources.list'), lines.join(''));
    await writeFile(
      at('apt.conf'),
      `${aptConfiguration(this.folder, architecture)}${await hostProxies(this.signal)}`,
    );
  }

  private apt(program: string, args: readonly string[], timeoutMs: number, cwd?: string) {
    return run({
      program,
      args,
      env: this.environment(),
      signal: this.signal,
      timeoutMs,
      ...(cwd === undefined ? {} : { cwd }),
    });
  }

  private environment(): Record<string, string> {
    return { APT_CONFIG: join(this.folder, 'apt.conf'), LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  }
}

function aptConfiguration(folder: string, architecture: string): string {
  const settings: Record<string, string> = {
    Dir: folder,
    'Dir::State': join(folder, 'state'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'Dir::Etc': join(folder, 'etc'),
    'APT::Architecture': architecture,
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    'Acquire::http::Timeout': '30',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  return `${lines.join('')}APT::Architectures { "${architecture}"; };\n`;
}

/** Lines of the host's apt configuration that say how to reach the network. */
async function hostProxies(signal: AbortSignal | undefined): Promise<string> {
  const { stdout } = await run({ program: 'apt-config', args: ['dump'], signal, timeoutMs: 30_000 });
  const kept = stdout
    .split('\n')
    .filter((line) => /^Acquire::(http|https|ftp)::(Proxy|Verify|CaInfo|CAfile)/i.test(line));
  return kept.map((line) => `${line}\n`).join('');
}

/** Records of `apt-cache show` (deb822). */
export function parseRecords(text: string): IndexedPackage[] {
  return text.split(/\n\n+/).flatMap((stanza) => {
    const fields = parseFields(stanza);
    const name = fields.get('package');
    const version = fields.get('version');
    const sha256 = fields.get('sha256');
    if (name === undefined || version === undefined || sha256 === undefined) return [];
    return [{ name, version, sha256, bytes: Number(fields.get('size') ?? 0) }];
  });
}
