import type { FeedFault } from '../feed/faults.ts';
import type { DdiFault } from '../hawkbit/faults.ts';
import type { ReleaseAge } from '../model/scenario.ts';

/** What is wrong with the source of one upgrade. */
export interface Trouble {
  faults: FeedFault[];
  /** What goes wrong besides where a device asks or tells the hawkBit server, until its try is over. */
  hawkbit?: readonly DdiFault[];
  /** Releases that the device may be on afterwards; absent: the old one. */
  oneOf?: readonly ReleaseAge[];
  /** The server has ended the order without hearing what became of it: the device need not tell it any more. */
  isDeaf?: true;
  /** `the server's file ends at byte 14000 of 28000 of 2.0`: for people. */
  text: string;
}
