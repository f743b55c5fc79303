import type { Deadline } from '../core/deadline.ts';
import type { Shipped } from '../oracle/shipped.ts';
import type { Ready } from '../target/target.ts';

/** What an agent needs of a device: to run commands on it. */
export type Shell = Pick<Ready, 'run'>;

/** What an update agent says of the device. */
export interface AgentStatus {
  /** Name of the slot that runs; undefined where the agent does not say. */
  booted: string | undefined;
  /** Name of the slot that the next boot takes first. */
  primary: string | undefined;
}

/** Limits of one command of an agent. */
export interface AgentLimits {
  deadline: Deadline;
  signal: AbortSignal;
}

/**
 * An update agent as its users drive it, through a login on the device. Each method throws DeviceFailure
 * when the agent says that it failed or does not end in time.
 */
export interface UpdateAgent {
  /** Writes the release behind `url` to the device; afterwards the next boot takes it. */
  install(device: Shell, url: string, limits: AgentLimits): Promise<void>;
  /** Makes sure that the installed release is what the next boot takes. */
  activate(device: Shell, limits: AgentLimits): Promise<void>;
  /** Tells the agent that the running release works (mark-good), as the device's health check would. */
  confirm(device: Shell, limits: AgentLimits): Promise<void>;
  status(device: Shell, limits: AgentLimits): Promise<AgentStatus>;
  /** Makes the next boot take the release before. */
  rollback(device: Shell, limits: AgentLimits): Promise<void>;
  /**
   * What the packages of a release ship, for the verdict on the owner's files; of a release that it does not know,
   * undefined. Agents that install no packages lack it: nobody knows then, and each file counts as the owner's.
   */
  shipped?(release: string): Shipped | undefined;
}
