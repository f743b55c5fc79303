import pLimit from 'p-limit';
import { Random } from '../../../src/core/random.ts';
import type {
  Booted,
  BootRequest,
  BootStage,
  ExploredBoot,
  KnownBoot,
  Others,
  Stage,
} from '../../../src/explore/boot.ts';
import type { Part } from '../../../src/explore/coverage.ts';
import { Exploration } from '../../../src/explore/exploration.ts';
import type { ExplorationBounds } from '../../../src/explore/exploration-parts.ts';
import type { Space } from '../../../src/explore/space.ts';
import type { PlaceOf } from '../../../src/explore/write-places.ts';
import type { Verdict } from '../../../src/model/record.ts';
import type { CrashState } from '../../../src/writelog/crash-state.ts';
import { stateId } from '../../../src/writelog/state-id.ts';
import { diskSectors, type MadeUp, spaceOf, tagAt, tagsIn } from './made-up.ts';
import { ruledSectors } from './redirecting-part.ts';

/** How a device sees a sector in a state: as it is, or as a file system's recovery leaves it. */
export type View = (tags: readonly Uint8Array[], disk: number, sector: number) => number;

/** What a made-up device finds when it is switched on. */
export interface PowerOn {
  /** Reads a sector, by way of a file system that was recovered where there is one. */
  see: (disk: number, sector: number) => number;
  /** Reads one as it is on the disk, as a boot loader does. */
  seeRaw: (disk: number, sector: number) => number;
  /** Reads one without anybody noticing: what a device does that depends on more than its disks. */
  peek: (disk: number, sector: number) => number;
  step: number;
  /** How many boots came before. */
  number: number;
  request: BootRequest;
}

/** What a device makes of what it finds: how it came back, and how its upgrade done again ends. */
export type Device = (on: PowerOn) => { verdict: Verdict; outcome: string; retry?: string };

/** A device that passes with this outcome. */
export function comesBack(outcome: string): { verdict: Verdict; outcome: string } {
  return { verdict: 'passed', outcome };
}

/** Sectors that wandering devices look at, by disk. */
const looksAt = [
  [0, 1, 2, 3, ...ruledSectors],
  [0, 1, 6, 7],
] as const;

/** A device whose outcome is all that it saw; what it looks at next hangs on what it saw. */
export const wanderingDevice: Device = ({ see, step }) => {
  let seen = `step ${step}`;
  for (let reads = 0; reads < 8; reads += 1) {
    const next = new Random(seen);
    if (reads > 0 && next.int(6) === 0) break;
    const disk = next.int(3) === 0 ? 1 : 0;
    const sector = next.pick(looksAt[disk]);
    seen += ` ${disk}/${sector}=${see(disk, sector)}`;
  }
  return comesBack(seen);
};

/** A device whose boot loader has looked around before, at the disks as they are. */
export const loadedDevice: Device = (on) => {
  const loader = wanderingDevice({ ...on, see: on.seeRaw });
  const { outcome } = wanderingDevice({ ...on, step: new Random(loader.outcome).int(1000) });
  return comesBack(`${loader.outcome}; ${outcome}`);
};

/** A device that reads all of its disks and tells them apart; `verdict` says how it likes them. */
export function thoroughDevice(verdict: (on: PowerOn) => Verdict = () => 'passed'): Device {
  return (on) => {
    const seen = diskSectors.map((count, disk) =>
      Array.from({ length: count }, (_, sector) => on.see(disk, sector)).join(''),
    );
    return { verdict: verdict(on), outcome: seen.join(' '), retry: 'done again' };
  };
}

/** What a boot was asked for, and when it was under way. */
interface Asked {
  id: string;
  request: BootRequest;
}

/** A boot that was made, as others may take it. */
export interface KeptBoot {
  state: CrashState;
  request: BootRequest;
  booted: Booted<{ id: string }>;
}

/** An exploration of made-up devices. */
export interface MadeUpExploration {
  made: MadeUp;
  space: Space;
  exploration: Exploration<{ id: string }>;
  /** Every boot that was begun, in order. */
  asked: Asked[];
  /** Every boot that was told of. */
  told: ExploredBoot<{ id: string }>[];
  /** Numbers of mismatches that were written down. */
  saved: number[];
  /** What it was stopped with. */
  stopped: unknown[];
  /** Boots under way now, and at most. */
  busy: { now: number; most: number };
  interruption: AbortController;
  budget: AbortController;
  auditBudget: AbortController;
  /** How the device comes out of a state, by switching it on once more. */
  truth: (ref: Parameters<Space['crashState']>[0]) => string;
}

