import { sha256 } from './digest.ts';
import { DeviceFailure } from './errors.ts';
import { quote } from './quote.ts';

/** Characters of what a login shell says by itself that messages keep. */
const noiseLimit = 300;

/** A finished command's output, as bytes. */
export interface RawOutput {
  exitCode: number;
  stdout: Buffer;
  stderr: Buffer;
  truncated: boolean;
}

/**
 * A command for a login shell whose answer is told from all that the shell says besides: the greeting of a .bashrc, a
 * motd, the trace of `set -x`, what a trap prints at the end. Lines that only this command has stand before and after
 * the answer, on both streams, the last with the exit code. They are made of the command alone, so that two boots are
 * asked the very same; and no command line holds one as it is printed, so that `ps` shows none. The shell must be a
 * POSIX one. The command runs within it (a further program would be read from the disk), in a subshell of its own,
 * whose options are the shell's defaults.
 */
export class Fence {
  /** For the login shell. */
  readonly command: string;
  readonly stdout: FencedStream;
  readonly stderr: FencedStream;

  /** `limit`: bytes kept of each stream. */
  constructor(command: string, limit: number) {
    const key = sha256(`brownout ${command}`).slice(0, 16);
    const mark = (name: string) => `brownout-''${key}-${name}`;
    this.command = [
      `{ set +euxfvC; } 2>/dev/null; echo >&2; echo ${mark('err')} >&2; echo; echo ${mark('out')}`,
      `(eval ${quote(command)})`,
      `set -- "$?"; echo; echo ${mark('end')} "$1"; echo >&2; echo ${mark('end')} "$1" >&2; exit "$1"`,
    ].join('\n');
    const end = `\nbrownout-${key}-end `;
    this.stdout = new FencedStream(`\nbrownout-${key}-out\n`, end, limit);
    this.stderr = new FencedStream(`\nbrownout-${key}-err\n`, end, limit);
  }

  /**
   * The answer, once the login shell has ended with `status`. A shell that was ended, or that refuses, gives its own
   * status. Throws DeviceFailure `no-answer` where it ended with 0 and has not done what it was asked.
   */
  output(status: number): RawOutput {
    const { stdout, stderr } = this;
    const truncated = stdout.full || stderr.full;
    if (stdout.exitCode !== undefined || (stdout.begun && status !== 0))
      return {
        exitCode: stdout.exitCode ?? status,
        stdout: stdout.bytes(),
        stderr: stderr.bytes(),
        truncated,
      };
    const said = `${stderr.noise()}${stdout.noise()}`.trim();
    const why = `the login shell did not do what it was asked: ${said}`;
    if (status === 0) throw new DeviceFailure('no-answer', why);
    return { exitCode: status, stdout: Buffer.alloc(0), stderr: Buffer.from(why), truncated: false };
  }
}

/** One stream of a login shell, of which what stands between two lines is kept. */
class FencedStream {
  /** Whether the first line came. */
  begun = false;
  /** What the last line says. */
  exitCode: number | undefined;
  private readonly begin: Buffer;
  private readonly end: Buffer;
  private readonly before = new BoundedBuffer(noiseLimit);
  private readonly within: BoundedBuffer;
  /** What may be the beginning of the line that is looked for; after the answer, of the exit code. */
  private held = Buffer.alloc(0);
  private ended = false;

  constructor(begin: string, end: string, limit: number) {
    this.begin = Buffer.from(begin);
    this.end = Buffer.from(end);
    this.within = new BoundedBuffer(limit);
  }

  /** Whether more came than is kept. */
  get full(): boolean {
    return this.within.full;
  }

  push(chunk: Buffer): void {
    let bytes = Buffer.concat([this.held, chunk]);
    if (!this.begun) {
      const rest = this.split(bytes, this.begin, this.before);
      if (rest === undefined) return;
      this.begun = true;
      bytes = rest;
    }
    if (!this.ended) {
      const rest = this.split(bytes, this.end, this.within);
      if (rest === undefined) return;
      this.ended = true;
      bytes = rest;
    }
    if (this.exitCode !== undefined) return;
    this.held = bytes.subarray(0, 4);
    const code = /^(\d{1,3})\n/.exec(this.held.toString('latin1'))?.[1];
    if (code !== undefined) this.exitCode = Number(code);
  }

  /** The answer, or as much of it as came. */
  bytes(): Buffer {
    const rest = this.begun && !this.ended ? this.held : Buffer.alloc(0);
    return this.within.with(rest);
  }

  /** The first of what came where there was no answer. */
  noise(): string {
    return this.before.with(this.begun ? Buffer.alloc(0) : this.held).toString('utf8');
  }

  /** Moves what comes before `line` to `to`, and returns what follows it; undefined where it has not come yet. */
  private split(bytes: Buffer, line: Buffer, to: BoundedBuffer): Buffer<ArrayBuffer> | undefined {
    const at = bytes.indexOf(line);
    const sure = at >= 0 ? at : Math.max(0, bytes.length - line.length + 1);
    to.push(bytes.subarray(0, sure));
    const rest = Buffer.from(bytes.subarray(at >= 0 ? at + line.length : sure));
    if (at >= 0) return rest;
    this.held = rest;
    return undefined;
  }
}

/** Keeps the first bytes of a stream. */
class BoundedBuffer {
  full = false;
  private readonly chunks: Buffer[] = [];
  private room: number;

  constructor(limit: number) {
    this.room = limit;
  }

  push(chunk: Buffer): void {
    if (chunk.length > this.room) this.full = true;
    const kept = chunk.subarray(0, this.room);
    this.room -= kept.length;
    if (kept.length > 0) this.chunks.push(Buffer.from(kept));
  }

  /** All that is kept, with as much of `more` as there is room for. */
  with(more: Buffer): Buffer {
    return Buffer.concat([...this.chunks, more.subarray(0, this.room)]);
  }
}
