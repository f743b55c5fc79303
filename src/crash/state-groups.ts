import type { Stage } from '../explore/boot.ts';
import type { Exploration } from '../explore/exploration.ts';
import type { CutRecord, StageName, StateGroup } from '../model/record.ts';
import { upgradeName, upgradesOf } from '../model/upgrade.ts';

/** An exploration, the releases of its path, and the question that its states were asked. */
export interface AskedExploration {
  name: StageName;
  stage: Stage;
  releases: readonly string[];
  exploration: Pick<Exploration<CutRecord>, 'space' | 'boots' | 'whole' | 'retry'>;
}

/** A group under construction: states by the number of the boot that decided them. */
type Counted = StateGroup & { boots: Map<number, number> };

/**
 * How far the states of each question, upgrade, phase and kind are decided, and by which boots. What the device did is
 * there also where it left no such state, so that equal scenarios have equal groups.
 */
export function stateGroups(explorations: readonly AskedExploration[]): StateGroup[] {
  const all = new Map<string, StateGroup>();
  for (const asked of explorations)
    for (const { boots, ...group } of groupsOf(asked)) {
      const by = [...boots].map(([number, states]) => ({
        cut: asked.exploration.boots[number]?.record.id ?? '',
        states,
      }));
      const key = JSON.stringify([group.stage, group.upgrade, group.during, group.kind]);
      const known = all.get(key);
      all.set(key, known === undefined ? { ...group, by } : sumOf(known, { ...group, by }));
    }
  return [...all.values()];
}

function groupsOf({ name, stage, releases, exploration }: AskedExploration): Counted[] {
  const { space, [stage]: coverage } = exploration;
  const groups = space.windows.map(({ upgrade, phase }) =>
    space.kinds.map((kind): Counted => {
      const of = upgradesOf(releases)[upgrade];
      return {
        stage: name,
        upgrade: of === undefined ? '' : upgradeName(of),
        during: phase,
        kind,
        states: 0,
        skipped: 0,
        undecided: 0,
        by: [],
        boots: new Map(),
      };
    }),
  );
  space.eachState((ref, stateClass, { window }) => {
    const kind = stateClass === 'sampled' ? 'subset' : stateClass;
    const group = groups[window]?.[space.kinds.indexOf(kind)];
    if (group === undefined || !coverage.isOwn(ref)) return;
    group.states += 1;
    const boot = coverage.decidedBy(ref);
    if (boot !== undefined) group.boots.set(boot, (group.boots.get(boot) ?? 0) + 1);
    else if (coverage.isSkipped(ref)) group.skipped += 1;
    else group.undecided += 1;
  });
  return groups.flat();
}

function sumOf(one: StateGroup, other: StateGroup): StateGroup {
  return {
    ...one,
    states: one.states + other.states,
    skipped: one.skipped + other.skipped,
    undecided: one.undecided + other.undecided,
    by: [...one.by, ...other.by],
  };
}
