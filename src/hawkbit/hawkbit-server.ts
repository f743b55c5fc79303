import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Action, Controller } from './controller.ts';
import type { DdiFault } from './faults.ts';
import type { Offer, Terms } from './messages.ts';

/** An order, and the device that is known by a name of its own for it. */
export interface Ordered {
  id: string;
  token: string;
  tenant: string;
  controller: Controller;
  action: Action;
}

/** Who orders devices to install releases: the one that is part of this program, or one that is named by its address. */
export interface HawkbitServer {
  /**
   * Orders a new device, whose name is like the wanted one, to install what is offered; `file` is where the host has its
   * artifact.
   */
  order(wanted: string, offer: Offer, file: string | undefined): Promise<Ordered>;
  /** What a device was ordered last, as the server has it now; undefined where it knows no such device. */
  lastOrder(id: string): Promise<Action | undefined>;
  /** The device that was ordered last to do something. */
  readonly latest: Controller | undefined;
  /** Answers a device's request; false where it is not for this server, or is for a file that somebody else has. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** Makes these things go wrong, in place of earlier faults; what comes back counts those that were met. */
  misbehave(faults: readonly DdiFault[]): { readonly met: number };
  /** Gives orders on these terms from now on, and those that are under way. */
  setTerms(terms: Terms): void;
}
