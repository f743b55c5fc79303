import { CleanupStack } from '../core/cleanup.ts';
import { assertFlushes, isSound, traceOf } from '../crash/power-cuts.ts';
import type { RunContext } from '../device/run-context.ts';
import { describePlace } from '../filesystem/disk-map.ts';
import type { ImageManifest } from '../model/image.ts';
import type { PathRecord } from '../model/record.ts';
import { usualCutPhases } from '../model/scenario.ts';
import { recordPath } from '../recording/record-path.ts';
import { unkept } from '../recording/recordings.ts';
import { basesOf, type Trace } from '../recording/trace.ts';
import { type LogRecord, sectorBytes } from '../writelog/log.ts';
import { type Window, windowsOf } from '../writelog/windows.ts';
import type { CutPart } from './conformance-case.ts';
import { installParts } from './flip.ts';
import { type Cast, isApplication } from './roles.ts';

/** A part of an upgrade as it was recorded. */
export interface RecordedPart {
  part: CutPart;
  /** The recorded upgrade's own: what an upgrade is expected to come to is not the same in all of them. */
  context: RunContext;
  trace: Trace;
  windows: readonly Window[];
}

/** What is recorded: an upgrade, one that falls back, and one of an application. */
type Recording = 'upgrade' | 'fallback' | 'exchange';

/** A recorded upgrade; or why nothing can be cut. */
type Recorded = { context: RunContext; trace: Trace } | { unsound: string };

/** Records upgrades, each once, and finds their parts. */
export class PowerTraces {
  private readonly recorded = new Map<Recording, Promise<Recorded>>();
  private readonly context: RunContext;
  private readonly cast: Cast;

  /** Crash states are decided under TCG, whatever the context's other devices run on. */
  constructor(context: RunContext, cast: Cast) {
    const accelerator = { accelerator: 'tcg', reason: 'power cuts are decided under TCG' } as const;
    this.context = { ...context, accelerator };
    this.cast = cast;
  }

  /**
   * The recorded part; `unsound`: why the upgrade does not even go well without a cut; `absent`: why there is no such part.
   */
  async part(part: CutPart): Promise<RecordedPart | { unsound: string } | { absent: string }> {
    const { abilities } = this.context.agent;
    if (part === 'rollback' && !abilities.includes('rollback'))
      return { absent: 'the agent does not claim rollback' };
    if (part === 'fallback' && (!abilities.includes('bootCount') || this.cast.broken === undefined))
      return { absent: 'no release that does not come up gives way' };
    if (part === 'exchange' && !isApplication(this.context.manifest.releases[this.cast.new ?? '']))
      return { absent: 'the release to upgrade to is no application' };
    const recorded = await this.record(part === 'fallback' || part === 'exchange' ? part : 'upgrade');
    if ('unsound' in recorded) return recorded;
    const windows = await windowsOfPart(recorded, part);
    return windows.length === 0 ? { absent: absentTexts[part] } : { part, ...recorded, windows };
  }

  private record(which: Recording): Promise<Recorded> {
    const known = this.recorded.get(which);
    if (known !== undefined) return known;
    const recording = this.recordAnew(which);
    this.recorded.set(which, recording);
    return recording;
  }

  private async recordAnew(which: Recording): Promise<Recorded> {
    const { cast } = this;
    const isFallback = which === 'fallback';
    const releases = [cast.old ?? '', (isFallback ? cast.broken : cast.new) ?? ''];
    const context = { ...this.context, scenario: scenarioOf(this.context, releases, isFallback) };
    const path: PathRecord = {
      ...{ releases, steps: [] },
      ...(which === 'exchange' ? { recording: { number: 2, by: 'sync' } } : {}),
    };
    const run = await context.vm(() => recordPath(context, path, labels[which]));
    if (isSound(run)) {
      assertFlushes(run);
      return { context, trace: traceOf(await unkept(run)) };
    }
    const failed = run.path.steps.find(({ verdict }) => verdict !== 'passed');
    const what =
      failed === undefined ? 'it was not taken' : `${failed.name}: ${failed.problem?.message ?? ''}`;
    return { unsound: `${releases.join('->')} without a cut: ${what}` };
  }
}

/** One upgrade of the scenario, cut at every moment; none of what it tries besides. */
function scenarioOf(
  { scenario, agent }: Pick<RunContext, 'scenario' | 'agent'>,
  releases: string[],
  isFallback: boolean,
): RunContext['scenario'] {
  return {
    ...scenario,
    releases,
    paths: [releases],
    serverFaults: [],
    powerCuts: { during: [...usualCutPhases], states: ['prefix', 'lost', 'torn', 'subset'] },
    expect: {
      ...scenario.expect,
      upgrade: isFallback ? 'falls-back' : 'succeeds',
      confirmedBoots: 0,
      rollback: !isFallback && agent.abilities.includes('rollback') ? 'succeeds' : 'unchecked',
    },
  };
}

const labels: Record<Recording, string> = { upgrade: 'p1', fallback: 'p2', exchange: 'p1r2' };

const absentTexts: Record<CutPart, string> = {
  writing: 'nothing is written by an installation but what the boot loader reads',
  flip: 'an installation writes nothing but slots and file systems with a journal: where the boot loader is told of a release cannot be seen',
  'first boot': 'nothing is written during the first boot',
  confirm: 'nothing is written while a release is confirmed',
  rollback: 'nothing is written during a rollback',
  fallback: 'nothing is written during a fall-back',
  exchange: 'nothing is written by an installation',
};

const phases = {
  writing: 'install',
  flip: 'install',
  'first boot': 'first-boot',
  confirm: 'confirm',
  rollback: 'rollback',
  fallback: 'first-boot',
  exchange: 'install',
} as const satisfies Record<CutPart, string>;

/** The stretches of a part in which anything is written. */
async function windowsOfPart(
  { context, trace }: { context: RunContext; trace: Trace },
  part: CutPart,
): Promise<Window[]> {
  const found = windowsOf(trace.log).filter(({ phase }) => phase === phases[part]);
  const windows = part === 'writing' || part === 'flip' ? await partsOf(context, trace, found, part) : found;
  return windows.some((window) => hasWrites(trace, window)) ? windows : [];
}

async function partsOf(
  context: RunContext,
  trace: Trace,
  installs: readonly Window[],
  part: 'writing' | 'flip',
): Promise<Window[]> {
  await using stack = new CleanupStack();
  const { views } = await basesOf(context, trace, stack);
  const { slots, disks } = context.manifest;
  const tells = ({ disk, sector, count }: LogRecord) => {
    const view = views[disk];
    const [from, to] = [sector * sectorBytes, (sector + count) * sectorBytes];
    if (view === undefined || slots.length === 0) return false;
    if (slots.some((slot) => slot.disk === disks[disk]?.id && isWithin(slot, from, to))) return false;
    return describePlace(view, from, to - from).some(({ filesystem }) => filesystem !== 'ext4');
  };
  return installs.flatMap((install) => installParts(trace.log, install, tells)[part]);
}

function isWithin({ offset, length }: ImageManifest['slots'][number], from: number, to: number): boolean {
  return from >= offset && to <= offset + length;
}

function hasWrites({ log }: Trace, { from, to }: Window): boolean {
  return log.records.some(({ kind, issued }) => kind !== 'flush' && issued >= from && issued < to);
}
