import { ScenarioError } from '../core/errors.ts';
import type { MachineName } from '../model/machine.ts';
import { type AcceleratorChoice, kvmLack } from './accelerator.ts';

/** What may be asked for: the best for what is to be done, or one of the two. */
export const wantedAccelerators = ['auto', 'kvm', 'tcg'] as const;
export type WantedAccelerator = (typeof wantedAccelerators)[number];

/**
 * Says before anything is built that KVM, which was asked for, cannot run one of these machines; whether it works where it
 * is there, only a kernel can tell. Throws ScenarioError `accelerator-unusable`.
 */
export async function assertPossible(
  wanted: WantedAccelerator,
  machines: readonly MachineName[],
  lackOf = kvmLack,
): Promise<void> {
  if (wanted !== 'kvm') return;
  for (const machine of new Set(machines)) {
    const lack = await lackOf(machine);
    if (lack !== undefined) throw unusable(lack);
  }
}

/**
 * Which accelerator runs the guests. By itself, crash states are decided under TCG, which is deterministic enough, and all
 * else under the fastest that `probe` finds to work. Under KVM the claim of an exploration rests on its audits alone. Throws
 * ScenarioError `accelerator-unusable` where KVM is asked for and does not work.
 */
export async function acceleratorFor(
  wanted: WantedAccelerator,
  { cutsPower, probe }: { cutsPower: boolean; probe: () => Promise<AcceleratorChoice> },
): Promise<AcceleratorChoice> {
  if (wanted === 'tcg') return { accelerator: 'tcg', reason: 'as asked for' };
  if (wanted === 'auto' && cutsPower)
    return {
      accelerator: 'tcg',
      reason: 'power cuts are decided under TCG, which is deterministic enough',
    };
  const found = await probe();
  if (wanted === 'auto') return found;
  if (found.accelerator !== 'kvm') throw unusable(found.reason);
  const claim = cutsPower ? '; what is said of states that were not booted rests on audits alone' : '';
  return { accelerator: 'kvm', reason: `as asked for${claim}` };
}

function unusable(reason: string): ScenarioError {
  return new ScenarioError('accelerator-unusable', `--accelerator kvm: ${reason}`, {
    hint: 'leave --accelerator out, and the fastest that works is taken',
  });
}
