import { HarnessError } from '../core/errors.ts';
import type { RunContext } from '../device/run-context.ts';

/** How often a device is booted at most, where the host keeps the CPU from it. */
const mostTries = 3;

/**
 * What `boot` comes to, on which the host withheld no CPU: one that it did says nothing, and is made again. `label` names the
 * boot's files, each try's apart. Throws what `boot` throws, HarnessError `host-starved` where each try ended so.
 */
export async function unlessStarved<T>(
  { notice, signal }: Pick<RunContext, 'notice' | 'signal'>,
  label: string,
  boot: (label: string) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await boot(attempt === 1 ? label : `${label}-${attempt}`);
    } catch (error) {
      const isStarved = error instanceof HarnessError && error.code === 'host-starved';
      if (!isStarved || attempt === mostTries || signal.aborted) throw error;
      const [withheld] = error.message.split(', so that');
      notice(`${label}: ${withheld}; the boot says nothing, and is made again`);
    }
}
