import { expect, it } from 'vitest';
import { filesDelivery } from '../../../src/device/deliver-files.ts';
import { offerOf } from '../../../src/device/deliveries.ts';

const file = (bytes: number) => ({ path: `/x/${bytes}`, sha256: 'a', bytes });
const feed = { SHA256SUMS: file(10), 'root_2.0.img.xz': file(3000), 'os_2.0.efi': file(200) };
const offer = { version: '2.0', bundles: {}, feed };

it('a release of several files has one address, and a fault is in the largest first', () => {
  expect(filesDelivery.lack(offer, 'script')).toBeUndefined();
  expect(filesDelivery.files(offer)).toHaveLength(3);
  expect(filesDelivery.source(offer, []).path).toBe('/2.0/feed');
  expect(filesDelivery.faultable(offer).map(({ path }) => path)).toEqual([
    '2.0/feed/root_2.0.img.xz',
    '2.0/feed/os_2.0.efi',
    '2.0/feed/SHA256SUMS',
  ]);
});

it('a release without files is none for an agent that pulls them', () => {
  const nothing = offerOf({ releases: {} }, '2.0');
  expect(filesDelivery.lack(nothing, 'script')).toEqual({
    code: 'unknown-feed',
    message: 'has no files that script could pull',
  });
});
