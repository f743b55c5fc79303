import { describe, expect, it } from 'vitest';
import { ConsoleReader, type ConsoleSign, type Severity } from '../../../src/guest/console-messages.ts';

/** What a console that began with `before` is found to say with this line. */
function read(line: string, ...before: readonly string[]): string | undefined {
  const reader = new ConsoleReader();
  for (const earlier of before) reader.read(earlier);
  const finding = reader.read(line);
  return finding && [finding.severity, ...(finding.sign === undefined ? [] : [finding.sign])].join(' ');
}

const timed = '[    0.000000] Linux version 6.1.0-13-amd64 (debian-kernel@lists.debian.org) (gcc-12) #1 SMP';

/** Lines of real kernels, without the time that stands before them; x86 and arm64 but where it says so. */
const kernel: readonly (readonly [Severity, ConsoleSign | undefined, string])[] = [
  ['fatal', 'panic', 'Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100'],
  ['fatal', 'panic', 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(254,2)'],
  ['fatal', 'panic', 'VFS: Cannot open root device "vda2" or unknown-block(0,0): error -6'],
  [
    'fatal',
    'halted',
    '---[ end Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100 ]---',
  ],
  ['fatal', 'oops', 'BUG: kernel NULL pointer dereference, address: 0000000000000008'],
  ['fatal', 'oops', 'BUG: unable to handle page fault for address: ffffb2f5c0a81000'],
  ['fatal', 'oops', 'BUG: sleeping function called from invalid context at kernel/locking/mutex.c:580'],
  ['fatal', 'oops', 'BUG: Bad page state in process apt  pfn:0f3a1'],
  ['fatal', 'oops', 'kernel BUG at fs/iomap/buffered-io.c:1061!'],
  ['fatal', 'oops', 'Oops: 0002 [#1] PREEMPT SMP PTI'],
  ['fatal', 'oops', 'Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI'],
  ['fatal', 'oops', 'Oops: invalid opcode: 0000 [#1] SMP NOPTI'],
  ['fatal', 'oops', 'invalid opcode: 0000 [#1] PREEMPT SMP NOPTI'],
  ['fatal', 'oops', 'divide error: 0000 [#1] PREEMPT SMP PTI'],
  ['fatal', 'oops', 'general protection fault: 0000 [#1] SMP PTI'],
  [
    'fatal',
    'oops',
    'general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] PREEMPT SMP',
  ],
  [
    'fatal',
    'oops',
    'Oops: general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] SMP',
  ],
  ['fatal', 'oops', 'Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008'],
  ['fatal', 'oops', 'Unable to handle kernel paging request at virtual address ffff800010000000'],
  [
    'fatal',
    'oops',
    'Unable to handle kernel execute from non-executable memory at virtual address ffffbd2fe97a3ba0',
  ],
  ['fatal', 'oops', 'Internal error: Oops: 000000008600000e [#1] SMP'],
  ['fatal', 'oops', 'Internal error: Oops: 96000004 [#1] PREEMPT SMP'],
  ['fatal', 'oops', 'Internal error: Oops - BUG: 00000000f2000800 [#1] PREEMPT SMP'],
  ['fatal', 'oops', 'Internal error: synchronous external abort: 0000000096000210 [#1] SMP'],
  // 32-bit ARM, RISC-V and MIPS.
  ['fatal', 'oops', 'Internal error: Oops: 17 [#1] PREEMPT SMP ARM'],
  ['fatal', 'oops', 'Oops [#1]'],
  ['fatal', 'oops', 'Oops[#1]:'],
  ['fatal', 'oops', 'SError Interrupt on CPU0, code 0x00000000be000411 -- SError'],
  [
    'file-system',
    undefined,
    'EXT4-fs error (device vda3): ext4_lookup:1855: inode #131: comm cat: iget: checksum invalid',
  ],
  [
    'file-system',
    undefined,
    'EXT4-fs error (device vda3) in ext4_reserve_inode_write:5764: Journal has aborted',
  ],
  [
    'file-system',
    undefined,
    'EXT4-fs error (device sdb1): ext4_journal_check_start:61: Detected aborted journal',
  ],
  ['file-system', undefined, 'EXT4-fs (sdb1): Remounting filesystem read-only'],
  ['file-system', undefined, 'EXT4-fs (mmcblk1p5): I/O error while writing superblock'],
  [
    'file-system',
    undefined,
    'EXT4-fs (vda3): warning: mounting fs with errors, running e2fsck is recommended',
  ],
  [
    'file-system',
    undefined,
    'EXT4-fs warning (device dm-4): ext4_end_bio:343: I/O error 10 writing to inode 1182507 starting block 2920460)',
  ],
  ['file-system', undefined, 'Aborting journal on device mmcblk1p5-8.'],
  ['file-system', undefined, 'JBD2: Detected IO errors while flushing file data on vda3-8'],
  ['file-system', undefined, 'JBD2: I/O error when updating journal superblock for mmcblk1p5-8.'],
  [
    'file-system',
    undefined,
    'I/O error, dev sda, sector 3652355936 op 0x1:(WRITE) flags 0x0 phys_seg 1 prio class 2',
  ],
  [
    'file-system',
    undefined,
    'blk_update_request: critical target error, dev sdb, sector 2048 op 0x1:(WRITE) flags 0x800 phys_seg 1 prio class 0',
  ],
  ['file-system', undefined, 'blk_update_request: I/O error, dev vda, sector 2048 op 0x0:(READ) flags 0x0'],
  ['file-system', undefined, 'Buffer I/O error on dev sdb1, logical block 0, lost sync page write'],
  ['file-system', undefined, 'Buffer I/O error on device dm-4, logical block 2920458'],
  ['file-system', undefined, 'FAT-fs (vda1): error, fat_get_cluster: invalid cluster chain (i_pos 0)'],
  ['file-system', undefined, 'FAT-fs (vda1): Filesystem has been set read-only'],
  ['file-system', undefined, 'SQUASHFS error: Unable to read data cache entry [1a2b3c]'],
  ['file-system', undefined, 'device-mapper: verity: 254:2: data block 1234 is corrupted'],
  [
    'file-system',
    undefined,
    'BTRFS error (device vda2): parent transid verify failed on 30441472 wanted 9 found 7',
  ],
  [
    'file-system',
    undefined,
    'XFS (vda3): Metadata CRC error detected at xfs_agf_read_verify+0xd0/0xf0 [xfs]',
  ],
  [
    'file-system',
    undefined,
    'UBIFS error (ubi0:1 pid 79): ubifs_read_node [ubifs]: bad node type (255 but expected 1)',
  ],
  ['warning', undefined, 'INFO: task swapper/0:1 blocked for more than 120 seconds.'],
  ['warning', undefined, 'INFO: task NetworkManager:625 blocked for more than 120 seconds.'],
  ['warning', undefined, 'rcu: INFO: rcu_preempt self-detected stall on CPU'],
  ['warning', undefined, 'rcu: INFO: rcu_sched detected stalls on CPUs/tasks:'],
  ['warning', undefined, 'watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [kworker/0:1:15]'],
  ['warning', undefined, 'BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 34s!'],
  [
    'warning',
    undefined,
    'Out of memory: Killed process 411 (apt-get) total-vm:183424kB, anon-rss:97652kB, file-rss:0kB, shmem-rss:0kB',
  ],
  ['warning', undefined, 'Memory cgroup out of memory: Killed process 1402 (python3) total-vm:512000kB'],
  ['warning', undefined, 'WARNING: CPU: 0 PID: 55 at kernel/exit.c:741 do_exit+0x89a/0xaf0'],
  ['warning', undefined, 'WARNING: possible circular locking dependency detected'],
];

describe('the kernel’s words', () => {
  it.each(kernel)('%s %s: %s', (severity, sign, message) => {
    const expected = sign === undefined ? severity : `${severity} ${sign}`;
    expect(read(message), 'without a time').toBe(expected);
    expect(read(`[  605.154693] ${message}`, timed), 'with its time').toBe(expected);
    expect(read(`[  244.878944][   T74] ${message}`, timed), 'with its caller').toBe(expected);
    expect(read(`<3>[12345.154693] ${message}`, timed), 'with its level').toBe(expected);
    expect(read(`qemuarm64 login: [  605.154693] ${message}`, timed), 'behind a prompt').toBe(expected);
  });

  it.each(kernel)('are nobody else’s: %s %s: %s', (_severity, _sign, message) => {
    expect(read(`gatewayd[311]: ${message}`), 'a program').toBeUndefined();
    expect(read(`[   14.500000] gatewayd[311]: ${message}`, timed), 'a program by /dev/kmsg').toBeUndefined();
    expect(read(`Nov 28 10:00:00 device kernel: ${message}`), 'syslog').toBeUndefined();
    expect(read(`Nov 28 10:00:00 device kernel: [   12.345678] ${message}`, timed), 'syslog').toBeUndefined();
    expect(
      read(`2023-12-13T12:09:50.891483+00:00 endeavour kernel: [  605.154693] ${message}`, timed),
      'syslog',
    ).toBeUndefined();
    expect(read(message, timed), 'without a time, where the kernel shows it').toBeUndefined();
  });

  it.each([
    'gatewayd[311]: Internal error: database is locked',
    'Internal error: database is locked',
    'traps: gatewayd[311] general protection fault ip:7f1c2a sp:7ffd30 error:0 in libc.so.6[7f1c00+155000]',
    'gatewayd[311]: segfault at 0 ip 00005561 sp 00007ffd error 4 in gatewayd[5561+1000]',
    'traps: gatewayd[311] trap invalid opcode ip:55e2 sp:7ffc error:0 in gatewayd[55e2+1000]',
    'Command line: panic=1 oops=panic root=/dev/vda2',
    'Kernel command line: panic=1 oops=panic root=/dev/vda2',
    'EXT4-fs (vda2): mounted filesystem with ordered data mode. Quota mode: none.',
    'EXT4-fs (vda3): recovery complete',
    'EXT4-fs (vda3): re-mounted. Quota mode: none.',
    'FAT-fs (vda1): Volume was not properly unmounted. Some data may be corrupt. Please run fsck.',
    'I/O error, dev fd0, sector 0 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2',
    'Buffer I/O error on dev sr0, logical block 0, async page read',
    'systemd[1]: Failed to start Remount Root and Kernel File Systems.',
    'BUGS: none known',
    'Welcome to rauc-ab 1.0',
    '',
  ])('say nothing in: %s', (line) => {
    expect(read(line)).toBeUndefined();
    expect(read(`[   12.345678] ${line}`, timed)).toBeUndefined();
  });
});

describe('start-up', () => {
  it.each([
    'You are in emergency mode. After logging in, type "journalctl -xb" to view',
    'Entering emergency mode. Exit the shell to continue.',
    'Give root password for maintenance',
    'Give root password for system maintenance',
    'Cannot open access to console, the root account is locked.',
    'sulogin: root account is locked, starting shell',
    'ALERT!  /dev/vda2 does not exist.  Dropping to a shell!',
    "Enter 'help' for a list of built-in commands.",
    '[!!!!!!] Failed to mount API filesystems, freezing.',
  ])('waits for a human, with or without the kernel’s time before: %s', (line) => {
    expect(read(line)).toBe('fatal emergency');
    expect(read(line, timed)).toBe('fatal emergency');
    expect(read(`updater[20]: ${line}`)).toBeUndefined();
  });
});

it.each([
  ['JBD2: journal transaction 31 on vda4-8 is corrupt.', 'vda4'],
  ['JBD2: journal transaction 7 on dm-0-8 is corrupt.', 'dm-0'],
  ['EXT4-fs (vda4): error loading journal', 'vda4'],
  ['EXT4-fs (vda4): Remounting filesystem read-only', undefined],
  ['EXT4-fs error (device vda4): ext4_lookup:1: deleted inode referenced', undefined],
])('names the file system that is not mounted: %s', (line, notMounted) => {
  expect(new ConsoleReader().read(line)?.notMounted).toBe(notMounted);
});
