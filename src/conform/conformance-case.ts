import type { DdiFault } from '../hawkbit/faults.ts';
import type { Wrong } from '../image/wrong-bundle.ts';
import type { Ability, Role } from '../model/conformance.ts';
import type { FaultyAttempt } from '../model/scenario.ts';
import type { Kept } from './kept.ts';
import type { Edit } from './setting.ts';

/**
 * What a device is when a case begins, each made of the one before. `in-service`: its owner uses the old release;
 * `installed`: the new one is written, and the device is off; `confirmed`: it is in use. `untouched`, beside them: nobody has
 * changed anything on the old release.
 */
export type Precondition = 'in-service' | 'installed' | 'confirmed' | 'untouched';

/**
 * What can be full: where the boot loader's partition and the owner's data are mounted, as the image says; where the agent
 * keeps what it downloads, as the agent says.
 */
export type Place = 'boot' | 'data' | 'downloads';

export type ClockTime = 'lost' | 'twenty years later';

/** One thing that is done to a device, or looked at. */
export type Action =
  /** `must`: what the agent has to say; `end`: either will do, within its time. `fault`: what is wrong with the server. */
  | {
      do: 'install';
      release: Role;
      must: 'succeed' | 'refuse' | 'end';
      fault?: Pick<FaultyAttempt, 'fault' | 'at'>;
      /** What is wrong with the bundle, which is otherwise the release's. */
      wrong?: Wrong;
      /** The release that the server has in its place once half of it was read. */
      changesTo?: Role;
      /** The server sends half of it, and then nothing more, and the connection stays. */
      stalls?: true;
      /** What goes wrong, from now on, where the server is asked or told. */
      server?: readonly DdiFault[];
      /** Its programs are killed once it has read half of the bundle, of which the server sends no more. */
      killed?: true;
      /** Another release that is to be installed while this one is; it must be refused. */
      meanwhile?: Role;
      /** The order's maintenance window is closed for a while; nothing may be written before it opens. */
      window?: 'closed first';
    }
  /** Reboots it, or switches it on; it must come up. `patience`: in so many times the time that a boot has. */
  | { do: 'boot'; patience?: number }
  /**
   * The same, several times in a row; at each start something says that the release works, or nothing does, or the device's
   * own health check decides.
   */
  | { do: 'start'; times: number; confirm: boolean | 'if healthy' }
  | { do: 'confirm'; must?: 'refuse' }
  /**
   * `open`: the server has not been told that all is well; `closed`: it was told what the device is; `failed`: it was told
   * that the order has failed, and so gives it no more.
   */
  | { do: 'ask server'; order: 'open' | 'closed' | 'failed' }
  | { do: 'roll back' }
  /** The agent has to know that the last installation has failed. */
  | { do: 'ask agent' }
  /** What the slot that does not run holds: nothing but zeroes, or the same as the one that runs, its UUID included. */
  | { do: 'overwrite slot'; with: 'zeroes' | 'the running one' }
  /** The slot that does not run is mounted, writable. */
  | { do: 'mount slot' }
  /** What the boot loader keeps of slots is gone: its files are empty, zeroes are in its place, or values without sense. */
  | { do: 'lose environment'; leaves: 'nothing' | 'zeroes' | 'nonsense' }
  /** A file takes all the room that a place has; or is taken away again. */
  | { do: 'fill'; place: Place }
  | { do: 'free'; place: Place }
  /** It is switched off; from its next start on, its clock has lost its time, or says that twenty years have passed. */
  | { do: 'set clock'; to: ClockTime }
  /** What is noted here is what it must still be there. */
  | { do: 'note'; what: readonly Kept[] }
  | { do: 'same'; what: readonly Kept[] }
  /** And what was noted here is what nobody wants to see again. */
  | { do: 'renewed'; what: 'setting' }
  /** The owner changes the file that the scenario names as one whose default changes. */
  | { do: 'edit'; to: Edit }
  /** The running release writes the owner's data in its own form, or must be able to read what is there. */
  | { do: 'use data'; how: 'write' | 'read' }
  /** The device is again the copy with which the case began, switched off. */
  | { do: 'begin again' }
  /** Its power fails, several times in a row, as soon as its kernel starts. */
  | { do: 'lose power'; times: number }
  /** It runs one of these releases, whole, with its owner's files, and passes the scenario's checks. */
  | { do: 'see'; on: readonly Role[] };

/** Whether what the kernel says of the source is about the server. */
export function isFaulty(action: Action): boolean {
  return (
    action.do === 'install' &&
    (action.fault !== undefined ||
      action.changesTo !== undefined ||
      action.stalls !== undefined ||
      action.wrong !== undefined ||
      action.killed !== undefined)
  );
}

/** One promise of update agents. A case is data. */
interface Promised {
  /** Letter of the group and a number. */
  id: string;
  /** What must hold. */
  title: string;
  /** Of an agent that does not claim all of these, what happens is told, not judged. */
  needs: readonly Ability[];
}

/** Shown by what is done with a copy of a prepared device; `run-case.ts` does it. */
export interface DeviceCase extends Promised {
  from: Precondition;
  actions: readonly Action[];
}

/**
 * A stretch of a recorded upgrade. `writing` and `flip` are an installation: the boot loader is told in the latter.
 * `fallback`: a release that does not come up gives way. `exchange`: an application is installed while each change of a file
 * system is kept at once, so that a cut may come between any two of them.
 */
export type CutPart = 'writing' | 'flip' | 'first boot' | 'confirm' | 'rollback' | 'fallback' | 'exchange';

/**
 * Shown by deciding crash states of a recorded upgrade; `run-power-case.ts` does it. `whole`: the device comes back whole.
 * `second cut`: also where the power fails again meanwhile. `retry`: the upgrade can be done again. `without flushes`: it
 * must not come back whole, as no flush counts.
 */
export interface PowerCase extends Promised {
  ask: 'whole' | 'second cut' | 'retry' | 'without flushes';
  during: readonly CutPart[];
}

export type ConformanceCase = DeviceCase | PowerCase;

/** The cases of one kind. */
export interface CaseGroup<T extends ConformanceCase = ConformanceCase> {
  name: string;
  cases: readonly T[];
}
