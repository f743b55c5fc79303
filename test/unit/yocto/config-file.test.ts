import { describe, expect, it } from 'vitest';
import { parseConfigSection } from '../../../src/yocto/config-file.ts';
import { withCode } from '../../support/errors.ts';

const parse = (...lines: string[]) =>
  Object.fromEntries(
    [...parseConfigSection(lines.join('\n'), 'x.conf', 'config_bsp')].map(([key, { value }]) => [key, value]),
  );

describe('parseConfigSection', () => {
  it('reads as Python does', () => {
    const values = parse(
      '\ufeff# made by a build',
      '[other]',
      'a = 1',
      '[config_bsp]',
      '; a comment',
      'QB_Mem = -m 256   ',
      'colon: a = b',
      'equals=a: b # no comment',
      'empty =',
      'percent = 100%%',
      'refers = <%(PERCENT)s> and %(colon)s',
      '  # a comment within a value',
      '   goes on',
      '',
      '   and on',
      '',
      'last = =',
    );
    expect(values).toEqual({
      qb_mem: '-m 256',
      colon: 'a = b',
      equals: 'a: b # no comment',
      empty: '',
      percent: '100%',
      refers: '<100%> and a = b\ngoes on\n\nand on',
      last: '=',
    });
  });

  it('takes defaults for what the section lacks', () =>
    expect(parse('[DEFAULT]', 'a = 1', 'b = 2', '[config_bsp]', 'b = 3')).toEqual({ a: '1', b: '3' }));

  it('knows where each key stands', () => {
    const values = parseConfigSection('[config_bsp]\r\n\r\na = 1\r\n', 'x.conf', 'config_bsp');
    expect(values.get('a')).toEqual({ value: '1', line: 3 });
  });

  it.each([
    ['another section', ['[bsp]', 'a = 1'], 'x.conf:1: there is no section [config_bsp], only [bsp]'],
    ['nothing', [''], 'x.conf:1: there is no section [config_bsp], only an empty file'],
    ['no section', ['a = 1'], 'x.conf:1: expected a section such as [config_bsp] first'],
    ['a section twice', ['[a]', '[config_bsp]', '[a]'], 'x.conf:3: section [a] is there twice'],
    [
      'a key twice',
      ['[config_bsp]', 'a = 1', 'b = 2', 'A = 3'],
      'x.conf:4: a is there twice, first on line 2',
    ],
    ['no value', ['[config_bsp]', 'qb_mem'], 'x.conf:2: expected "key = value", found "qb_mem"'],
    ['no key', ['[config_bsp]', '= 1'], 'x.conf:2: expected "key = value", found "= 1"'],
    ['a lone percent sign', ['[config_bsp]', 'a = 5%'], 'x.conf:2: a has a lone "%"'],
    ['an unknown reference', ['[config_bsp]', 'a = %(b)s'], 'x.conf:2: a refers to b, which is not there'],
    ['a circle', ['[config_bsp]', 'a = %(b)s', 'b = %(a)s'], 'refers to itself'],
  ])('%s', (_, lines, message) =>
    expect(() => parse(...lines)).toThrow(withCode('qemuboot-invalid', message)),
  );
});
