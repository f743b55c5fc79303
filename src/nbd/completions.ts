/**
 * Answers requests once everything that arrived together with them has been issued. Until then the guest cannot
 * know of their completion, so a flush among them must not vouch for them.
 */
export class Completions {
  private waiting: (() => void)[] = [];

  /** Calls `complete` after what has already arrived is issued, in the order of these calls; then resolves. */
  after(complete: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(() => {
        complete();
        resolve();
      });
      if (this.waiting.length === 1) setImmediate(() => this.settle());
    });
  }

  private settle(): void {
    const settled = this.waiting;
    this.waiting = [];
    for (const end of settled) end();
  }
}
