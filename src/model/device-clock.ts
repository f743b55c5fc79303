/** The date at which every guest wakes up where nobody says another, so that equal runs see equal times. */
export const guestEpoch = '2026-01-01T00:00:00';

/** What a device's clock says at each start, in UTC: `2026-01-01T00:00:00`. */
export interface DeviceClock {
  start: string;
  /** `epoch`: a device without a battery, on which it is 1970 once its power was cut. */
  afterCut: 'kept' | 'epoch';
}

/** When a device without a battery has lost its time. */
const epoch = '1970-01-01T00:00:00';

/** The time with which a device starts. */
export function timeAtStart({ start, afterCut }: DeviceClock, cut: boolean): string {
  return cut && afterCut === 'epoch' ? epoch : start;
}
