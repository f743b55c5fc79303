import { describe, expect, it } from 'vitest';
import { stanzaText } from '../../../../src/package/control/stanza.ts';
import { readStanzas } from '../../../../src/package/control/stanzas.ts';

const read = (text: string) =>
  [...readStanzas(text)].map(({ stanza, line, odd, lost }) => [
    line,
    stanzaText(stanza),
    odd === undefined ? undefined : `${odd.line}: ${odd.what}`,
    lost === undefined ? undefined : `${lost.line}: ${lost.what}`,
  ]);

describe('stanzas as they are found', () => {
  it('are parted by empty lines, whatever their line ends', () => {
    const text = '\n\r\nPackage: a\r\nDescription: x\r\n more\r\n\r\n\nPackage: b\nX-Y : z';
    expect(read(text)).toEqual([
      [3, 'Package: a\nDescription: x\n more\n', undefined, undefined],
      [8, 'Package: b\nX-Y: z\n', undefined, undefined],
    ]);
  });

  it.each([' ', '\t', '   \r'])('go on after a line of blanks (%j), which dpkg refuses', (blank) => {
    const odd = '2: a line of blanks within Description; dpkg takes " ." for an empty line';
    expect(read(`Description: x\n${blank}\n${blank}\n more\nSection: y\n\nPackage: b\n`)).toEqual([
      [1, 'Description: x\n \n \n more\nSection: y\n', odd, undefined],
      [7, 'Package: b\n', undefined, undefined],
    ]);
  });

  it('are parted by a line of blanks where a package begins after it', () => {
    expect(read('Package: a\nX: y\n \npackage: b\n').map(([line, text]) => [line, text])).toEqual([
      [1, 'Package: a\nX: y\n'],
      [4, 'package: b\n'],
    ]);
  });

  it.each([
    ['a line that is no field', 'a: 1\nb c d\n', 'a: 1\n', '2: not a field: "b c d"'],
    ['a name with a blank', 'a: 1\nb c: d\n', 'a: 1\n', '2: not a field: "b c: d"'],
    ['a name with a hyphen first', 'a: 1\n-b: d\n', 'a: 1\n', '2: not a field: "-b: d"'],
    ['no name', 'a: 1\n: d\n', 'a: 1\n', '2: not a field: ": d"'],
    ['a continuation of nothing', ' x\na: 1\n', 'a: 1\n', '1: a continuation without a field'],
    ['a field twice', 'a: 1\n x\nb: 2\nA: 3\n y\n', 'A: 3\n y\nb: 2\n', '4: the field A for the second time'],
    ['a zero byte', 'a: 1\nb: \0\n', 'a: 1\nb: \0\n', '2: a zero byte'],
  ])('pass over %s, and say so', (_, text, kept, lost) => {
    expect(read(text)).toEqual([[1, kept, lost, lost]]);
  });

  it('pass over comments, which dpkg refuses', () => {
    expect(read('a: 1\n# c\n more\n')).toEqual([
      [1, 'a: 1\n more\n', '2: a comment, which only source packages may have', undefined],
    ]);
  });

  it('keep other blanks than those of C', () => {
    expect(read('a: x\u00a0 \nb: \u00a0y\n')).toEqual([
      [1, 'a: x\u00a0\nb: \u00a0y\n', undefined, undefined],
    ]);
  });

  it('are no longer than a stanza may be', () => {
    const why = '1: a stanza of more than 1048576 bytes';
    expect(read(`a: ${'x'.repeat(1 << 20)}\nb: c\n\nd: e\n`)).toEqual([
      [1, '', why, why],
      [4, 'd: e\n', undefined, undefined],
    ]);
  });

  it('cost a small multiple of their length', () => {
    const fields = Array.from({ length: 100_000 }, (_, i) => `a${i}: b`).join('\n');
    const blanks = `Package: a\n${' \n'.repeat(500_000)} end\n`;
    for (const text of [fields, blanks, `a:${' '.repeat(1_000_000)}x\n`, 'x\n'.repeat(500_000)]) {
      expect(text.length).toBeGreaterThan(900_000);
      const [before, start] = [process.memoryUsage().heapUsed, process.cpuUsage().user];
      expect([...readStanzas(text)]).toHaveLength(1);
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 << 20);
      expect(process.cpuUsage().user - start).toBeLessThan(5_000_000);
    }
  });
});
