import { type FileHandle, open, truncate } from 'node:fs/promises';
import { LineSplitter } from './console-lines.ts';
import {
  type ConsoleFinding,
  ConsoleReader,
  type ConsoleSign,
  FindingLog,
  type Severity,
} from './console-messages.ts';

/** How often the log is looked at, in milliseconds. */
const pollMs = 200;
/** Bytes taken in at one look, so that a guest that floods its console cannot stall the harness. */
const lookLimit = 1 << 20;
const keptLines = 200;
/** Bytes that a log may have on the host's disk. */
const maxLogBytes = 64 << 20;

/** Follows the serial log of one power-on while QEMU writes it. */
export interface ConsoleWatch extends AsyncDisposable {
  readonly path: string;
  /** The first line with this sign, printable, at most 2,000 characters. */
  finding(sign: ConsoleSign): string | undefined;
  /** All that was found since power-on, oldest first, or of one severity; at most 50 of each severity. */
  findings(severity?: Severity): ConsoleFinding[];
  /** The last lines, oldest first. */
  tail(lines: number): string[];
  /** Reads what is there now; call it before judging a guest that has ended. */
  catchUp(): Promise<void>;
  /** Calls `listener` with every line from now on. */
  onLine(listener: (line: string) => void): void;
  /** Calls `listener` with every finding from now on. */
  onFinding(listener: (finding: ConsoleFinding) => void): void;
}

/**
 * Starts to follow a log, which may not exist yet and must be written by appending only. A log that grows beyond
 * `limit` bytes begins anew, so that a guest cannot fill the host's disk.
 */
export function watchConsole(path: string, limit = maxLogBytes): ConsoleWatch {
  return new FileWatch(path, limit);
}

class FileWatch implements ConsoleWatch {
  readonly path: string;
  private readonly limit: number;
  private readonly timer: NodeJS.Timeout;
  private readonly splitter = new LineSplitter();
  private readonly reader = new ConsoleReader();
  private readonly found = new FindingLog();
  private readonly listeners: ((finding: ConsoleFinding) => void)[] = [];
  private readonly lineListeners: ((line: string) => void)[] = [];
  private readonly lines: string[] = [];
  private handle: FileHandle | undefined;
  private offset = 0;
  private looking: Promise<void> = Promise.resolve();
  private idle = true;
  private ended = false;

  constructor(path: string, limit: number) {
    this.path = path;
    this.limit = limit;
    this.timer = setInterval(() => {
      if (this.idle) void this.look();
    }, pollMs);
    this.timer.unref();
  }

  finding(sign: ConsoleSign): string | undefined {
    return this.found.first(sign);
  }

  findings(severity?: Severity): ConsoleFinding[] {
    return this.found.list(severity);
  }

  tail(lines: number): string[] {
    const rest = this.splitter.rest;
    return (rest === '' ? this.lines : [...this.lines, rest]).slice(-lines);
  }

  async catchUp(): Promise<void> {
    const look = async () => {
      const before = this.offset;
      await this.look();
      return this.offset - before;
    };
    for (let turn = 0; turn < 64 && (await look()) > 0; turn += 1);
  }

  onLine(listener: (line: string) => void): void {
    this.lineListeners.push(listener);
  }

  onFinding(listener: (finding: ConsoleFinding) => void): void {
    this.listeners.push(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.timer);
    await this.look();
    this.ended = true;
    await this.handle?.close();
  }

  /** Looks run one after the other; a log that cannot be read yet is looked at again later. */
  private look(): Promise<void> {
    this.idle = false;
    this.looking = this.looking.then(() => this.readOn()).catch(() => undefined);
    const mine = this.looking;
    void mine.then(() => {
      if (this.looking === mine) this.idle = true;
    });
    return mine;
  }

  private async readOn(): Promise<void> {
    if (this.ended) return;
    this.handle ??= await open(this.path, 'r');
    if (this.offset > this.limit) {
      await truncate(this.path);
      this.offset = 0;
    }
    const buffer = Buffer.alloc(1 << 16);
    for (const end = this.offset + lookLimit; this.offset < end; ) {
      const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, this.offset);
      if (bytesRead === 0) return;
      this.offset += bytesRead;
      for (const line of this.splitter.push(buffer.subarray(0, bytesRead))) this.note(line);
    }
  }

  private note(line: string): void {
    this.lines.push(line);
    if (this.lines.length > keptLines) this.lines.shift();
    for (const listener of this.lineListeners) listener(line);
    const finding = this.reader.read(line);
    if (finding === undefined) return;
    this.found.add(finding);
    for (const listener of this.listeners) listener(finding);
  }
}
