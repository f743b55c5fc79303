import type { KnownAs } from '../model/known.ts';
import {
  type CrashRecord,
  type CutRecord,
  type Ended,
  type Problem,
  type RunRecord,
  type StageName,
  type StateGroup,
  type StepRecord,
  type Verdict,
  worst,
} from '../model/record.ts';
import { isSameStep, type StepId, stepKey } from '../model/steps.ts';
import { whyOpen } from './text.ts';

/** One check after the cuts of one phase and kind, all of its states together. */
export interface CutCase {
  name: string;
  seconds: number;
  verdict: Verdict | 'skipped';
  problem?: Problem;
  known?: KnownAs;
  /** Absent where cuts ended without any check that says why. */
  step: StepId | undefined;
  /** Ids of the cuts that failed so. */
  cuts: string[];
  /** What is to be known of these. */
  about: string[];
  /** Each boot that it was decided by. */
  output: string[];
  console?: string;
}

/** States that are decided together, with their boots. */
interface Batch {
  title: string;
  stage: StageName;
  /** The boots, and how many of the batch's states each decided. */
  by: { cut: CutRecord; states: number; isOwn: boolean }[];
  /** Why some of it is left open: never a pass. */
  open: string | undefined;
  /** Why there is nothing to decide; undefined where there is. */
  none: string | undefined;
}

/** Boots that are told of one by one. */
const mostBoots = 10;

/** Each check after the cuts of each phase and kind, by names that do not hang on which states were booted. */
export function cutCases({ crash }: Pick<RunRecord, 'crash'>): CutCase[] {
  if (crash === undefined) return [];
  const batches = [...exploredBatches(crash), ...drawnBatches(crash.cuts)];
  const usual = new Map<StageName, Map<string, StepRecord>>();
  for (const { stage, by } of batches)
    for (const { cut } of by)
      for (const check of checksOf(stage, cut))
        if (check.verdict === 'passed') {
          const known = usual.get(stage) ?? new Map<string, StepRecord>();
          usual.set(stage, known.set(stepKey(check.id), check));
        }
  return batches.flatMap((batch) => {
    const own = new Map(usual.get(batch.stage));
    for (const { cut } of batch.by)
      for (const check of checksOf(batch.stage, cut))
        if (check.verdict !== 'passed') own.set(stepKey(check.id), check);
    return [...[...own.values()].map((check) => checkCase(batch, check)), ...unexplained(batch)];
  });
}

/** Cuts without a group: states that were drawn one by one, live cuts, kills and reset storms. */
function drawnBatches(cuts: readonly CutRecord[]): Batch[] {
  const byTitle = new Map<string, Batch['by']>();
  for (const cut of cuts) {
    if (cut.stage !== undefined && cut.stage !== 'reset-storm') continue;
    const title = `${cut.during} ${cut.upgrade}, ${cut.kind}`;
    const by = byTitle.get(title) ?? [];
    byTitle.set(title, by);
    by.push({ cut, states: 1, isOwn: true });
  }
  return [...byTitle].map(([title, by]) => ({ title, stage: 'whole', by, open: undefined, none: undefined }));
}

/** Of the first question one for each phase and kind; later ones are asked of few states, and have one for each upgrade. */
function exploredBatches({ groups = [], cuts, stages }: CrashRecord): Batch[] {
  const byTitle = new Map<string, StateGroup[]>();
  for (const group of groups) {
    const title = titleOf(group);
    byTitle.set(title, [...(byTitle.get(title) ?? []), group]);
  }
  return [...byTitle].map(([title, parts]) => {
    const stage = parts[0]?.stage ?? 'whole';
    const sum = (of: 'states' | 'skipped' | 'undecided') => parts.reduce((all, part) => all + part[of], 0);
    const counts = { states: sum('states'), skipped: sum('skipped'), undecided: sum('undecided') };
    const ended = stages.find(({ name }) => name === stage)?.ended ?? 'interrupted';
    const by = parts.flatMap((part) =>
      part.by.flatMap(({ cut: id, states }) => {
        const cut = booted(cuts, stage, id);
        if (cut === undefined) return [];
        const isOwn = stage !== 'whole' || (cut.during === part.during && cut.kind === part.kind);
        return [{ cut, states, isOwn }];
      }),
    );
    return { title, stage, by, ...openness(stage, counts, by.length, ended) };
  });
}

function titleOf({ stage, upgrade, during, kind }: StateGroup): string {
  if (stage === 'whole') return `${during} ${upgrade}, ${kind}`;
  return stage === 'retry' ? `${upgrade} done again` : `${stage} ${upgrade}`;
}

/** The boot of a state that decided something; an audit of it may have the same id. */
function booted(cuts: readonly CutRecord[], stage: StageName, id: string): CutRecord | undefined {
  const own = cuts.filter((cut) => cut.id === id && cut.stage === stage);
  return own.find(({ decides = 0 }) => decides > 0) ?? own[0];
}

