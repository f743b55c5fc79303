import type { CrashShape, CrashState } from './crash-state.ts';

/**
 * A short stable name, unique within one log: `4711`, `4711.none`, `4711.only409`, `88.head3of12`, `88.lost12-14+17`.
 */
export function stateId({ at, shape }: CrashState): string {
  if (shape.kind === 'prefix') return `${at}`;
  if (shape.kind === 'torn') return `${at}.${shape.part}${shape.sectors}of${shape.seq}`;
  if (shape.kind === 'subset') return `${at}.lost${rangesText(shape.lost)}`;
  return shape.keep === 'none' ? `${at}.none` : `${at}.${shape.keep}${shape.seq}`;
}

/** The state that `stateId` named, or undefined. Whether a log has it is for `stateMaps` to say. */
export function parseStateId(text: string): CrashState | undefined {
  const [, at, rest] = /^(\d{1,15})(?:\.(.+))?$/s.exec(text) ?? [];
  if (at === undefined) return undefined;
  const shape = rest === undefined ? ({ kind: 'prefix' } as const) : parseShape(rest);
  return shape === undefined ? undefined : { at: Number(at), shape };
}

function parseShape(text: string): CrashShape | undefined {
  if (text === 'none') return { kind: 'lost', keep: 'none' };
  const [, keep, seq] = /^(all-but|only)(\d{1,9})$/.exec(text) ?? [];
  if (keep !== undefined) return { kind: 'lost', keep: keep as 'all-but' | 'only', seq: Number(seq) };
  const [, part, sectors, torn] = /^(head|tail|zero)(\d{1,9})of(\d{1,9})$/.exec(text) ?? [];
  if (part !== undefined)
    return {
      kind: 'torn',
      part: part as 'head' | 'tail' | 'zero',
      sectors: Number(sectors),
      seq: Number(torn),
    };
  if (!text.startsWith('lost')) return undefined;
  const lost = parseRanges(text.slice('lost'.length));
  return lost === undefined ? undefined : { kind: 'subset', lost };
}

/** Ascending numbers, runs of them as `12-14`. */
function rangesText(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const n of numbers) {
    const last = runs.at(-1);
    if (last?.[1] === n - 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join('+');
}

/** More writes than any epoch has. */
const maxLost = 1_000_000;

function parseRanges(text: string): number[] | undefined {
  const numbers: number[] = [];
  for (const run of text.split('+')) {
    const [, first, last] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(run) ?? [];
    if (first === undefined) return undefined;
    const to = Number(last ?? first);
    if (to - Number(first) + numbers.length > maxLost) return undefined;
    for (let n = Number(first); n <= to; n += 1) {
      if (n <= (numbers.at(-1) ?? -1)) return undefined;
      numbers.push(n);
    }
  }
  return numbers.length === 0 ? undefined : numbers;
}
