import type { RunContext } from '../device/run-context.ts';
import type { CutRecord } from '../model/record.ts';
import type { Recording } from '../recording/recordings.ts';
import { bootedOf } from './boot-fact.ts';
import type { BootLedger } from './boot-ledger.ts';

/**
 * The live cut of a recording's upgrade: that of an earlier run where it passed at the moment that this run's seed draws,
 * else made now, and kept as a boot is. It holds the recording to account, so that it stands as long as that does.
 */
export async function liveOnce(
  context: Pick<RunContext, 'random' | 'scenario' | 'vm' | 'signal'>,
  { sha256 }: Pick<Recording, 'sha256'>,
  ledger: BootLedger | undefined,
  make: () => Promise<CutRecord>,
): Promise<CutRecord> {
  const retry = context.scenario.expect.retry === 'succeeds';
  // Equal seeds draw equal numbers, whatever for: this one names the moment.
  const state = `live ${context.random.fork('live').int(2 ** 31)}`;
  const asked = { sha256, state, retry, seed: 0 };
  const purpose = { cold: true, audit: false };
  // Asked for at once: with one place for a device it comes before all else that waits for it.
  return context.vm(async () => {
    const begun = await ledger?.obtain({ ...asked, ...purpose, ground: false }, context.signal);
    if (begun !== undefined && typeof begun !== 'function') return bootedOf(begun).record;
    try {
      const record = await make();
      const booted = new Date().toISOString();
      await ledger?.keep({ ...asked, ...purpose, booted, record, stages: [], places: [] });
      return record;
    } finally {
      await begun?.();
    }
  });
}