function openness(
  stage: StageName,
  { states, skipped, undecided }: Record<'states' | 'skipped' | 'undecided', number>,
  boots: number,
  ended: Ended,
): Pick<Batch, 'open' | 'none'> {
  const open = (text: string) => ({ open: text, none: undefined });
  const none = (text: string) => ({ open: undefined, none: text });
  if (states === 0) return none('the recording holds no such state');
  if (stage === 'whole') {
    if (undecided > 0) return open(`${undecided} of ${states} states are not decided: ${whyOpen(ended)}`);
    if (skipped > 0)
      return open(`${skipped} of ${states} states were not tried, because their epoch had failed already`);
    return { open: undefined, none: undefined };
  }
  if (ended === 'budget' || ended === 'interrupted') return open(whyOpen(ended));
  if (boots > 0) return { open: undefined, none: undefined };
  return none(ended === 'bound' ? 'the bound on boots left none for it' : 'no device came so far');
}

/** The checks of a cut that answer a question: a retry has those of the first one before its own. */
function checksOf(stage: StageName, { checks }: CutRecord): StepRecord[] {
  if (stage !== 'retry') return checks;
  return checks.filter(({ id: { moment } }) => moment === 'retry' || moment === 'retried');
}

function checkCase(batch: Batch, { id, name }: StepRecord): CutCase {
  const { by, open, none, stage, title } = batch;
  const found = by.flatMap(({ cut, ...rest }) =>
    checksOf(stage, cut)
      .filter((check) => isSameStep(check.id, id))
      .map((check) => ({ ...rest, cut, check })),
  );
  const bad = found.filter(({ check }) => check.verdict !== 'passed');
  const verdict = worst(found.map(({ check }) => check.verdict));
  const failing = bad.filter(({ check }) => check.verdict === verdict);
  const seconds = found.reduce((sum, { check, isOwn }) => sum + (isOwn ? check.seconds : 0), 0);
  const common = {
    name: `${title}: ${name}`,
    seconds,
    step: id,
    output: by.slice(0, mostBoots).map(bootLine),
  };
  const [first] = failing;
  if (first !== undefined) {
    const console = first.check.console ?? first.cut.console;
    return {
      ...common,
      verdict,
      ...(first.check.problem === undefined ? {} : { problem: first.check.problem }),
      ...(first.check.known === undefined ? {} : { known: first.check.known }),
      cuts: failing.map(({ cut }) => cut.id),
      about: aboutCuts(failing),
      ...(console === undefined ? {} : { console }),
    };
  }
  const isReached = found.length > 0 || by.some(({ cut }) => cut.verdict === 'passed');
  const isCutShort = open === undefined && none === undefined && !isReached;
  const why = open ?? (isCutShort ? 'no device came as far as this check' : none);
  const known = isCutShort ? knownOf(by) : undefined;
  const console = found[0]?.check.console ?? found[0]?.cut.console;
  return {
    ...common,
    verdict:
      known !== undefined ? 'known' : why === undefined ? 'passed' : why === none ? 'skipped' : 'unknown',
    ...(why === undefined ? {} : { problem: { kind: 'device' as const, code: 'unknown', message: why } }),
    ...(known === undefined ? {} : { known }),
    cuts: known === undefined ? [] : by.map(({ cut }) => cut.id),
    about: [],
    ...(console === undefined ? {} : { console }),
  };
}

/** What is known of devices that all ended in ways on the list of known findings; undefined where one did otherwise. */
function knownOf(by: Batch['by']): KnownAs | undefined {
  const checks = by.flatMap(({ cut }) => cut.checks);
  return by.every(({ cut }) => cut.verdict === 'known')
    ? checks.find(({ known }) => known)?.known
    : undefined;
}

/** Cuts whose verdict no check explains: they broke off. */
function unexplained({ title, by }: Batch): CutCase[] {
  const odd = by.filter(({ cut: { checks, verdict } }) => !checks.some((check) => check.verdict === verdict));
  const [first] = odd;
  if (first === undefined) return [];
  const { console } = first.cut;
  return [
    {
      name: title,
      seconds: odd.reduce((sum, { cut, isOwn }) => sum + (isOwn ? cut.seconds : 0), 0),
      verdict: worst(odd.map(({ cut }) => cut.verdict)),
      step: undefined,
      cuts: odd.map(({ cut }) => cut.id),
      about: aboutCuts(odd),
      output: odd.slice(0, mostBoots).map(bootLine),
      ...(console === undefined ? {} : { console }),
    },
  ];
}

function aboutCuts(boots: readonly { cut: CutRecord; states: number }[]): string[] {
  const states = boots.reduce((sum, one) => sum + one.states, 0);
  const lines = boots
    .slice(0, mostBoots)
    .flatMap(({ cut: { id, description, outcome, token } }) => [
      `power cut: ${description}`,
      `came up: ${outcome}`,
      `state: ${id}${token === undefined ? '' : `; brownout replay ${token}`}`,
    ]);
  const more = boots.length > mostBoots ? [`and ${boots.length - mostBoots} boots more`] : [];
  return [...(states > 1 ? [`${states} states, by ${boots.length} boots`] : []), ...lines, ...more];
}

function bootLine({ cut: { id, outcome, token }, states }: { cut: CutRecord; states: number }): string {
  const decides = states === 1 ? '' : `, ${states} states`;
  return `${id}${decides}: ${outcome}${token === undefined ? '' : ` (brownout replay ${token})`}`;
}
