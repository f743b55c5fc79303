import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandLine, quote } from '../../../src/core/quote.ts';

describe('quote', () => {
  it('makes one shell word of anything', () => {
    expect(quote("it's $HOME; rm -rf /")).toBe(`'it'\\''s $HOME; rm -rf /'`);
  });
});

describe('commandLine', () => {
  it('leaves alone what a shell takes as it stands', () =>
    expect(commandLine(['run', './a.yaml', '--power-cuts', 'random:20', 'a b', ''])).toBe(
      "run ./a.yaml --power-cuts random:20 'a b' ''",
    ));

  it('is read by a shell as the words that it was made of', () => {
    const word = fc.string().filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        const script = `for word in ${commandLine(words)}; do printf '%s\\0' "$word"; done`;
        const seen = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
        expect(seen.split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 50 },
    );
  });
});
