import { expect, it } from 'vitest';
import { harmlessAppendix } from '../../../src/admission/edits.ts';

const appended = (text: string) => harmlessAppendix(Buffer.from(text));

it.each([
  ['a file of no comments', 'a=1\n', /^# .+\n$/],
  ['a file without a last line feed', '# x\na=1', /^\n# .+\n$/],
  ['an ini file with semicolons', '; one\n; two\n# three\n[x]\n', /^; .+\n$/],
  ['C-like comments', '  // one\nlog { };\n', /^\/\/ .+\n$/],
  ['Lua or SQL', '-- one\nx = 1\n', /^-- .+\n$/],
  ['XML', '<?xml version="1.0"?>\n<a/>\n', /^<!-- (?!.*--.*-->).+ -->\n$/],
  ['a DTD', '<!DOCTYPE busconfig PUBLIC "x">\n', /^<!-- .+ -->\n$/],
  ['JSON', '{"a": 1}\n', /^\n$/],
  ['what only looks like JSON', '[main]\na=1\n', /^# .+\n$/],
  ['an empty file', '', /^# .+\n$/],
])('adds what means nothing to %s', (_, text, expected) => {
  expect(appended(text)).toMatch(expected);
});

it('leaves alone what people do not write', () => {
  expect(harmlessAppendix(Buffer.from([1, 0, 2]))).toBeUndefined();
});
