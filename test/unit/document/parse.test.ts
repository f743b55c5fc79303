import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ScenarioError } from '../../../src/core/errors.ts';
import { parseDocument } from '../../../src/document/parse.ts';

const schema = z.strictObject({
  machines: z.array(z.enum(['qemux86-64', 'qemuarm64'])).min(1),
  releases: z.array(z.string()).default([]),
  agent: z
    .union([
      z.literal('rauc'),
      z.strictObject({ name: z.literal('rauc'), bundle: z.enum(['verity', 'plain']) }),
      z.strictObject({ name: z.literal('script'), install: z.string() }),
    ])
    .optional(),
  expect: z.strictObject({ boots: z.strictObject({ within: z.string() }).optional() }).optional(),
  byVersion: z.record(z.string(), z.number()).optional(),
  ports: z.record(z.string().regex(/^p/, 'a name that begins with p'), z.number()).optional(),
  even: z
    .number()
    .refine((n) => n % 2 === 0, 'must be even')
    .optional(),
});

function problemsOf(text: string, code = 'document-invalid'): string[] {
  try {
    parseDocument(text, 's.yaml', schema);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    expect(error.code).toBe(code);
    return error.message.split('\n');
  }
  throw new Error('accepted');
}

it('a document of several kinds is explained as the one whose keys it has', () => {
  const built = z.strictObject({
    description: z.string(),
    epoch: z.number(),
    disk: z.number(),
    slots: z.number(),
  });
  const made = z.strictObject({ description: z.string(), prebuilt: z.number() });
  const text = 'description: x\nepoch: a\ndisk: b\nslots: c\n';
  expect(() => parseDocument(text, 's.yaml', z.union([built, made]))).toThrow(
    's.yaml:2:8: epoch: expected a number, found "a"\n' +
      's.yaml:3:7: disk: expected a number, found "b"\n' +
      's.yaml:4:8: slots: expected a number, found "c"',
  );
});

describe('a document within its bound', () => {
  const limit = 1 << 20;
  const filled = (part: string, begin = '', end = '') =>
    begin + part.repeat(Math.floor((limit - begin.length - end.length) / part.length)) + end;

  it.each([
    ['stars', filled('* '), /^s\.yaml:1:2001: more than 1000 aliases$/],
    ['aliases', filled('- *a\n'), /more than 1000 aliases$/],
    ['anchors', filled('&a '), /^s\.yaml:\d+:\d+: more than 100000 words, signs and line ends$/],
    ['quotes', filled('"" '), /more than 100000 words/],
    ['a list', filled('1,', '[', ']'), /more than 100000 words/],
    ['items', filled('- \n'), /more than 100000 words/],
    ['comments', filled('#\n'), /more than 100000 words/],
  ])('costs little memory and time when it is full of %s', (_, text, message) => {
    const [before, start] = [process.memoryUsage().heapUsed, process.cpuUsage().user];
    const [first = ''] = problemsOf(text, 'document-syntax');
    expect(first).toMatch(message);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20);
    expect(process.cpuUsage().user - start).toBeLessThan(3_000_000);
  });

  it('may have a change of a file in each of 2,000 packages', () => {
    const lines = Array.from(
      { length: 2000 },
      (__, i) => `  p${i}: { version: 1.0-r1, files: { /etc/x${i}: { append: "abc def ghi" } } }`,
    );
    const text = `packages:\n${lines.join('\n')}\n`;
    const found = parseDocument(text, 's.yaml', z.object({ packages: z.record(z.string(), z.unknown()) }));
    expect(Object.keys(found.packages)).toHaveLength(2000);
  });
});

