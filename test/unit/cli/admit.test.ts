import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printed } from '../../support/printed.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-admit-'));
});
afterEach(() => rm(folder, { recursive: true }));

function admit(...args: string[]) {
  return printed(['admit', ...args], { PATH: folder, BROWNOUT_CACHE: folder });
}

describe('brownout admit', () => {
  it('has an example, and states the exit codes', async () => {
    const { code, out } = await admit('--help');
    expect(code).toBe(0);
    expect(out).toContain('$ brownout admit avahi-daemon --releases 4.0.1,4.0.2');
    expect(out).toContain('2  the scenario, the image description or the command line is wrong');
  });

  it.each([
    [['nano', '--releases', '4.0.1,,4.0.2'], '--releases: expected releases with commas between them'],
    [['nano', '--releases', '1,1'], '--releases: expected releases with commas between them'],
    [['nano', '--edit', 'etc/x=1'], '--edit: expected PATH=TEXT with an absolute path'],
    [['nano', '--unit', 'x; reboot'], '--unit: expected the name of a unit'],
    [['nano', '--changed-by-scripts', 'var'], '--changed-by-scripts: expected an absolute path'],
    [['nano', '--power-cuts', 'naive:3'], '--power-cuts: expected none, all or random:N'],
    [['nano', '--machine', 'qemuarm46'], 'did you mean "qemuarm64"?'],
    [['nano', '--image', 'yocto-ikp'], 'no image "yocto-ikp"; there are apt, '],
    [['nano', '--image', 'yocto-ikp'], 'did you mean "yocto-ipk"?'],
    [['a b'], '<package>: expected the name of a package: letters, digits, . _ + -, found "a b"'],
    [[''], '<package>: expected the name of a package'],
    [['nano', '--image', 'rauc-ab'], 'image rauc-ab has no package feed: admission is of packages'],
    [
      ['nano', '--image', 'apt', '--releases', '1.0,9.9'],
      '--releases: image apt has no release 9.9; it has 1.0, 1.1',
    ],
    [['nano', '--image', 'apt', '--releases', '1.0'], '--releases: an upgrade needs two releases at least'],
    [['nano', '--image', './nowhere'], '/nowhere/image.yaml cannot be read: no such file'],
    [['nano', '--image', 'yocto-ipk', '--machine', 'qemux86-64'], 'yocto-ipk is not for qemux86-64'],
    [[], "missing required argument 'package'"],
  ])('%j is refused with exit code 2', async (args, message) => {
    const { code, err } = await admit(...args);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) as string });
  });
});
