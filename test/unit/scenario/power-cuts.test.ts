import { describe, expect, it } from 'vitest';
import { parsePowerCuts } from '../../../src/scenario/power-cuts.ts';
import { withCode } from '../../support/errors.ts';

describe('parsePowerCuts', () => {
  it.each([
    ['none', { mode: 'none' }],
    ['all', { mode: 'all' }],
    ['random:20', { mode: 'random', count: 20 }],
    ['naive:1', { mode: 'naive', count: 1 }],
  ])('reads %s', (text, value) => expect(parsePowerCuts(text)).toEqual(value));

  it.each([
    ['all:3', 'found "all:3"'],
    ['al', 'did you mean "all"?'],
    ['random', 'expected none, all, random:N or naive:N, found "random"'],
    ['random:0', 'from 1 to 100000, found 0'],
    ['random:1000000', 'from 1 to 100000'],
    ['random:-3', 'found "random:-3"'],
    ['random=20', 'found "random=20"'],
    ['nome', 'did you mean "none"?'],
    ['navie:3', 'did you mean "naive"?'],
    ['', 'found ""'],
    ['random:20\n', 'expected none, all, random:N'],
  ])('refuses "%s"', (text, message) => {
    expect(() => parsePowerCuts(text)).toThrow(withCode('power-cuts-invalid', message));
  });
});
