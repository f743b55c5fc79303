/** Milliseconds that a device may take to say anything of its files. */
const leastMs = 120_000;
/** And for each of them besides: an emulated processor hashes some 10 MB in a second, and files have 30 kB on the average. */
const perPathMs = 50;

/** Milliseconds that a device may take to be asked for so many files. */
export function lookLimitMs(paths: number): number {
  return leastMs + paths * perPathMs;
}
