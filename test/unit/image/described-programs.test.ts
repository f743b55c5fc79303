import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describedImage } from '../../../src/image/described.ts';
import { ownImages } from '../../../src/image/own-images.ts';

const programs = [
  'rauc',
  'swupdate',
  'mender',
  'ostree',
  'sysota',
  'fullmetalupdate',
  'opkg',
  'apt',
  'dpkg',
  'rpm',
  'dnf',
];

async function programsOf(root: string, image: string): Promise<string[]> {
  const described = await describedImage(root, image);
  const lacks = await Promise.all(programs.map((one) => described.lacks(one)));
  return programs.filter((_, i) => !lacks[i]);
}

describe("an image's description says which update agents devices surely lack", () => {
  it.each([
    ['rauc-ab', ['rauc']],
    ['systemota', ['rauc', 'sysota']],
    ['systemota-repaired', ['rauc', 'sysota']],
    ['fullmetalupdate', ['ostree', 'fullmetalupdate']],
    ['apt', ['apt', 'dpkg']],
    ['rpm', ['rpm']],
    ['dnf', ['rpm', 'dnf']],
    ['yocto-ipk', programs],
  ])('%s', async (image, expected) => {
    expect(await programsOf(ownImages, image)).toEqual(expected);
  });

  it('and nothing of a disk that somebody else has made', async () => {
    expect(await programsOf(join(import.meta.dirname, '../../images'), 'dpkg')).toContain('dpkg');
  });
});
