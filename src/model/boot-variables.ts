/**
 * The variables of a boot loader's environment by which an image that is updated by SWUpdate chooses its slot. SWUpdate
 * itself knows `ustate` only: who names a slot, and who counts, is up to a product. This is what the reference image, its
 * bundles and the agent agree on.
 */
export const bootVariables = {
  /** Name of the slot that the loader takes. */
  slot: 'boot_slot',
  /** `1` while that slot has not been confirmed: the loader counts its tries, and falls back to the other one. */
  pending: 'upgrade_available',
  /** Tries that the loader has counted. */
  tries: 'bootcount',
  /** SWUpdate's own state: 0 ok, 1 installed, 2 testing, 3 failed, 7 in progress (update_state_t in its state.h). */
  state: 'ustate',
} as const;

/** The variables that have a slot tried at the next boot. */
export function tryVariables(slot: string): Readonly<Record<string, string>> {
  return { [bootVariables.slot]: slot, [bootVariables.pending]: '1', [bootVariables.tries]: '0' };
}
