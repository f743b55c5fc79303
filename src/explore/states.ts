import type { CrashShape } from '../writelog/crash-state.ts';

/**
 * The lines on which most states lie, in the order in which they are explored. `head`: every write sector by sector,
 * so a write's last position is a prefix and the others are torn writes. `none`: at each epoch's end all that is
 * durable. `tail` and `zero`: the other two ways to tear.
 */
export const axisNames = ['head', 'none', 'tail', 'zero'] as const;
export type AxisName = (typeof axisNames)[number];

/** Names one state of a space. */
export type StateRef = { axis: AxisName; position: number } | { subset: number };

/** The stateClasses of the crash model, by which states are counted. */
export const stateClasses = ['prefix', 'lost', 'torn', 'subset', 'sampled'] as const;
export type StateClass = (typeof stateClasses)[number];

/** Neighbouring positions of an axis that are states of one write (or one epoch's end). */
export interface Segment {
  /** First position, and the one after the last. */
  from: number;
  to: number;
  /** The write, or -1 on the axis `none`. */
  seq: number;
  /** The moment of the cut. */
  at: number;
  /** Position in the space's windows. */
  window: number;
  /** How many flushes had completed. */
  epoch: number;
}

/** A state that is told by what differs from a position of an axis. */
export interface SubsetState {
  stateClass: 'lost' | 'subset' | 'sampled';
  at: number;
  shape: CrashShape;
  window: number;
  epoch: number;
  axis: 'head' | 'none';
  position: number;
  /** Where its differences are in the space's lists. */
  first: number;
  count: number;
}
