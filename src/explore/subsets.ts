import type { Random } from '../core/random.ts';
import type { StateKind } from '../model/scenario.ts';
import type { CrashShape } from '../writelog/crash-state.ts';
import type { LogRecord } from '../writelog/log.ts';
import type { SubsetState } from './states.ts';

/** Epochs of at most so many open writes have every subset tried. */
export const maxWholeEpoch = 6;
/** Subsets drawn of each larger epoch. */
const samples = 8;

type Loss = Pick<SubsetState, 'stateClass' | 'shape'>;

/**
 * The ways to lose some, not all, of an epoch's open writes: all but one and only one (R1), every other subset of a
 * small epoch (R3), drawn ones of a larger (R4). Each set of lost writes comes once.
 */
export function lossesOf(open: readonly LogRecord[], kinds: readonly StateKind[], random: Random): Loss[] {
  const seqs = open.map(({ seq }) => seq);
  return [
    ...(kinds.includes('lost') ? singles(seqs) : []),
    ...(kinds.includes('subset') ? subsets(seqs, random) : []),
  ];
}

function singles(seqs: readonly number[]): Loss[] {
  if (seqs.length < 2) return [];
  const lost = (keep: 'all-but' | 'only') =>
    seqs.map((seq): Loss => ({ stateClass: 'lost', shape: { kind: 'lost', keep, seq } }));
  return seqs.length === 2 ? lost('only') : [...lost('all-but'), ...lost('only')];
}

function subsets(seqs: readonly number[], random: Random): Loss[] {
  const { length } = seqs;
  const loss = (stateClass: 'subset' | 'sampled', chosen: readonly number[]): Loss => {
    const shape: CrashShape = { kind: 'subset', lost: chosen };
    return { stateClass, shape };
  };
  if (length < 4) return [];
  if (length > maxWholeEpoch) return drawn(seqs, random).map((chosen) => loss('sampled', chosen));
  return Array.from({ length: 2 ** length }, (_, mask) => seqs.filter((_seq, i) => (mask >> i) & 1))
    .filter((chosen) => chosen.length >= 2 && chosen.length <= length - 2)
    .map((chosen) => loss('subset', chosen));
}

/** Different sets of at least two, lost or kept; an epoch that is not small has many more than are drawn. */
function drawn(seqs: readonly number[], random: Random): number[][] {
  const found = new Map<string, number[]>();
  while (found.size < samples) {
    const count = 2 + random.int(seqs.length - 3);
    const chosen = random
      .shuffle(seqs)
      .slice(0, count)
      .sort((a, b) => a - b);
    found.set(chosen.join(), chosen);
  }
  return [...found.values()];
}
