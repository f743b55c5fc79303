import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { HarnessError, messageOf } from '../core/errors.ts';
import type { EventSink } from '../model/event.ts';

/** Writes `run.jsonl`: one event a line, handed to the kernel at once, so that a killed run still says how far it came. */
export class JsonlRecorder implements AsyncDisposable {
  /** Why events are missing from the file, if any are. */
  failure: Error | undefined;
  private readonly fd: number;
  private closed = false;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Opens the file for appending. Throws HarnessError `reports-unwritable`. */
  static open(path: string): Promise<JsonlRecorder> {
    try {
      return Promise.resolve(new JsonlRecorder(openSync(path, 'a')));
    } catch (error) {
      const failure = new HarnessError('reports-unwritable', `cannot write ${path}: ${messageOf(error)}`, {
        cause: error,
      });
      return Promise.reject(failure);
    }
  }

  /** Appends one event, stamped with the time (`at`, ISO 8601). Never throws: see `failure`. */
  readonly sink: EventSink = (event) => {
    if (this.closed || this.failure !== undefined) return;
    try {
      const line = Buffer.from(`${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`);
      for (let done = 0; done < line.length; ) done += writeSync(this.fd, line, done);
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
  };

  [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.closed = true;
    try {
      fsyncSync(this.fd);
    } catch (error) {
      this.failure ??= error instanceof Error ? error : new Error(String(error));
    }
    closeSync(this.fd);
    return Promise.resolve();
  }
}
