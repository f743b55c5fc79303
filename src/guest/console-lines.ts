/** Characters of a console line that are kept; a guest may send a line without end. */
const lineLimit = 2000;

/** Splits a guest's serial output into printable lines, whatever bytes it sends. */
export class LineSplitter {
  private partial = '';

  /** The lines that these bytes complete. */
  push(bytes: Uint8Array): string[] {
    const parts = (
      this.partial + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    ).split('\n');
    this.partial = (parts.pop() ?? '').slice(0, lineLimit);
    return parts.map(printable).filter((line) => line !== '');
  }

  /** What has come of a line that has not ended yet. */
  get rest(): string {
    return printable(this.partial);
  }
}

// CSI and OSC sequences, then every other control or non-ASCII byte.
const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)/g;
const unprintable = /[^\x20-\x7e\t]/g;

function printable(line: string): string {
  return line.slice(0, lineLimit).replace(escapes, '').replace(/\r/g, '').replace(unprintable, '?').trimEnd();
}

/**
 * What a console line says of the system's health. `panic`: the kernel gave up; `halted`: it will not
 * reset itself after that; `oops`: it hurt itself and goes on; `emergency`: start-up stopped and waits
 * for a human.
 */
export type ConsoleFinding = 'panic' | 'halted' | 'oops' | 'emergency';

/** Texts of Linux (kernel/panic.c, arch/*\/mm/fault.c, init/do_mounts.c), initramfs-tools, systemd and sulogin. */
const patterns: readonly (readonly [ConsoleFinding, RegExp])[] = [
  ['halted', /---\[ end Kernel panic/],
  ['panic', /Kernel panic - not syncing/],
  ['panic', /Unable to mount root fs|Cannot open root device/],
  [
    'oops',
    /\bOops(?:: | - )|\bBUG: (?!workqueue)|Unable to handle kernel|general protection fault|Internal error: /,
  ],
  ['emergency', /You are in emergency mode|Give root password for maintenance|ALERT! .* does not exist/],
  ['emergency', /[Dd]ropping to a shell|Enter 'help' for a list of built-in commands|sulogin: /],
];

/** What a line says of the system's health, if anything. */
export function findingIn(line: string): ConsoleFinding | undefined {
  return patterns.find(([, pattern]) => pattern.test(line))?.[0];
}
