import { availableParallelism, freemem } from 'node:os';

/** Memory that one virtual machine takes with its firmware, in bytes (UEFI on arm64 is the largest). */
const bytesPerMachine = 500 * 2 ** 20;

/** How many virtual machines run at once by default: one a core, as far as the free memory allows, at least one. */
export function defaultJobs(cores = availableParallelism(), freeBytes = freemem()): number {
  return Math.max(1, Math.min(cores, Math.floor(freeBytes / bytesPerMachine)));
}
