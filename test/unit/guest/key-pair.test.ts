import ssh2 from 'ssh2';
import { expect, it } from 'vitest';
import { makeKeyPair } from '../../../src/guest/key-pair.ts';

it('makes no key that cannot be read, not even among many', () => {
  const keys = Array.from({ length: 1500 }, () => Object.values(makeKeyPair('lab'))).flat();
  expect(keys.filter((key) => ssh2.utils.parseKey(key) instanceof Error)).toEqual([]);
});
