import { givenUpBy, lineNames, type StageStates, type TraceStates, undecidedBy } from '../model/states.ts';
import { stateId } from '../writelog/state-id.ts';

/** A state as a trace's lines have it. */
export interface StateAt {
  /** Its id within the trace: `4711.head3of12`. */
  id: string;
  /** The boot that has decided it, or `undecidedBy`, or `givenUpBy`. */
  by: number;
}

/** The part of a trace that says where states are. */
type Lines = Pick<TraceStates, 'lines' | 'writes'>;

/** The id of the state at a position of a segment; `write`: the segment's, absent on the line `none`. */
export function idAt(
  line: keyof TraceStates['lines'],
  of: number,
  {
    write,
    within,
    positions,
  }: { write: TraceStates['writes'][number] | undefined; within: number; positions: number },
): string {
  if (line === 'none' || write === undefined)
    return stateId({ at: of, shape: { kind: 'lost', keep: 'none' } });
  const at = write[4] + 1;
  if (line === 'head' && within === positions - 1) return stateId({ at, shape: { kind: 'prefix' } });
  return stateId({ at, shape: { kind: 'torn', seq: of, part: line, sectors: within + 1 } });
}

/** Tells of every state of one question. */
export function eachState(
  { lines, writes }: Lines,
  stage: Pick<StageStates, 'runs' | 'listed'>,
  visit: (state: StateAt) => void,
): void {
  const bySeq = new Map(writes.map((write) => [write[0], write]));
  for (const line of lineNames) {
    let segment = 0;
    let begins = 0;
    for (const [from, to, by] of stage.runs[line])
      for (let position = from; position < to; position += 1) {
        while (position >= begins + (lines[line][segment]?.[1] ?? Number.POSITIVE_INFINITY)) {
          begins += lines[line][segment]?.[1] ?? 0;
          segment += 1;
        }
        const [of = 0, positions = 0] = lines[line][segment] ?? [];
        visit({ id: idAt(line, of, { write: bySeq.get(of), within: position - begins, positions }), by });
      }
  }
  for (const [id, by] of stage.listed) visit({ id, by });
}

/** Whether a boot has decided it. */
export function isDecided(by: number): boolean {
  return by !== undecidedBy && by !== givenUpBy;
}