export interface MadeUpOptions
  extends Partial<
    Pick<ExplorationBounds, 'auditShare' | 'auditLeast' | 'chanceBoots' | 'retryBoots' | 'thorough'>
  > {
  device?: Device;
  /** Boots that need not be made, who else is at work, and which part is this one's. */
  known?: readonly KnownBoot<{ id: string }>[];
  others?: Others<{ id: string }>;
  part?: Part;
  /** Told of each boot as it ends. */
  onBooted?: (kept: KeptBoot) => void;
  view?: View;
  machines?: number;
  /** Decides how long each boot takes. */
  seed?: number;
  space?: Space;
  placeOf?: PlaceOf;
  /** Called while a boot is under way. */
  during?: (exploration: MadeUpExploration) => void;
}

/** The real exploration over a made-up log, with devices that boot in no time. */
export function madeUpExploration(
  made: MadeUp,
  {
    device = wanderingDevice,
    view = tagAt,
    machines = 1,
    seed = 0,
    space = spaceOf(made),
    placeOf = ({ disk }) => `disk ${disk}`,
    during = () => undefined,
    onBooted = () => undefined,
    known = [],
    others,
    part,
    ...bounds
  }: MadeUpOptions = {},
): MadeUpExploration {
  const random = new Random(seed);
  const interruption = new AbortController();
  const [budget, auditBudget] = [new AbortController(), new AbortController()];
  const asked: Asked[] = [];
  const busy = { now: 0, most: 0 };
  const powerOn = (ref: Parameters<typeof tagsIn>[1], step: number, request: BootRequest, number: number) => {
    const tags = tagsIn(made, ref);
    const read = diskSectors.map(() => ({ recovered: new Set<number>(), raw: new Set<number>() }));
    const peek = (disk: number, sector: number) => view(tags, disk, sector);
    const see = (disk: number, sector: number) => {
      read[disk]?.recovered.add(sector);
      return peek(disk, sector);
    };
    const seeRaw = (disk: number, sector: number) => {
      read[disk]?.raw.add(sector);
      return tagAt(tags, disk, sector);
    };
    return { ...device({ see, seeRaw, peek, step, number, request }), read };
  };
  const boot = async (
    ...[state, { upgrade: step }, request]: Parameters<ConstructorParameters<typeof Exploration>[1]['boot']>
  ): Promise<Booted<{ id: string }>> => {
    const id = stateId(state);
    const number = asked.push({ id, request }) - 1;
    busy.now += 1;
    busy.most = Math.max(busy.most, busy.now);
    try {
      for (let turns = random.int(4); turns > 0; turns -= 1) await nextTurn();
      during(parts);
      const { verdict, outcome, retry, read } = powerOn(state, step, request, number);
      const whole: BootStage = { stage: 'whole', verdict, outcome, sectorsRead: read };
      const again = request.retry && verdict === 'passed' && retry !== undefined;
      const stages: BootStage[] = again ? [whole, { ...whole, stage: 'retry', outcome: retry }] : [whole];
      interruption.signal.throwIfAborted();
      const booted = { record: { id }, stages };
      onBooted({ state, request, booted });
      return booted;
    } finally {
      busy.now -= 1;
    }
  };
  const [told, saved, stopped] = [[], [], []] as [
    MadeUpExploration['told'],
    MadeUpExploration['saved'],
    MadeUpExploration['stopped'],
  ];
  const exploration = new Exploration<{ id: string }>(space, {
    auditShare: 0,
    auditLeast: 0,
    chanceBoots: 0,
    retryBoots: 0,
    ...bounds,
    known,
    others,
    part,
    placeOf,
    budget: budget.signal,
    auditBudget: auditBudget.signal,
    boot,
    places: pLimit(machines),
    signal: interruption.signal,
    stop: (reason) => {
      stopped.push(reason);
      interruption.abort(reason);
    },
    random: random.fork('exploration'),
    spend: () => undefined,
    onBoot: (ended) => told.push(ended),
    onChance: ({ other }) => told.push(other),
    saveMismatch: (_, number) => {
      saved.push(number);
      return Promise.resolve(`mismatch-${number}`);
    },
  });
  const parts: MadeUpExploration = {
    made,
    space,
    exploration,
    asked,
    told,
    saved,
    stopped,
    busy,
    interruption,
    budget,
    auditBudget,
    truth: (ref) => {
      const { upgrade: step } = space.windows[space.placeOf(ref).window] ?? { upgrade: -1 };
      return powerOn(space.crashState(ref), step, { retry: false, cold: true, seed: 0, audit: false }, -1)
        .outcome;
    },
  };
  return parts;
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The outcome that a state was decided to have; undefined where it was not. */
export function decidedOutcome(
  { exploration }: MadeUpExploration,
  ref: Parameters<Space['crashState']>[0],
  stage: Stage = 'whole',
): string | undefined {
  const number = exploration[stage].decidedBy(ref);
  return number === undefined ? undefined : exploration.boots[number]?.[stage]?.outcome;
}
