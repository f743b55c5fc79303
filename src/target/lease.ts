import { HarnessError } from '../core/errors.ts';

/** The right to use one state of a target, until the target leaves that state. */
export class Lease {
  private over: string | undefined;

  /** Throws HarnessError `target-state` when the target has left this state. */
  use(): void {
    if (this.over === undefined) return;
    throw new HarnessError('target-state', `this state of the target is over: the target was ${this.over}`);
  }

  /** Ends this state; `how` completes "the target was …". */
  end(how: string): void {
    this.use();
    this.over = how;
  }
}
