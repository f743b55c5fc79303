/**
 * What a line means for the verdict. `fatal`: the kernel hurt itself, or start-up stopped; `file-system`: data or a device
 * below them is damaged; `warning`: worth a look, and also what a starved host may bring about.
 */
export type Severity = 'fatal' | 'file-system' | 'warning';

/**
 * What a boot is judged by. `panic`: the kernel gave up; `halted`: it will not reset itself after that; `oops`: it hurt
 * itself and goes on; `emergency`: start-up stopped and waits for a human.
 */
export type ConsoleSign = 'panic' | 'halted' | 'oops' | 'emergency';

/** A line of a guest's console that says something of the system's health. */
export interface ConsoleFinding {
  severity: Severity;
  sign: ConsoleSign | undefined;
  /** The whole line, printable, at most 2,000 characters. */
  line: string;
  /** The file system, by the name of its device (`vda4`), that the kernel would not mount as it was. */
  notMounted?: string;
}

/** One kind of message. */
interface Message {
  severity: Severity;
  sign?: ConsoleSign;
  /** Matches a message from its first character on; the group `notMounted` is the device of a mount that is refused. */
  pattern: RegExp;
  /** Where it is printed. */
  source: string;
}

/** What Linux says of itself; the first row that matches counts. Files are those of Linux 6.1 to 6.12. */
const kernelMessages: readonly Message[] = [
  {
    ...{ severity: 'fatal', sign: 'halted', source: 'kernel/panic.c, panic()' },
    pattern: /^---\[ end Kernel panic/,
  },
  {
    ...{ severity: 'fatal', sign: 'panic', source: 'kernel/panic.c, panic()' },
    pattern: /^Kernel panic - not syncing/,
  },
  {
    ...{ severity: 'fatal', sign: 'panic', source: 'init/do_mounts.c, mount_root_generic()' },
    pattern: /^VFS: (?:Unable to mount root fs|Cannot open root device)/,
  },
  {
    ...{ severity: 'warning', source: 'kernel/watchdog.c, kernel/workqueue.c: measured by the clock' },
    pattern: /^(?:watchdog: )?BUG: (?:soft lockup|workqueue lockup)/,
  },
  {
    ...{ severity: 'fatal', sign: 'oops', source: 'arch/x86/mm/fault.c, mm/, lib/: BUG:' },
    pattern: /^BUG: /,
  },
  {
    ...{ severity: 'fatal', sign: 'oops', source: 'lib/bug.c, report_bug()' },
    pattern: /^kernel BUG at /,
  },
  {
    ...{ severity: 'fatal', sign: 'oops', source: 'arch/x86/kernel/dumpstack.c, __die_header()' },
    // Until 6.9 the trap's name alone: `invalid opcode: 0000 [#1]`; since then `Oops: invalid opcode: 0000 [#1]`.
    pattern: /^(?:Oops: )?[A-Za-z][\w ,/()-]*(?: 0x[0-9a-f]+)?: [0-9a-f]{4} \[#\d+\]/,
  },
  {
    ...{
      severity: 'fatal',
      sign: 'oops',
      source: 'arch/arm64/kernel/traps.c and arch/arm/kernel/traps.c, __die()',
    },
    pattern: /^Internal error: .*: [0-9a-f]+ \[#\d+\]/,
  },
  {
    ...{ severity: 'fatal', sign: 'oops', source: 'die() of arch/riscv, mips and powerpc' },
    pattern: /^(?:Oops|Kernel BUG)\b.*\[#\d+\]|^Oops: .*, sig: \d+/,
  },
  {
    ...{ severity: 'fatal', sign: 'oops', source: 'arch/arm64/mm/fault.c, die_kernel_fault()' },
    pattern: /^Unable to handle kernel /,
  },
  {
    ...{ severity: 'fatal', sign: 'oops', source: 'arch/arm64/kernel/traps.c' },
    pattern:
      /^(?:SError Interrupt on CPU\d|Bad mode in .* handler detected|Insufficient stack space to handle)/,
  },
  {
    ...{ severity: 'file-system', source: 'fs/ext4/super.c, __ext4_error()' },
    pattern: /^EXT[234]-fs error/,
  },
  {
    ...{ severity: 'file-system', source: 'fs/ext4/super.c, ext4_load_and_init_journal()' },
    pattern: /^EXT[234]-fs \((?<notMounted>\S+)\): error loading journal/,
  },
  {
    ...{ severity: 'file-system', source: 'fs/ext4/super.c, ext4_handle_error()' },
    pattern: /^EXT[234]-fs \(\S+\): (?:Remounting filesystem read-only|I\/O error)/,
  },
  {
    ...{ severity: 'file-system', source: 'fs/ext4/super.c, ext4_setup_super()' },
    pattern: /^EXT[234]-fs \(\S+\): warning: mounting fs with errors/,
  },
  {
    ...{ severity: 'file-system', source: 'fs/ext4/page-io.c and fs/ext4/super.c' },
    pattern:
      /^EXT[234]-fs warning .*(?:I\/O error|error recorded from previous mount|in need of filesystem check)/,
  },
  {
    // The last commit is there in part. The name is the device's and the journal's inode.
    ...{ severity: 'file-system', source: 'fs/jbd2/journal.c, jbd2_journal_load()' },
    pattern: /^JBD2: journal transaction \d+ on (?<notMounted>\S+)-\d+ is corrupt/,
  },
  {
    ...{ severity: 'file-system', source: 'fs/jbd2/journal.c and fs/jbd2/recovery.c' },
    pattern: /^(?:Aborting journal on device|JBD2: .*(?:[Ee]rror|[Ii]nvalid checksum|corrupt|failed))/,
  },
  {
    ...{ severity: 'file-system', source: 'block/blk-core.c, blk_print_req_error()' },
    // Drives without a medium are asked while the system starts.
    pattern:
      /^(?:blk_update_request: |print_req_error: )?(?:I\/O|critical \w+|protection) error, dev (?!fd\d|sr\d)/,
  },
  {
    ...{ severity: 'file-system', source: 'fs/buffer.c, buffer_io_error()' },
    pattern: /^Buffer I\/O error on dev(?:ice)? (?!fd\d|sr\d)/,
  },
  {
    ...{ severity: 'file-system', source: 'fs/fat/misc.c, __fat_fs_error()' },
    pattern: /^FAT-fs \(\S+\): (?:error, |Filesystem has been set read-only)/,
  },
  {
    ...{ severity: 'file-system', source: 'fs/squashfs, ERROR()' },
    pattern: /^SQUASHFS error: /,
  },
  {
    ...{ severity: 'file-system', source: 'fs/btrfs/messages.c' },
    pattern: /^BTRFS:? (?:error|critical) \(device/,
  },
  {
    ...{ severity: 'file-system', source: 'fs/xfs/xfs_error.c and fs/xfs/xfs_fsops.c' },
    pattern:
      /^XFS \(\S+\): (?:Internal error|Corruption|Metadata \w+ error|.*(?:Shutting down|has been shut down))/i,
  },
  {
    ...{ severity: 'file-system', source: 'fs/ubifs/misc.c, ubifs_err(); drivers/mtd/ubi/misc.c, ubi_err()' },
    pattern: /^(?:UBIFS error |ubi\d+ error: |UBIFS warning .*switched to read-only)/,
  },
  {
    ...{ severity: 'file-system', source: 'drivers/md/dm-verity-target.c, verity_handle_err()' },
    pattern: /^device-mapper: verity: .* is corrupted/,
  },
  {
    ...{ severity: 'warning', source: 'kernel/hung_task.c, check_hung_task()' },
    pattern: /^INFO: task .* blocked .*for more than \d+ seconds/,
  },
  {
    ...{ severity: 'warning', source: 'kernel/rcu/tree_stall.h' },
    pattern: /^rcu: INFO: .*(?:detected stalls|self-detected stall)/,
  },
  {
    ...{ severity: 'warning', source: 'mm/oom_kill.c, __oom_kill_process()' },
    pattern: /^(?:Memory cgroup out|Out) of memory(?: \(\w+\))?: Kill(?:ed)? process \d+/,
  },
  {
    ...{ severity: 'warning', source: 'kernel/panic.c, __warn()' },
    // 6.19 says the file first.
    pattern: /^WARNING: (?:CPU: \d+ PID: \d+|\S+:\d+ at )/,
  },
  {
    ...{ severity: 'warning', source: 'kernel/locking/lockdep.c' },
    pattern: /^WARNING: (?:possible (?:circular|recursive|irq) |suspicious RCU|inconsistent lock)/,
  },
];

/** What start-up says when it stops, as it says it: none of these programs puts its name first but sulogin. */
const startUpMessages: readonly Message[] = [
  {
    ...{ severity: 'fatal', sign: 'emergency', source: 'systemd, units/emergency.service.in; dracut' },
    pattern: /^(?:You are in|Entering) emergency mode/,
  },
  {
    ...{ severity: 'fatal', sign: 'emergency', source: 'sulogin of util-linux and of busybox' },
    pattern:
      /^(?:Give root password for (?:system )?maintenance|Cannot open access to console, the root account|sulogin: )/,
  },
  {
    ...{ severity: 'fatal', sign: 'emergency', source: 'initramfs-tools, scripts/functions and init' },
    pattern: /^(?:ALERT! .* does not exist|[Dd]ropping to a shell)/,
  },
  {
    ...{ severity: 'fatal', sign: 'emergency', source: 'busybox, shell/ash.c: a shell for a person' },
    pattern: /^Enter 'help' for a list of built-in commands/,
  },
  {
    ...{ severity: 'fatal', sign: 'emergency', source: 'systemd, src/core/crash-handler.c' },
    pattern: /^\[!!!!!!\] .*[Ff]reezing/,
  },
];

/** `[   12.345678] `, and `[   12.345678][    T1] ` with CONFIG_PRINTK_CALLER (kernel/printk/printk.c, print_time()). */
const printkTime = /\[ *\d+\.\d{6}\](?:\[ *[TC]\d+\])? /;
/** `<3>`, where the console shows a message's level. */
const printkLevel = /^<\d+>/;
/** `gatewayd[311]: `, or syslog's `kernel: ` before a message that it repeats. */
const saidByProgram = /(?:^|\s)(?:[\w.@/-]+\[\d+\]|kernel):\s*$/;
const loginPrompt = /^[\w.-]+ login: /;

/**
 * Tells the kernel's words on one console from those of programs. The kernel begins a line with its time or, where it is
 * built or told to show none, with the message. Once it has shown the time, what comes without one is not the kernel's.
 */
export class ConsoleReader {
  private showsTime = false;

  /** What a line says of the system's health, if anything. */
  read(line: string): ConsoleFinding | undefined {
    const words = this.kernelWords(line);
    const message =
      (words === undefined ? undefined : kernelMessages.find(({ pattern }) => pattern.test(words))) ??
      startUpMessages.find(({ pattern }) => pattern.test(line.trimStart()));
    return (
      message && { severity: message.severity, sign: message.sign, line, ...notMountedIn(words, message) }
    );
  }

  /** The message on a line, if it can be the kernel's. A program's unfinished line may stand before it. */
  private kernelWords(line: string): string | undefined {
    const time = printkTime.exec(line);
    if (time === null)
      return this.showsTime ? undefined : line.replace(printkLevel, '').replace(loginPrompt, '');
    const before = line.slice(0, time.index).replace(printkLevel, '');
    if (before === '') this.showsTime = true;
    return saidByProgram.test(before) ? undefined : line.slice(time.index + time[0].length);
  }
}

function notMountedIn(words: string | undefined, { pattern }: Message): Pick<ConsoleFinding, 'notMounted'> {
  const notMounted = words === undefined ? undefined : pattern.exec(words)?.groups?.['notMounted'];
  return notMounted === undefined ? {} : { notMounted };
}

/** Findings of each severity that are kept: a device that floods its console must not fill memory. */
const mostOfEach = 50;

/** The first findings of each severity, in the order in which they came. */
export class FindingLog {
  private readonly kept: ConsoleFinding[] = [];
  private readonly counts: Record<Severity, number> = { fatal: 0, 'file-system': 0, warning: 0 };
  private readonly signs = new Map<ConsoleSign, string>();

  add(finding: ConsoleFinding): void {
    const { severity, sign, line } = finding;
    this.counts[severity] += 1;
    if (this.counts[severity] <= mostOfEach) this.kept.push(finding);
    if (sign !== undefined && !this.signs.has(sign)) this.signs.set(sign, line);
  }

  /** At most 50 of each severity, or of the one asked for. */
  list(severity?: Severity): ConsoleFinding[] {
    return this.kept.filter((finding) => severity === undefined || finding.severity === severity);
  }

  /** The first line with this sign. */
  first(sign: ConsoleSign): string | undefined {
    return this.signs.get(sign);
  }
}
