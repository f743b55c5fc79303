import { expect, it } from 'vitest';
import { Branches, type Shown, withShown } from '../../../src/target/branches.ts';

const shown = (offset: number, digest: string): Shown => ({ disk: 'main', offset, length: 512, digest });

it('sees a boot part from all before it where it is shown something new at the same place', () => {
  const branches = new Branches();
  expect(branches.parts(0n, shown(0, 'a'))).toBe(false);
  expect(branches.parts(0n, shown(0, 'a'))).toBe(false);
  expect(branches.parts(0n, shown(0, 'b'))).toBe(true);
  expect(branches.parts(0n, shown(0, 'b'))).toBe(false);
  expect(branches.parts(0n, shown(0, 'c'))).toBe(true);
});

it('sees none where another place is read, or after another trace', () => {
  const branches = new Branches();
  branches.parts(0n, shown(0, 'a'));
  expect(branches.parts(0n, shown(512, 'b'))).toBe(false);
  expect(branches.parts(0n, { ...shown(0, 'b'), disk: 'vars' })).toBe(false);
  expect(branches.parts(withShown(0n, shown(512, 'a')), shown(0, 'b'))).toBe(false);
});

it('has one trace for the same reads in another order', () => {
  const [one, two] = [shown(0, 'a'), shown(512, 'b')];
  expect(withShown(withShown(0n, one), two)).toBe(withShown(withShown(0n, two), one));
  expect(withShown(0n, one)).not.toBe(withShown(0n, { ...one, digest: 'b' }));
  expect(withShown(withShown(0n, one), one)).not.toBe(0n);
});
