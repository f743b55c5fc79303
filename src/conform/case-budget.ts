import type { Budget } from '../explore/exploration-parts.ts';

/** Share of a case's time that is kept for audits: what is decided in the rest must be shown to hold. */
const auditsOfBudget = 0.25;

/** The time of the case under way; explorations outlive the case that they were begun for. */
export class CaseBudget {
  private readonly ms: number;
  private ends = 0;
  private auditsEnd = 0;

  /** `ms`: of each case. */
  constructor(ms: number) {
    this.ms = ms;
  }

  /** Another case begins. */
  begin(): void {
    const now = performance.now();
    this.auditsEnd = now + this.ms;
    this.ends = now + this.ms * (1 - auditsOfBudget);
  }

  /** Nothing more needs to be booted. */
  end(): void {
    this.ends = 0;
    this.auditsEnd = 0;
  }

  /** To decide states in. */
  readonly deciding: Budget = this.until(() => this.ends);
  /** To audit them in. */
  readonly auditing: Budget = this.until(() => this.auditsEnd);

  private until(end: () => number): Budget {
    return {
      get aborted() {
        return performance.now() >= end();
      },
    };
  }
}
