import { join } from 'node:path';
import { HarnessError } from '../core/errors.ts';
import { type CommandResult, run } from '../process/run.ts';
import type { LockedSet } from './packages/lock.ts';

/** Options of one run of a tool. */
export interface ToolOptions {
  cwd?: string;
  env?: Record<string, string>;
  input?: string | Uint8Array;
  okCodes?: readonly number[];
  /** Whether it is to think itself root, so that it can write files of root's; a real one has no need of that. */
  asRoot?: true;
}

const libraries = 'usr/lib/x86_64-linux-gnu';
const timeoutMs = 5 * 60_000;
/** A user namespace in which this user is root (unshare(1), of the essential package util-linux). */
const rootUser = ['/usr/bin/unshare', '--map-root-user'];

/**
 * Programs from locked Debian packages, run in place by their own dynamic loader, without root and
 * without chroot. So what they write depends on the lock, not on what this host has installed.
 */
export class Tools {
  /** Folder that the packages are unpacked in. */
  readonly root: string;
  /** Names the packages' content, for the keys of what they make. */
  readonly key: readonly string[];
  private readonly epoch: number;
  private readonly signal: AbortSignal | undefined;

  /** Throws HarnessError `host-unsupported`. */
  constructor(
    root: string,
    set: LockedSet,
    epoch: number,
    signal?: AbortSignal,
    architecture: string = process.arch,
  ) {
    if (architecture !== 'x64') {
      throw new HarnessError(
        'host-unsupported',
        `images are built on x86-64 hosts only, this one is ${architecture}`,
      );
    }
    this.root = root;
    this.key = set.packages.map(({ sha256 }) => sha256);
    this.epoch = epoch;
    this.signal = signal;
  }

  /** Runs a program given by its path in the tools' root: `usr/sbin/mke2fs`. */
  run(program: string, args: readonly string[], options: ToolOptions = {}): Promise<CommandResult> {
    const loader = join(this.root, libraries, 'ld-linux-x86-64.so.2');
    const command = [loader, '--library-path', join(this.root, libraries), join(this.root, program), ...args];
    const [name = loader, ...rest] =
      options.asRoot === true && process.getuid?.() !== 0 ? [...rootUser, ...command] : command;
    return run({
      program: name,
      args: rest,
      signal: this.signal,
      timeoutMs,
      env: { ...this.environment(), ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.okCodes === undefined ? {} : { okCodes: options.okCodes }),
    });
  }

  private environment(): Record<string, string> {
    return {
      LC_ALL: 'C',
      TZ: 'UTC',
      SOURCE_DATE_EPOCH: String(this.epoch),
      LD_PRELOAD: '',
      LD_LIBRARY_PATH: '',
      MKE2FS_CONFIG: join(this.root, 'etc/mke2fs.conf'),
      MTOOLSRC: '/dev/null',
      OPENSSL_CONF: '/dev/null',
      OPENSSL_MODULES: join(this.root, libraries, 'ossl-modules'),
    };
  }
}
