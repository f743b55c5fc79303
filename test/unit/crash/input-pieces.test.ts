import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Piece, piecesOf } from '../../../src/crash/input-pieces.ts';

const sector = (value: number) => Buffer.alloc(512, value);
const view = (values: readonly number[]) => {
  const bytes = Buffer.concat(values.map(sector));
  return { bytes: bytes.length, read: (at: number, length: number) => bytes.subarray(at, at + length) };
};

/** Builds the sectors again from the pieces and the data that goes with them. */
function rebuilt(
  pieces: readonly Piece[],
  values: readonly number[],
  inputs: Record<string, number[]>,
): number[] {
  const all: number[] = [];
  for (const piece of pieces) {
    if (piece[0] === 'zero') all.push(...Array<number>(piece[1]).fill(0));
    else if (piece[0] === 'data') all.push(...values.slice(all.length, all.length + piece[1]));
    else all.push(...(inputs[piece[1]] ?? []).slice(piece[2], piece[2] + piece[3]));
  }
  return all;
}

function pieces(
  values: readonly number[],
  wanted: readonly boolean[],
  inputs: Record<string, number[]>,
): Piece[] {
  const { read } = view(values);
  return piecesOf(
    values.length,
    (at) => wanted[at] === true,
    (at, count) => read(at * 512, count * 512),
    new Map(Object.entries(inputs).map(([name, content]) => [name, view(content)])),
  );
}

it('refers to what an input holds, in runs', () => {
  const inputs = { main: [9, 1, 2, 3, 4, 1, 8] };
  expect(pieces([1, 2, 3, 7, 0, 0, 8], Array<boolean>(7).fill(true), inputs)).toEqual([
    ['input', 'main', 1, 3],
    ['data', 1],
    ['zero', 2],
    ['input', 'main', 6, 1],
  ]);
});

it('gives back every wanted sector, whatever the inputs hold', () => {
  const values = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 40 });
  fc.assert(
    fc.property(
      values,
      values,
      values,
      fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
      (own, a, b, wanted) => {
        const inputs = { a, b };
        const again = rebuilt(pieces(own, wanted, inputs), own, inputs);
        expect(again.length).toBe(own.length);
        own.forEach((value, at) => {
          if (wanted[at] === true) expect(again[at]).toBe(value);
        });
      },
    ),
  );
});
