import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDescription } from '../../../src/image/description.ts';
import { ownImages } from '../../../src/image/own-images.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-description-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The reference image's description, or another's, with something else in it. */
async function changed(what: string, by: string, image = 'rauc-ab') {
  const text = await readFile(join(ownImages, image, 'image.yaml'), 'utf8');
  expect(text).toContain(what);
  await mkdir(join(folder, 'mine'), { recursive: true });
  await writeFile(join(folder, 'mine', 'image.yaml'), text.replace(what, by));
  return readDescription(folder, 'mine');
}

describe('a broken release', () => {
  it('is of a good one, broken in one way', async () => {
    const description = await changed("of: '2.0', how: hangs", "of: '1.1', how: hangs");
    expect(description).toMatchObject({
      broken: [{}, {}, { version: '2.1-hangs', of: '1.1', how: 'hangs' }, {}],
    });
  });

  it.each([
    [
      "of: '2.0', how: hangs",
      "of: '2.2', how: hangs",
      /broken\[2\]\.of: one of the releases: 1\.0, 1\.1, 2\.0; did you mean "2.0"\?/,
    ],
    ["version: '2.1-hangs'", "version: '2.0'", /broken\[2\]\.version: a name that no good release has/],
    ['how: no-kernel', 'how: no-kernle', /did you mean "no-kernel"\?/],
    ['  health: /usr/sbin/health-check\n', '', /broken\[3\]\.how: the image has no health check/],
  ])('is refused where it cannot be made: %s as %s', async (what, by, message) => {
    await expect(changed(what, by)).rejects.toMatchObject({
      kind: 'scenario',
      message: expect.stringMatching(message) as string,
    });
  });
});

it('a slot that is a squashfs cannot be mounted read-write', async () => {
  const disk = (more: string) => changed('disk:\n', `disk:\n  filesystem: squashfs\n${more}`);
  expect(await disk('')).toMatchObject({ disk: { filesystem: 'squashfs' } });
  await expect(disk('  writable: true\n')).rejects.toMatchObject({
    kind: 'scenario',
    message: expect.stringMatching(/disk\.writable: nothing can be written to a squashfs/) as string,
  });
});

describe('slots that are called after their release', () => {
  it.each([
    ['slots: versioned', 'slots: fixed', /disk\.slots: expected "versioned", found "fixed"/],
    [
      'slots: versioned',
      'table: gpt',
      /machines\.qemux86-64\.bootLoader: systemd-boot where slots are versioned/,
    ],
    ['slots: versioned', 'slots: versioned\n  table: mbr', /disk\.slots: an MBR has no names of partitions/],
    ['slots: versioned', 'slotz: versioned', /unknown key "slotz"; did you mean "slots"/],
  ])('are those that systemd-boot starts: %s as %s', async (what, by, message) => {
    await expect(changed(what, by, 'sysupdate')).rejects.toMatchObject({
      kind: 'scenario',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('an application beside a system of OSTree', () => {
  it.each([
    [
      "of: '1.0', application: gateway, to: '1.1'",
      "of: '1.7', application: gateway, to: '1.1'",
      /applications\.releases\[0\]\.of: one of the releases: 1\.0, 1\.1, 2\.0; did you mean "1.0"\?/,
    ],
    [
      "application: gateway, to: '2.0'",
      "application: gatewya, to: '2.0'",
      /applications\.releases\[1\]\.application: one of gateway, monitor; did you mean "gateway"\?/,
    ],
  ])('is refused where there is none such: %s as %s', async (what, by, message) => {
    await expect(changed(what, by, 'fullmetalupdate')).rejects.toMatchObject({
      kind: 'scenario',
      message: expect.stringMatching(message) as string,
    });
  });
});