describe('parseDocument', () => {
  it('returns the checked value with defaults', () => {
    expect(parseDocument('machines: [qemuarm64]\n', 's.yaml', schema)).toEqual({
      machines: ['qemuarm64'],
      releases: [],
    });
  });

  it.each([
    [
      'an unknown word',
      'machines:\n  - qemuarm46\n',
      [
        's.yaml:2:5: machines[0]: expected one of qemux86-64, qemuarm64, found "qemuarm46"; did you mean "qemuarm64"?',
      ],
    ],
    [
      'an unknown key',
      'machines: [qemuarm64]\nexpect:\n  boots: { witin: 3s }\n',
      ['s.yaml:3:12: expect.boots: unknown key "witin"; did you mean "within"?'],
    ],
    [
      'a key unlike any other',
      'machines: [qemuarm64]\nzzzzzzzzzz: 1\n',
      [
        's.yaml:2:1: unknown key "zzzzzzzzzz"; expected one of machines, releases, agent, expect, byVersion, ports, even',
      ],
    ],
    ['a missing key', 'releases: []\n', ['s.yaml:1:1: machines: missing; expected a list']],
    [
      'a misspelt key, once',
      'machnies: [qemuarm64]\n',
      ['s.yaml:1:1: unknown key "machnies"; did you mean "machines"?'],
    ],
    [
      'a number for text',
      'machines: [qemuarm64]\nreleases: [1.0]\n',
      ['s.yaml:2:12: releases[0]: expected text, found the number 1.0; quote it: "1.0"'],
    ],
    ['an empty value', 'machines:\n', ['s.yaml:1:1: machines: expected a list, found nothing']],
    ['too few items', 'machines: []\n', ['s.yaml:1:11: machines: expected at least 1 items, found a list']],
    [
      'a wrong key of a record',
      'machines: [qemuarm64]\nports: { q: 1 }\n',
      ['s.yaml:2:10: ports: key "q": expected a name that begins with p'],
    ],
    ['a refinement', 'machines: [qemuarm64]\neven: 3\n', ['s.yaml:2:7: even: must be even']],
    ['a list for everything', '- 1\n', ['s.yaml:1:1: expected a mapping, found a list']],
    ['an empty document', '', ['s.yaml:1:1: expected a mapping, found nothing']],
    [
      'no alternative',
      'machines: [qemuarm64]\nagent: raucc\n',
      ['s.yaml:2:8: agent: expected "rauc" or a mapping, found "raucc"; did you mean "rauc"?'],
    ],
    [
      'the alternative that was meant',
      'machines: [qemuarm64]\nagent:\n  name: script\n  instal: x\n',
      ['s.yaml:4:3: agent: unknown key "instal"; did you mean "install"?'],
    ],
    [
      'a merge key',
      'a: &a {x: 1}\n<<: *a\n',
      [
        's.yaml:1:1: machines: missing; expected a list',
        's.yaml:1:1: unknown key "a"; expected one of machines, releases, agent, expect, byVersion, ports, even',
        's.yaml:2:1: unknown key "<<"; expected one of machines, releases, agent, expect, byVersion, ports, even',
      ],
    ],
  ])('explains %s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it('lists every problem, in the order of the text', () => {
    const problems = problemsOf('releases: [true]\nmachines: [x, qemuarm64, 7]\nexpct: 1\n');
    expect(problems.map((line) => line.split(' ')[0])).toEqual([
      's.yaml:1:12:',
      's.yaml:2:12:',
      's.yaml:2:26:',
      's.yaml:3:1:',
    ]);
  });

  it('keeps mapping keys as they are written', () => {
    const value = parseDocument('machines: [qemuarm64]\nbyVersion: { 1.0: 3, 0x10: 4 }', 's.yaml', schema);
    expect(value.byVersion).toEqual({ '1.0': 3, '0x10': 4 });
  });

  it('follows aliases to where the value is written', () => {
    const problems = problemsOf('machines: &m [qemuarm6]\nreleases: *m\n');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('s.yaml:1:15: machines[0]');
  });

  it.each([
    ['an open bracket', 'machines: [a\nb: 1\n', 's.yaml:2:'],
    [
      'a key given twice',
      'machines: [qemuarm64]\nmachines: []\n',
      's.yaml:2:1: not valid YAML: Map keys must be unique',
    ],
    ['two documents', 'a: 1\n---\nb: 2\n', 's.yaml:2:1: not valid YAML'],
    ['an unknown tag', 'machines: !!js/function x\n', 's.yaml:1:11: not valid YAML: Unresolved tag'],
    ['an alias of nothing', 'machines: *x\n', 's.yaml:1:11: not valid YAML: no anchor &x before this alias'],
  ])('points at %s', (_, text, start) => {
    expect(problemsOf(text, 'document-syntax')[0]).toContain(start);
  });

  it('bounds what aliases multiply', () => {
    const rows = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 10; i += 1)
      rows.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(',')}]`,
      );
    const started = performance.now();
    expect(problemsOf(rows.join('\n'), 'document-invalid')[0]).toContain('aliases repeat too much');
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it.each([
    ['brackets', '['.repeat(1 << 19)],
    ['braces', '{'.repeat(5000)],
    ['list items', '- '.repeat(1 << 18)],
    ['keys', Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['explicit keys', '? '.repeat(5000)],
    ['empty keys', `${': '.repeat(5000)}\n`],
  ])('refuses %s nested without end', (_, text) => {
    expect(problemsOf(text, 'document-syntax')).toEqual([
      expect.stringMatching(/^s\.yaml:\d+:\d+: nested too deeply$/),
    ]);
  });

  it('does not count brackets inside text, nor wide text, as nesting', () => {
    const content = `${'['.repeat(500)}\n${' '.repeat(500)}x`;
    const text = `machines: [qemuarm64]\nreleases:\n  - '${'['.repeat(400)}'\n  - |2\n    ${content}\n${' '.repeat(300)}# far right\n`;
    expect(parseDocument(text, 's.yaml', schema).releases).toHaveLength(2);
  });

  it('refuses text beyond the size limit', () => {
    expect(problemsOf(`# ${'x'.repeat(1 << 20)}`, 'document-too-large')).toEqual([
      's.yaml: longer than 1024 KiB',
    ]);
  });

  it('stops listing after 20 problems', () => {
    const problems = problemsOf(`machines: [${Array(50).fill('x').join(', ')}]\n`);
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toBe('and 30 more');
  });

  it('does not take prototype keys for values', () => {
    expect(problemsOf('__proto__: { machines: [qemuarm64] }\n').join()).toContain('unknown key "__proto__"');
  });

  it('keeps control characters of the document out of messages', () => {
    expect(problemsOf('machines: ["\\e[31mred\\n"]\n')[0]).toContain('found "\\u001b[31mred\\n"');
  });

  it('throws only ScenarioError, whatever the text', () => {
    const pieces = fc.constantFrom(
      'machines',
      ':',
      ' ',
      '\n',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '*a',
      '&a ',
      '"',
      '|',
      '>',
      '%',
      '!',
      '1.0',
      'qemuarm64',
      '\t',
      '? ',
      '#',
      ',',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        try {
          parseDocument(parts.join(''), 's.yaml', schema);
        } catch (error) {
          expect(error).toBeInstanceOf(ScenarioError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
