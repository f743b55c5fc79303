import type { WrittenSet } from '../model/record.ts';
import type { Trace } from '../recording/trace.ts';
import type { ComeBack } from './open-exploration.ts';

/** A coming-back that may be cut again. */
export interface Candidate {
  trace: Trace;
  comeBack: ComeBack;
}

/** One that is to be cut, and the set that it stands for. */
export interface Turn {
  set: WrittenSet;
  candidate: Candidate;
}

/** Those that wrote to the same places. */
interface Alike {
  set: WrittenSet;
  candidates: Candidate[];
}

/** Comings-back by the set of places that they wrote to; those that wrote nothing are in none. */
export class WrittenSets {
  private readonly byPlaces = new Map<string, Alike>();
  private readonly known = new Set<string>();

  /** Notes that a device came back; of the same state it may do so several times, and is one candidate. */
  add(trace: Trace, comeBack: ComeBack): void {
    const { places, id } = comeBack;
    if (places.length === 0) return;
    const key = JSON.stringify(places);
    const alike = this.byPlaces.get(key) ?? { set: { places, boots: 0, cuts: [] }, candidates: [] };
    this.byPlaces.set(key, alike);
    alike.set.boots += 1;
    if (!this.known.has(id)) alike.candidates.push({ trace, comeBack });
    this.known.add(id);
  }

  has(id: string): boolean {
    return this.known.has(id);
  }

  get candidates(): Candidate[] {
    return [...this.byPlaces.values()].flatMap(({ candidates }) => candidates);
  }

  /** The sets, so that each in turn has the most places that none before it has. */
  get sets(): WrittenSet[] {
    return this.mostNewFirst().map(({ set }) => set);
  }

  /** The first of each set, then the second of each, and so on, `most` of each at most. */
  turns(most: number): Turn[] {
    const alike = this.mostNewFirst();
    const rounds = Math.min(most, Math.max(0, ...alike.map(({ candidates }) => candidates.length)));
    return Array.from({ length: rounds }, (_, round) =>
      alike.flatMap(({ set, candidates }) => {
        const candidate = candidates[round];
        return candidate === undefined ? [] : [{ set, candidate }];
      }),
    ).flat();
  }

  private mostNewFirst(): Alike[] {
    const rest = [...this.byPlaces.values()];
    const seen = new Set<string>();
    const ordered: Alike[] = [];
    const fresh = ({ set }: Alike) => set.places.filter((place) => !seen.has(place)).length;
    while (rest.length > 0) {
      const best = rest.reduce((one, other) => (fresh(other) > fresh(one) ? other : one));
      rest.splice(rest.indexOf(best), 1);
      for (const place of best.set.places) seen.add(place);
      ordered.push(best);
    }
    return ordered;
  }
}
