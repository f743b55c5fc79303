import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hasText } from '../../../src/guest/console-text.ts';

it.each([
  ['[    1.5] EXT4-fs (vda4): recovery complete', 'recovery complete', true],
  ['[    1.5] EXT4-fs (vda4): recovery complete', 'EXT4-fs (*): recovery', true],
  ['[    1.5] EXT4-fs (vda4): recovery complete', 'recovery*EXT4', false],
  ['I/O error, dev sr0, sector 0', 'I/O error, dev sr?', false],
  ['a.b', 'a+b', false],
  ['aXbXc', 'a*b*c', true],
  ['ab', 'ab*ab', false],
])('finds in "%s" the text "%s": %s', (line, text, found) => {
  expect(hasText(line, text)).toBe(found);
});

it('finds whatever a line was made of, and takes no time for patterns that make regular expressions slow', () => {
  const parts = fc.array(
    fc.string().filter((part) => !part.includes('*')),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(parts, fc.string(), (these, between) => {
      expect(hasText(`${between}${these.join(between)}${between}`, these.join('*'))).toBe(true);
    }),
  );
  const started = performance.now();
  expect(hasText('a'.repeat(2000), `${'*a'.repeat(100)}*b`)).toBe(false);
  expect(performance.now() - started).toBeLessThan(100);
});
