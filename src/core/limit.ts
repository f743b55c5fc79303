/** Takes work, and does so many things at once and no more; the rest waits for a place. p-limit's functions are such. */
export interface Limit {
  <T>(work: () => T | Promise<T>): Promise<T>;
  /** Places. */
  readonly concurrency: number;
}
