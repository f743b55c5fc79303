import type { EventEmitter } from 'node:events';
import { systemClock } from '../core/clock.ts';
import { HarnessError } from '../core/errors.ts';
import { exitCodes } from './exit-code.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/**
 * One wish to end may come twice: npx hands on what the terminal sends to both, and timeout(1) signals the process and then
 * its group. Milliseconds, within which nobody has seen the message and asked once more.
 */
const sameWish = 1000;

/** What listens to signals; the process, or a test's stand-in. */
export interface SignalSource extends Pick<EventEmitter, 'on' | 'off'> {
  exit(code: number): void;
}

/**
 * Aborts a run at the first signal, so that it can end its machines and write what it has; leaves at once at one that comes
 * later than a second after it.
 */
export class Interruption implements Disposable {
  private readonly controller = new AbortController();
  private readonly source: SignalSource;
  private readonly onFirst: (message: string) => void;
  private readonly now: () => number;
  private firstAt = 0;

  constructor(
    onFirst: (message: string) => void,
    source: SignalSource = process,
    now: () => number = () => systemClock.now(),
  ) {
    this.source = source;
    this.onFirst = onFirst;
    this.now = now;
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
      if (this.now() - this.firstAt > sameWish) this.source.exit(exitCodes.harness);
      return;
    }
    this.firstAt = this.now();
    this.onFirst(`${name}: ending what runs and writing what there is; once more leaves at once`);
    this.controller.abort(new HarnessError('interrupted', `interrupted by ${name}`));
  };
}
