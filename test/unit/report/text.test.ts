import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutMiddle, durationText, oneLine, plainText } from '../../../src/report/text.ts';
import { anyCharacter } from '../../support/any-character.ts';

describe('plainText', () => {
  it('removes terminal escapes and control characters, keeps line ends and tabs', () => {
    expect(plainText('a\u001b[1;31mb\u001b]0;title\u0007c\r\nd\te\u0000\u0008\u009b')).toBe('abc\nd\te');
  });

  it('leaves only characters that XML allows, in bounded length', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 150 }), (text) => {
        const shown = plainText(text, 100);
        expect(() => encodeURIComponent(shown), 'half a surrogate pair is left').not.toThrow();
        expect(shown).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
        expect(shown.length).toBeLessThan(200);
      }),
    );
  });

  it('keeps characters beyond the basic plane', () => expect(plainText('ok \u{1F600}')).toBe('ok \u{1F600}'));
});

describe('oneLine', () => {
  it('folds white space', () => expect(oneLine(' a\n\n b\t c ')).toBe('a b c'));
});

describe('cutMiddle', () => {
  it('says how much is gone', () => {
    expect(cutMiddle('abcdefghij', 4)).toBe('ab [... 6 characters left out ...] ij');
    expect(cutMiddle('abcd', 4)).toBe('abcd');
  });
});

describe('durationText', () => {
  it.each([
    [0, '0.0 s'],
    [59.94, '59.9 s'],
    [60, '1m00s'],
    [125, '2m05s'],
    [3720, '1h02m'],
    [Number.NaN, '?'],
    [-1, '?'],
  ])('%d s', (seconds, text) => expect(durationText(seconds)).toBe(text));
});
