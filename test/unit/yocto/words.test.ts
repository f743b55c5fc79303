import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../../src/core/quote.ts';
import { fillPlaceholders, optionPairs, pairWords, splitWords } from '../../../src/yocto/words.ts';
import { withCode } from '../../support/errors.ts';

const split = (text: string) => splitWords(text, 'x.conf:3: qb_mem');

describe('splitWords', () => {
  it.each([
    ['', []],
    ['  -m   256 ', ['-m', '256']],
    ["-append 'a  b' c", ['-append', 'a  b', 'c']],
    ['a"b c"d', ['ab cd']],
    [String.raw`"a\"b\\c\d" e\ f`, ['a"b\\c\\d', 'e f']],
    [`'' ""`, ['', '']],
    ["-a '$HOME `x` # *' # $(y)", ['-a', '$HOME `x` # *', '#', '$(y)']],
  ])('%j', (text, words) => expect(split(text)).toEqual(words));

  it.each(["-a 'b", '-a "b', '-a b\\'])('names the line of %j', (text) =>
    expect(() => split(text)).toThrow(withCode('qemuboot-invalid', /^x\.conf:3: qb_mem has a/)),
  );

  it('takes back what commandLine shows', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(split(commandLine(words))).toEqual(words);
      }),
    );
  });
});

describe('fillPlaceholders', () => {
  const fill = (...words: string[]) =>
    fillPlaceholders(words, { ROOTFS: '/a b,c.ext4', MAC: '52:54:00:12:35:02' }, 'x.conf:7: qb_rootfs_opt');

  it('doubles the commas of what becomes part of an option', () =>
    expect(fill('id=disk0,file=@ROOTFS@,if=none', '@ROOTFS@', 'mac=@MAC@')).toEqual([
      'id=disk0,file=/a b,,c.ext4,if=none',
      '/a b,c.ext4',
      'mac=52:54:00:12:35:02',
    ]));

  it('leaves what is none of runqemu’s', () =>
    expect(fill('a@b@c', '@OTHER@')).toEqual(['a@b@c', '@OTHER@']));

  it('refuses one that has no value', () =>
    expect(() => fill('ifname=@TAP@')).toThrow(
      withCode('qemuboot-unsupported', 'x.conf:7: qb_rootfs_opt has @TAP@, which means nothing there'),
    ));
});

describe('options of QEMU', () => {
  it('are split from their arguments, and joined', () => {
    const words = ['-usb', '-device', 'usb-kbd', '-m', '256', '-nographic'];
    expect(optionPairs(words)).toEqual([['-usb'], ['-device', 'usb-kbd'], ['-m', '256'], ['-nographic']]);
    fc.assert(
      fc.property(fc.array(fc.string()), (any) => {
        expect(pairWords(optionPairs(any))).toEqual(any);
      }),
    );
  });
});
