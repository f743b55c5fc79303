import { type Deadline, withDeadline } from '../core/deadline.ts';
import { waitFor } from '../core/wait.ts';
import type { PowerCycle } from './virtual-machine.ts';

/** What boot loaders say as they hand over, and how kernels begin. */
const kernelLine = /^\[ *\d+\.\d+\]|Linux version |Booting Linux|Starting kernel|EFI stub: |Loading Linux/;
const linesLookedAt = 50;
const lookMs = 50;

/** Waits for the first sign of a kernel in a power cycle, or its end. Throws DeadlinePassed. */
export async function kernelStarts(
  { qemu, console }: Pick<PowerCycle, 'qemu' | 'console'>,
  deadline: Deadline,
  signal: AbortSignal,
): Promise<void> {
  await withDeadline('the start of a kernel', deadline, signal, async (inner) => {
    const over = new AbortController();
    const said = waitFor(
      'the start of a kernel',
      () => (console.tail(linesLookedAt).some((line) => kernelLine.test(line)) ? true : undefined),
      { deadline, signal: AbortSignal.any([inner, over.signal]), intervalMs: lookMs },
    );
    try {
      await Promise.race([said, qemu.networkUp, qemu.exited]);
    } finally {
      over.abort();
      await Promise.allSettled([said]);
    }
  });
}
