import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printed } from '../../support/printed.ts';
import { smallMender, smallRaucb, smallSwu } from '../image/small-bundles.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-own-'));
  for (const name of ['u-boot.bin', 'disk.img', 'slot.ext4'])
    await writeFile(join(folder, name), Buffer.alloc(8192, name));
  await mkdir(join(folder, 'deploy'));
});
afterEach(() => rm(folder, { recursive: true }));

function brownout(...args: string[]) {
  return printed(args, { PATH: '/usr/bin:/bin', BROWNOUT_CACHE: join(folder, 'cache') });
}

/** A scenario for an image whose second release is this file, in this format. */
async function own(agent: string, format: string, bundle?: Buffer): Promise<string> {
  const path = join(folder, 'scenario.yaml');
  await writeFile(
    path,
    `name: x\nmachines: [qemuarm64]\nimage: ./\nagent: ${agent}\nreleases: ["1.0", "2.0"]\n`,
  );
  await writeFile(
    join(folder, 'image.yaml'),
    `description: Ours
prebuilt:
  qemuarm64:
    firmware: { attach: bios, code: u-boot.bin }
    disks: [{ id: main }]
    ssh: { user: root, password: x }
    releases:
      "1.0": { factory: { main: disk.img }, slotContent: slot.ext4 }
      "2.0":
        slotContent: slot.ext4
        bundles: { ${format}: deploy/update }
      "3.0":
        bundles: { ${format}: deploy/none }
`,
  );
  if (bundle !== undefined) await writeFile(join(folder, 'deploy', 'update'), bundle);
  return path;
}

const at = (format: string) =>
  `${folder}/image.yaml:11:${22 + format.length}: prebuilt.qemuarm64.releases.2.0.bundles.${format}: ${folder}/deploy/update`;

describe('a bundle of one’s own that cannot be one', () => {
  it.each<[string, string, () => Buffer | Promise<Buffer>, string]>([
    ['rauc', 'verity', () => smallRaucb().subarray(0, 3000), 'is cut short: its squashfs has 4096 bytes'],
    ['rauc', 'verity', () => smallRaucb().subarray(0, 4200), 'has no CMS signature at its end'],
    ['swupdate', 'swu', () => smallSwu().subarray(0, 3000), 'is cut short: its file "rootfs.ext4.zst" ends'],
    ['swupdate', 'swu', () => smallMender(), 'is an artifact of Mender, and no update of SWUpdate'],
    ['mender', 'mender', () => smallRaucb(), 'is a bundle of RAUC, and no artifact of Mender'],
    ['{ name: script, install: "x", bundle: swu }', 'swu', () => smallRaucb(), 'is a bundle of RAUC'],
  ])(
    'of %s, as %s: is told with its place, before anything is built or begun',
    async (agent, format, bundle, what) => {
      const path = await own(agent, format, await bundle());
      for (const args of [
        ['check', path],
        ['run', path, '--reports', join(folder, 'reports')],
      ]) {
        const { code, out, err } = await brownout(...args);
        expect({ code, out }).toEqual({ code: 2, out: '' });
        expect(err).toContain(`error: ${at(format)}: it ${what}`);
        expect(err).toMatch(/\nhint: copy or make it again, or name the right file; .*serverFaults.*\n$/);
      }
    },
  );

  it('is of no account where the scenario does not come to it, and is one where the image is built', async () => {
    const path = await own('rauc', 'verity', smallRaucb());
    await writeFile(join(folder, 'deploy', 'none'), 'nothing');
    expect((await brownout('check', path)).code).toBe(0);
    const { code, err } = await brownout('image', 'build', folder);
    expect(code).toBe(2);
    expect(err).toMatch(
      /image\.yaml:13:28: .*3\.0.*none: it is text that begins with "nothing", and no bundle of RAUC\n/,
    );
  });
});

it('a release that no device leaves the factory with is told where the scenario begins with it', async () => {
  const path = await own('rauc', 'verity', smallRaucb());
  await writeFile(path, (await readFile(path, 'utf8')).replace('"1.0", "2.0"', '"2.0", "3.0"'));
  const image = join(folder, 'image.yaml');
  const told = (await readFile(image, 'utf8')).replace('"3.0":', '"3.0":\n        slotContent: slot.ext4');
  await writeFile(image, told);
  expect((await brownout('check', path)).code).toBe(0);
  await writeFile(image, told.replace('factory: { main: disk.img }, ', ''));
  const { code, err } = await brownout('check', path);
  expect(code).toBe(2);
  expect(err).toBe(
    `error: ${path}:5:12: releases[0]: image ./ cannot start with release 2.0: it has no factory disk of it or of one before it\n`,
  );
});

describe('a file of one’s own that is not there', () => {
  it('is told by check, which may come before it is made', async () => {
    const path = await own('rauc', 'verity');
    await writeFile(join(folder, 'deploy', 'updat'), '');
    const { code, out } = await brownout('check', path);
    expect(code).toBe(0);
    expect(out).toContain(
      `ok: rauc, image ./, qemuarm64: 1.0 -> 2.0\n  but it cannot be built here: ${at('verity')} cannot be read: no such file; did you mean "${folder}/deploy/updat"?; and 1 more\n`,
    );
    const { out: json } = await brownout('check', path, '--json');
    expect(JSON.parse(json)).toMatchObject({
      scenarios: [{ lack: expect.stringContaining(at('verity')) as string }],
    });
  });

  it('is said once, and nothing is said where all are there', async () => {
    const path = await own('rauc', 'verity', smallRaucb());
    expect((await brownout('check', path)).out).toMatch(
      /image\.yaml:13:28: .*3\.0.*none cannot be read: no such file\n$/,
    );
    await writeFile(join(folder, 'deploy', 'none'), 'x');
    expect((await brownout('check', path)).out).toBe(`${path}: ok: rauc, image ./, qemuarm64: 1.0 -> 2.0\n`);
  });
});
