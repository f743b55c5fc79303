import { type Machine, type MachineName, machineNames, machines } from '../model/machine.ts';

/** Something that the host must have, and the Debian (and Ubuntu) package that brings it. */
export interface Requirement {
  /** A program on the path, or a file by its absolute path. */
  what: { program: string } | { file: string };
  package: string;
  /**
   * `run`: to boot machines; `image`: to build reference images; `feed`: to read packages that are compressed by
   * them; `import`: to make images of disks that somebody else has made; `test`: only for this project's own tests.
   */
  purpose: 'run' | 'image' | 'feed' | 'import' | 'test';
  /** Needed for this machine only. */
  machine?: MachineName;
}

/** The QEMU that runs a machine. */
export function qemuFor<Name extends string>(machine: Name, { qemu }: Machine) {
  return { what: { program: qemu.program }, package: qemu.package, purpose: 'run' as const, machine };
}

/** Everything that is not on npm. The images bring their own tools and firmware, so this list is short. */
export const requirements: readonly Requirement[] = [
  ...machineNames.map((name) => qemuFor(name, machines[name])),
  { what: { program: 'setpriv' }, package: 'util-linux', purpose: 'run' },
  { what: { program: 'perl' }, package: 'perl-base', purpose: 'run' },
  { what: { program: 'apt-get' }, package: 'apt', purpose: 'image' },
  { what: { program: 'apt-cache' }, package: 'apt', purpose: 'image' },
  { what: { program: 'apt-config' }, package: 'apt', purpose: 'image' },
  { what: { program: 'gpgv' }, package: 'gpgv', purpose: 'image' },
  { what: { program: 'dpkg-deb' }, package: 'dpkg', purpose: 'image' },
  {
    what: { file: '/usr/share/keyrings/debian-archive-keyring.gpg' },
    package: 'debian-archive-keyring',
    purpose: 'image',
  },
  { what: { program: 'xz' }, package: 'xz-utils', purpose: 'feed' },
  { what: { program: 'zstd' }, package: 'zstd', purpose: 'feed' },
  { what: { program: 'hexdump' }, package: 'bsdextrautils', purpose: 'test' },
  { what: { program: 'nbdinfo' }, package: 'libnbd-bin', purpose: 'test' },
  { what: { program: 'nbdcopy' }, package: 'libnbd-bin', purpose: 'test' },
  { what: { program: 'qemu-img' }, package: 'qemu-utils', purpose: 'import' },
  { what: { program: 'qemu-io' }, package: 'qemu-utils', purpose: 'test' },
  { what: { program: 'qemu-nbd' }, package: 'qemu-utils', purpose: 'test' },
  { what: { program: 'e2fsck' }, package: 'e2fsprogs', purpose: 'import' },
  { what: { program: 'debugfs' }, package: 'e2fsprogs', purpose: 'import' },
  { what: { program: 'mke2fs' }, package: 'e2fsprogs', purpose: 'test' },
  { what: { program: 'sfdisk' }, package: 'fdisk', purpose: 'test' },
  { what: { program: 'unsquashfs' }, package: 'squashfs-tools', purpose: 'test' },
  { what: { program: 'mkfs.vfat' }, package: 'dosfstools', purpose: 'test' },
  { what: { program: 'mcopy' }, package: 'mtools', purpose: 'test' },
  { what: { program: 'dpkg-scanpackages' }, package: 'dpkg-dev', purpose: 'test' },
  { what: { program: 'fakeroot' }, package: 'fakeroot', purpose: 'test' },
  { what: { program: 'rpm' }, package: 'rpm', purpose: 'test' },
  { what: { program: 'rpmbuild' }, package: 'rpm', purpose: 'test' },
  { what: { program: 'createrepo_c' }, package: 'createrepo-c', purpose: 'test' },
  { what: { program: 'sqlite3' }, package: 'sqlite3', purpose: 'test' },
  { what: { program: 'apt-ftparchive' }, package: 'apt-utils', purpose: 'test' },
  { what: { program: 'bzip2' }, package: 'bzip2', purpose: 'test' },
  { what: { program: 'lz4' }, package: 'lz4', purpose: 'test' },
  { what: { program: 'cpio' }, package: 'cpio', purpose: 'test' },
];

/** What a requirement is called in messages: the program's name or the file's path. */
export function requirementName({ what }: Requirement): string {
  return 'program' in what ? what.program : what.file;
}
