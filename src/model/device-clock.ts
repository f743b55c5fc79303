import { type MachineName, machines } from './machine.ts';

/** The date at which every guest wakes up where nobody says another, so that equal runs see equal times. */
export const guestEpoch = '2026-01-01T00:00:00';

/** What a device's clock says at each start, in UTC: `2026-01-01T00:00:00`. */
export interface DeviceClock {
  start: string;
  /** `epoch`: a device without a battery, whose clock has lost its time once its power was cut. */
  afterCut: 'kept' | 'epoch';
}

/** The first and the last time, in UTC, that a machine's clock can say. */
export function clockRange(machine: MachineName): { first: string; last: string } {
  return machines[machine].qemu.clock;
}

/** What the clock of a machine says that has lost its time: 1970, and of a PC 2000. */
export function timeLost(machine: MachineName): string {
  return clockRange(machine).first;
}

/** The time with which a device starts. */
export function timeAtStart(machine: MachineName, { start, afterCut }: DeviceClock, cut: boolean): string {
  return cut && afterCut === 'epoch' ? timeLost(machine) : start;
}
