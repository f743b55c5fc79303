import type { Shell } from '../core/ask.ts';
import type { Deadline } from '../core/deadline.ts';
import type { ConfigurationPromise } from '../model/configuration.ts';
import type { Ability } from '../model/conformance.ts';
import type { PackageSystem } from '../model/software.ts';
import type { PackageFormat } from '../package/package-format.ts';

/** What an agent takes releases from: further kinds of sources are further members. */
export type AgentSource =
  /** A file, in one of the formats of which an image has bundles; `by` a server that orders the device to install it. */
  | { kind: 'bundle'; format: string; by?: 'hawkbit' }
  /** A feed of packages in this format, and the system that keeps the record of them on the device. */
  | { kind: 'feed'; format: PackageFormat; system: PackageSystem }
  /** Several files below one address, of which the device pulls those that it wants. */
  | { kind: 'files' }
  /** An OSTree repository, of which devices follow this branch, by static deltas alone or not at all; or what a server orders of it. */
  | { kind: 'repository'; branch: string; deltas?: true }
  | { kind: 'repository'; by: 'hawkbit' };

/** How the running release is told by what a device prints. */
export interface CommandIdentity {
  /** Commands for the guest's shell. */
  run: string;
  /** What they print on a device with each release, without blanks at both ends. */
  expect: Readonly<Record<string, string>>;
}

/** What an update agent says of the device. */
export interface AgentStatus {
  /** Name of the slot that runs; undefined where the agent does not say. */
  booted: string | undefined;
  /** Name of the slot that the next boot takes first. */
  primary: string | undefined;
}

/** A package of a release's feed. */
export interface FeedPackage {
  name: string;
  version: string;
  architecture: string;
  /** Of its file, below the feed's address. */
  path: string;
}

/** Who a device is to a server that orders it to install a release. */
export interface ServerAccount {
  /** The server's address, without a slash at its end. */
  url: string;
  tenant: string;
  id: string;
  token: string;
  /** Name of what the order is about, where a release is ordered in parts. */
  module?: string;
  /**
   * Waits until the device has told the server that the release is installed, in the words of its agent, or has closed the
   * order without them: what it said last then. Rejects with the signal's reason.
   */
  installed: (says: string, signal: AbortSignal) => Promise<string | undefined>;
  /** What the server has heard of the device until now, in words that begin with "the device" or "it": for what it failed by. */
  heard: () => string;
}

/** A release as an agent is given it. */
export interface ReleaseSource {
  /** Address of the bundle, or of the root of the feed, repository or files, without a slash at its end. */
  url: string;
  /** The folders of the feed that have an index of their own; none for a bundle. */
  folders: readonly string[];
  /** All packages of the feed; none for a bundle. */
  packages: readonly FeedPackage[];
  /** Whether the device goes back to it from a later release. */
  older: boolean;
  /** Of an agent that a server orders to install. */
  account?: ServerAccount;
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
  /** Writes the release to the device; afterwards the next boot takes it. */
  install(device: Shell, source: ReleaseSource, limits: AgentLimits): Promise<void>;
  /** Makes sure that the installed release is what the next boot takes. */
  activate(device: Shell, limits: AgentLimits): Promise<void>;
  /** Tells the agent that the running release works (mark-good), as the device's health check would. */
  confirm(device: Shell, limits: AgentLimits): Promise<void>;
  status(device: Shell, limits: AgentLimits): Promise<AgentStatus>;
  /**
   * What the device says of the running release after it was confirmed: undefined where it counts as good, or else in
   * words what it says. Absent where it cannot be asked.
   */
  confirmed?(device: Shell, limits: AgentLimits): Promise<string | undefined>;
  /** The name by which the device talks to a server; undefined where it has none. Absent of agents without a server. */
  accountOf?(device: Shell, limits: AgentLimits): Promise<string | undefined>;
  /** Makes the next boot take the release before; absent where the agent has no way back. */
  rollback?(device: Shell, limits: AgentLimits): Promise<void>;
  /**
   * Whether the device knows that the release which was installed last has failed, once it runs the one before again and
   * nothing was confirmed since. Absent where it cannot be asked.
   */
  knowsFallback?(device: Shell, limits: AgentLimits): Promise<boolean>;
  /** Names of its programs, as the kernel has them; absent: nobody knows. */
  programs?: readonly string[];
  /** Folder in which it keeps a release, or a part of one, while it installs it; absent: none. */
  downloads?: string;
  /**
   * Lines by which the kernel says that what the source sent cannot be read, where the agent reads it through the kernel:
   * while a source is faulty they are about the source, not about the device. Absent: there are none.
   */
  kernelOnSource?: RegExp;
  /** How the running release is told, in place of what the image says; absent: by the image. */
  identity?: CommandIdentity;
  /** Set where the device resets itself at the end of an installation, instead of being asked to reboot. */
  reboots?: 'itself';
  /** Of an agent that upgrades packages in place, not slots. */
  packages?: PackageAgent;
}

/** An update agent with the settings that a scenario gives it. */
export interface ChosenAgent extends UpdateAgent {
  name: string;
  /** What it claims to do: the conformance suite holds it to that. */
  abilities: readonly Ability[];
  source: AgentSource;
  /** Programs without which a device cannot be upgraded by it. */
  needs: readonly string[];
}

/** What a package manager does besides. */
export interface PackageAgent {
  /**
   * What it promises of conffiles that the owner has changed or deleted, where the system's own packages come without
   * further settings; absent: they stay as they are.
   */
  promise?: ConfigurationPromise;
  /** Paths of packages whose mode, owner, kind or target the package manager changes at work; absent: none. */
  changes?: readonly string[];
  /**
   * Brings a device whose upgrade was cut off to the release, as the package manager's documentation says. An exit
   * code of 0 is not taken for success: whoever calls this looks at what is installed. Returns what was odd about it.
   */
  recover(device: Shell, source: ReleaseSource, limits: AgentLimits): Promise<string | undefined>;
  /** Installs packages by name, with what they need. */
  add(device: Shell, source: ReleaseSource, names: readonly string[], limits: AgentLimits): Promise<void>;
  /** Removes packages by name; what becomes of their conffiles is the package manager's plain way. */
  remove(device: Shell, names: readonly string[], limits: AgentLimits): Promise<void>;
}
