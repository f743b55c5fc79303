import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scenarioFile } from '../../../src/cli/scenario-file.ts';
import { printed } from '../../support/printed.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-check-'));
});
afterEach(() => rm(folder, { recursive: true }));

function brownout(...args: string[]) {
  return printed(args, { PATH: '/usr/bin:/bin' });
}

const good = 'name: x\nmachines: [qemuarm64]\nimage: rauc-ab\nagent: rauc\nreleases: ["1.0", "1.1"]\n';
async function scenario(text: string): Promise<string> {
  const path = join(folder, 'scenario.yaml');
  await writeFile(path, text);
  return path;
}

describe('brownout check', () => {
  it('passes what brownout init writes', async () => {
    const to = join(folder, 'first');
    expect(await brownout('init', '--agent', 'rauc', '--to', to)).toMatchObject({ code: 0, err: '' });
    const { code, out, err } = await brownout('check', join(to, 'scenario.yaml'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('scenario.yaml: ok: rauc, image rauc-ab, qemuarm64: 1.0 -> 2.0');
  });

  it('passes the first scenario of every agent', async () => {
    const files = (await readdir('scenarios/first')).map((name) => `scenarios/first/${name}`);
    const { code, out } = await brownout('check', ...files, '--json');
    expect(code).toBe(0);
    expect((JSON.parse(out) as { scenarios: { file: string }[] }).scenarios.map(({ file }) => file)).toEqual(
      files,
    );
  });

  it('takes a scenario of the program where there is none of this name, and nothing else', async () => {
    const named = 'scenarios/first/rauc.yaml';
    expect(await scenarioFile(named)).toBe(named);
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(await scenarioFile(named)).toBe(join(before, named));
      expect(await scenarioFile(`./${named}`)).toBe(join(before, named));
      expect(await scenarioFile('scenarios/none.yaml')).toBe('scenarios/none.yaml');
      expect(await scenarioFile('README.md')).toBe('README.md');
      expect(await scenarioFile('.')).toBe('.');
      await writeFile('scenario.yaml', good);
      expect(await scenarioFile('.')).toBe('scenario.yaml');
      await rm('scenario.yaml');
      await mkdir('scenarios/first', { recursive: true });
      await writeFile(named, good);
      expect(await scenarioFile(named)).toBe(named);
    } finally {
      process.chdir(before);
    }
  });

  it('takes a folder for the scenario in it, and tells of a name that is nearly right', async () => {
    const path = await scenario(good);
    expect((await brownout('check', folder)).out).toContain(`${path}: ok: `);
    const { code, err } = await brownout('check', join(folder, 'scenario.yml'));
    expect(code).toBe(2);
    expect(err).toContain(`scenario.yml cannot be read: no such file; did you mean "${path}"?`);
    await rm(path);
    await writeFile(join(folder, 'b.yaml'), good);
    await writeFile(join(folder, 'a.yml'), good);
    const { err: several } = await brownout('check', folder);
    expect(several).toContain(
      `${folder} cannot be read: it is a folder; name one of its files: a.yml, b.yaml`,
    );
    const { err: none } = await brownout('replay', join(folder, 'finding-1.brownout'));
    expect(none).toMatch(/cannot read the finding .*finding-1\.brownout: no such file\nhint: a run that/);
  });

  it('says what is checked, and on which paths', async () => {
    const path = await scenario(good);
    expect(await brownout('check', path)).toEqual({
      code: 0,
      out: `${path}: ok: rauc, image rauc-ab, qemuarm64: 1.0 -> 1.1\n`,
      err: '',
    });
  });

  it('says what an image cannot be built without', async () => {
    await mkdir(join(folder, 'own'));
    const image = await readFile('images/yocto-ipk/image.yaml', 'utf8');
    const packages = join(folder, 'own', 'image.yaml');
    await writeFile(packages, image.replaceAll('yocto-kirkstone-aarch64', './none'));
    const path = await scenario(
      good.replace('rauc-ab', './own').replace('rauc', 'opkg').replace('"1.0", "1.1"', '"4.0.1", "4.0.2"'),
    );
    const { code, out } = await brownout('check', path);
    expect(code).toBe(0);
    expect(out).toMatch(/\n {2}but it cannot be built here: .*none/);
  });

  it.each([
    [
      'an image that there is not',
      good.replace('rauc-ab', 'rauc-ba'),
      /scenario\.yaml:3:8: image: no image "rauc-ba"; there are apt, .*; did you mean "rauc-ab"\?\nhint: .*image: \.\/rauc-ba\n/,
    ],
    [
      'a machine that its image is not made for',
      good.replace('rauc-ab', 'dnf').replace('rauc', 'dnf'),
      /scenario\.yaml:2:12: machines\[0\]: image dnf is not made for qemuarm64, only for qemux86-64\n/,
    ],
    [
      'a release that its image does not have',
      good.replace('"1.1"', '"1.10"'),
      /scenario\.yaml:5:19: releases\[1\]: image rauc-ab has no release 1\.10; did you mean "1\.0"\?; it has 1\.0, 1\.1, 2\.0, 2\.1-broken/,
    ],
    [
      'several that it does not have, in branches',
      good.replace('["1.0", "1.1"]', '{ old: ["1.0", "1.2"], new: ["3.0"] }'),
      /scenario\.yaml:5:26: releases\.old\[1\]: image rauc-ab has no release 1\.2.*\n.*scenario\.yaml:5:40: releases\.new\[0\]: .* 3\.0/,
    ],
    [
      'an agent that devices with its image do not have',
      good.replace('agent: rauc', 'agent: opkg'),
      /scenario\.yaml:4:8: agent: opkg needs opkg, which devices with image rauc-ab do not have\nhint: made for opkg: yocto-ipk, yocto-ipk-2026\n/,
    ],
    ['a word that it does not know', good.replace('name', 'nmae'), /scenario\.yaml:1:1: unknown key "nmae"/],
  ])('refuses %s, and so does run, before anything starts', async (_, text, message) => {
    const path = await scenario(text);
    const reports = join(folder, 'reports');
    for (const args of [
      ['check', path],
      ['run', path, '--reports', reports],
    ]) {
      const { code, out, err } = await brownout(...args);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(message);
    }
    expect(await readdir(folder)).toEqual(['scenario.yaml']);
  });
});
