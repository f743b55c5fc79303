import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { appendLine, readLines } from '../../../src/core/checked-lines.ts';

async function written(values: readonly unknown[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'brownout-lines-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'lines');
  for (const value of values) await appendLine(path, value);
  return readFile(path, 'utf8');
}

it('gives the values back that were written, in order', async () => {
  const values = [{ a: 1 }, 'two\nlines', ['é', null], 4];
  expect(readLines(await written(values))).toEqual({ values, damaged: 0 });
  expect(readLines('')).toEqual({ values: [], damaged: 0 });
});

it('leaves out the line in whose middle a process ended, wherever that was', async () => {
  const text = await written([{ first: 'abc' }, { second: 'def' }]);
  const [first = ''] = text.split('\n');
  for (let end = first.length + 2; end < text.length - 1; end += 1)
    expect(readLines(text.slice(0, end))).toEqual({ values: [{ first: 'abc' }], damaged: 1 });
});

it('takes no value that differs from what was written', async () => {
  const text = await written([{ number: 12345, word: 'abc' }]);
  fc.assert(
    fc.property(fc.nat(text.length - 2), fc.integer({ min: 32, max: 126 }), (at, code) => {
      fc.pre(text.charCodeAt(at) !== code);
      const spoilt = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
      expect(readLines(spoilt)).toEqual({ values: [], damaged: 1 });
    }),
  );
});
