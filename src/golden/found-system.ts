import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { FileTree } from '../filesystem/file-tree.ts';
import { processorName, programsFor } from '../filesystem/processor.ts';
import { type MachineName, machineNames, machines } from '../model/machine.ts';
import { packageRecord } from './installed-packages.ts';

/** What an operating system is, by its files. */
export interface FoundSystem {
  /** `PRETTY_NAME` of os-release, or `NAME`; `a system without os-release` otherwise. */
  name: string;
  /** `VERSION_ID`, where there is one. */
  version: string | undefined;
  /** What its programs are made for: the machine, or an architecture that brownout has no machine for. */
  machine: MachineName | { other: string };
  ssh: FoundSsh | undefined;
  packages: FoundPackages | undefined;
  /** The newest kernel in /boot, with its initial RAM disk. */
  kernel: { path: string; initrd: string | undefined } | undefined;
}

/** The ssh server and what it says of itself. */
interface FoundSsh {
  server: 'openssh' | 'dropbear';
  /** Whether there are host keys of OpenSSH; without one the first start has to make them. */
  hasHostKeys: boolean;
  /** SHA-256 of the one that it will show, Ed25519's, in base64, as ssh-keygen prints it. */
  hostKey: string | undefined;
  /** Root's home. */
  home: string;
  /** What will refuse root's key although it is there. */
  refusal: string | undefined;
}

/** The package system and how many packages it knows as installed. */
interface FoundPackages {
  system: 'dpkg' | 'opkg' | 'rpm';
  installed: number | undefined;
}

/** What every system has at least one of. */
const signs = ['/etc/os-release', '/usr/lib/os-release', '/sbin/init', '/etc/passwd'] as const;

/** Finds an operating system among files; undefined where there is none. */
export function systemIn(files: FileTree): FoundSystem | undefined {
  if (files.kind !== 'ext4') return undefined;
  const machine = machineOf(files);
  if (machine === undefined || !signs.some((path) => files.read(path, 1) !== undefined)) return undefined;
  const release = osRelease(files);
  return {
    name: release.get('PRETTY_NAME') ?? release.get('NAME') ?? 'a system without os-release',
    version: release.get('VERSION_ID'),
    machine,
    ssh: sshOf(files),
    packages: packagesOf(files),
    kernel: kernelOf(files),
  };
}

/** The values of os-release(5): quoted as for a shell, without expansions. */
function osRelease(files: FileTree): Map<string, string> {
  const text = textOf(files, '/etc/os-release') ?? textOf(files, '/usr/lib/os-release') ?? '';
  const lines = text.matchAll(/^([A-Z0-9_]+)=(?:"([^"\n]*)"|'([^'\n]*)'|(\S*))\s*$/gm);
  return new Map(
    [...lines].map(([, key = '', double, single, bare]) => [key, double ?? single ?? bare ?? '']),
  );
}

/** What a system's programs are made for. */
function machineOf(files: FileTree): FoundSystem['machine'] | undefined {
  const found = programsFor(files);
  if (found === undefined) return undefined;
  return (
    machineNames.find((name) => machines[name].architecture.elf[0] === found) ?? {
      other: processorName(found),
    }
  );
}

function sshOf(files: FileTree): FoundSsh | undefined {
  const has = (names: readonly string[]) => names.some((path) => files.read(path, 1) !== undefined);
  const server = has(['/usr/sbin/sshd', '/usr/bin/sshd'])
    ? 'openssh'
    : has(['/usr/sbin/dropbear', '/usr/bin/dropbear', '/usr/sbin/dropbearmulti', '/sbin/dropbear'])
      ? 'dropbear'
      : undefined;
  if (server === undefined) return undefined;
  const home = /^root:[^:\n]*:0:[^:\n]*:[^:\n]*:(\/[\w./-]*):/m.exec(textOf(files, '/etc/passwd') ?? '')?.[1];
  return {
    server,
    hasHostKeys: files.names('/etc/ssh').some((name) => /^ssh_host_\w+_key$/.test(name)),
    hostKey: server === 'openssh' ? hostKeyOf(files) : undefined,
    home: home ?? '/root',
    refusal: server === 'openssh' ? refusalOf(files) : undefined,
  };
}

function hostKeyOf(files: FileTree): string | undefined {
  const blob = textOf(files, '/etc/ssh/ssh_host_ed25519_key.pub')?.split(' ')[1];
  if (blob === undefined) return undefined;
  return createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '');
}

/** The first value of a word counts (sshd_config(5)), and what /etc/ssh/sshd_config.d says is included before the rest. */
function refusalOf(files: FileTree): string | undefined {
  const parts = files
    .names('/etc/ssh/sshd_config.d')
    .filter((name) => name.endsWith('.conf'))
    .map((name) => `/etc/ssh/sshd_config.d/${name}`);
  const said = new Map<string, { value: string; path: string }>();
  for (const path of [...parts, '/etc/ssh/sshd_config'])
    for (const [, word = '', value = ''] of (textOf(files, path) ?? '').matchAll(
      /^\s*(PermitRootLogin|PubkeyAuthentication)[\s=]+(\S+)/gim,
    ))
      if (!said.has(word.toLowerCase())) said.set(word.toLowerCase(), { value: value.toLowerCase(), path });
  for (const { value, path } of said.values())
    if (value === 'no' || value === 'forced-commands-only')
      return `${path} has ${[...said].find(([, one]) => one.path === path && one.value === value)?.[0]} ${value}`;
  return undefined;
}

function packagesOf(files: FileTree): FoundPackages | undefined {
  const record = packageRecord(files);
  if (record !== undefined) return { system: record.system, installed: installedIn(record.status) };
  const rpm = ['/var/lib/rpm', '/usr/lib/sysimage/rpm'].some((path) => files.names(path).length > 0);
  return rpm ? { system: 'rpm', installed: undefined } : undefined;
}

/** Both record it as `Status: install ok installed`. */
function installedIn(status: string): number {
  return (status.match(/^Status: \S+ \S+ installed$/gm) ?? []).length;
}

/** Debian's and Yocto's names; the last in the order of versions. */
function kernelOf(files: FileTree): FoundSystem['kernel'] {
  const names = files.names('/boot');
  const byVersion = new Intl.Collator('en', { numeric: true });
  const kernel = names
    .filter((name) => /^(vmlinuz|vmlinux|bzImage|Image)(-|$)/.test(name))
    .sort(byVersion.compare)
    .at(-1);
  if (kernel === undefined) return undefined;
  const version = kernel.replace(/^[A-Za-z]+-?/, '');
  const initrd = [`initrd.img-${version}`, `initramfs-${version}.img`, `initrd-${version}`].find((name) =>
    names.includes(name),
  );
  const at = (name: string) => posix.join('/boot', name);
  return { path: at(kernel), initrd: initrd === undefined ? undefined : at(initrd) };
}

function textOf(files: FileTree, path: string): string | undefined {
  return files.read(path, 1 << 20)?.toString('utf8');
}
