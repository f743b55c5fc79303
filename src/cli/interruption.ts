import type { EventEmitter } from 'node:events';
import { HarnessError } from '../core/errors.ts';
import { exitCodes } from './exit-code.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What listens to signals; the process, or a test's stand-in. */
export interface SignalSource extends Pick<EventEmitter, 'on' | 'off'> {
  exit(code: number): void;
}

/** Aborts a run at the first signal, so that it can end its machines and write what it has; leaves at once at the second. */
export class Interruption implements Disposable {
  private readonly controller = new AbortController();
  private readonly source: SignalSource;
  private readonly onFirst: (message: string) => void;

  constructor(onFirst: (message: string) => void, source: SignalSource = process) {
    this.source = source;
    this.onFirst = onFirst;
    for (const name of signals) source.on(name, this.handle);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  [Symbol.dispose](): void {
    for (const name of signals) this.source.off(name, this.handle);
  }

  private readonly handle = (name: string): void => {
    if (this.controller.signal.aborted) {
      this.source.exit(exitCodes.harness);
      return;
    }
    this.onFirst(`${name}: ending what runs and writing what there is; once more leaves at once`);
    this.controller.abort(new HarnessError('interrupted', `interrupted by ${name}`));
  };
}
