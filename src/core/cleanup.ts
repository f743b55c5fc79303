import { Deadline, withDeadline } from './deadline.ts';
import { messageOf } from './errors.ts';

/** Milliseconds that one clean-up action may take before the next one is tried. */
const actionBudgetMs = 15_000;

/**
 * Undoes what was started, last first. Register the undoing where the thing is acquired. Every action
 * runs even if an earlier one fails or hangs; the failures are thrown together at the end.
 */
export class CleanupStack implements AsyncDisposable {
  private readonly actions: { what: string; run: () => unknown }[] = [];

  /** Registers `run` under a name that appears in errors. */
  defer(what: string, run: () => unknown): void {
    this.actions.push({ what, run });
  }

  /** Registers a disposable and returns it. */
  use<T extends AsyncDisposable>(what: string, resource: T): T {
    this.defer(what, () => resource[Symbol.asyncDispose]());
    return resource;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: Error[] = [];
    for (let action = this.actions.pop(); action !== undefined; action = this.actions.pop()) {
      const { what, run } = action;
      try {
        await withDeadline(`clean-up: ${what}`, Deadline.after(actionBudgetMs), undefined, async () => {
          await run();
        });
      } catch (error) {
        failures.push(new Error(`clean-up of ${what} failed: ${messageOf(error)}`, { cause: error }));
      }
    }
    const [first] = failures;
    if (first === undefined) return;
    if (failures.length === 1) throw first;
    throw new AggregateError(failures, failures.map(messageOf).join('; '));
  }
}
