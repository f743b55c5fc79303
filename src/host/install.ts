import { HarnessError, messageOf } from '../core/errors.ts';
import { type Command, run } from '../process/run.ts';
import { checkHost, type HostScope, packagesOf } from './check.ts';
import { type Requirement, requirementName } from './requirements.ts';

/** Milliseconds for apt-get, downloads included. */
const installLimitMs = 20 * 60_000;

/** How packages are installed; tests bring their own. */
export interface Installer {
  run: (command: Command) => Promise<unknown>;
  /** Effective user id. */
  uid: number;
  /** Says whether a program is on the path. */
  has: (program: string) => Promise<boolean>;
  /** Where PATH is taken from. */
  environment: NodeJS.ProcessEnv;
}

export interface InstallOptions {
  scope: HostScope;
  signal?: AbortSignal | undefined;
  /** Told what is about to be done. */
  onNotice: (message: string) => void;
  installer?: Installer;
}

/**
 * Installs what the host lacks and returns it; does nothing where all is there. Needs root or sudo. Throws
 * HarnessError `apt-missing` or `not-root` with the list of what to install by hand, or `install-failed`.
 */
export async function installHost({
  scope,
  signal,
  onNotice,
  installer = ownInstaller(),
}: InstallOptions): Promise<Requirement[]> {
  const missing = await checkHost(scope, installer.environment);
  if (missing.length === 0) return [];
  const packages = packagesOf(missing);
  const prefix = await privileges(installer, missing);
  const apt = (...args: string[]) => {
    const [program = '', ...rest] = [
      ...prefix,
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'LC_ALL=C',
      'apt-get',
      ...lockOptions,
      ...args,
    ];
    return installer.run({ program, args: rest, signal, timeoutMs: installLimitMs });
  };
  const install = () => apt('install', '-y', '--no-install-recommends', ...packages);
  onNotice(`installing ${packages.join(', ')}`);
  try {
    await install().catch(async (error: unknown) => {
      signal?.throwIfAborted();
      onNotice(`apt-get could not install them (${lastLine(error)}); updating the package lists`);
      await apt('update');
      await install();
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new HarnessError(
      'install-failed',
      `apt-get could not install ${packages.join(', ')}: ${lastLine(error)}`,
      { cause: error },
    );
  }
  const still = await checkHost(scope, installer.environment);
  if (still.length === 0) return missing;
  const names = still.map(requirementName).join(', ');
  throw new HarnessError(
    'install-failed',
    `apt-get installed ${packages.join(', ')}, but ${names} cannot be found`,
  );
}

/** Another apt may be at work (unattended upgrades): wait for it rather than fail. */
const lockOptions = ['-q', '-o', 'DPkg::Lock::Timeout=300'];

async function privileges({ uid, has }: Installer, missing: readonly Requirement[]): Promise<string[]> {
  if (!(await has('apt-get'))) {
    throw new HarnessError('apt-missing', `this host has no apt-get; install by hand:\n${wishList(missing)}`);
  }
  if (uid === 0) return [];
  if (await has('sudo')) return ['sudo'];
  const command = `apt-get install --no-install-recommends ${packagesOf(missing).join(' ')}`;
  throw new HarnessError(
    'not-root',
    `installing packages needs root or sudo; missing:\n${wishList(missing)}`,
    {
      hint: `run as root: ${command}`,
    },
  );
}

/** What is missing, one a line, with the package that has it in Debian: readable where package names differ. */
export function wishList(missing: readonly Requirement[]): string {
  return missing
    .map((requirement) => `  ${requirementName(requirement)} (Debian: ${requirement.package})`)
    .join('\n');
}

function lastLine(error: unknown): string {
  return messageOf(error).trim().split('\n').at(-1) ?? '';
}

function ownInstaller(): Installer {
  return {
    run,
    uid: process.geteuid?.() ?? -1,
    environment: process.env,
    async has(program) {
      try {
        await run({ program, args: ['--version'], timeoutMs: 10_000 });
        return true;
      } catch {
        return false;
      }
    },
  };
}
