import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printed } from '../../support/printed.ts';
import { kirkstoneX86 } from '../yocto/confs.ts';
import { kirkstoneFiles, makeTree } from '../yocto/deploy.ts';

let folder = '';
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'brownout-init-cli-')));
  await makeTree(join(folder, 'deploy'), kirkstoneFiles(kirkstoneX86));
});
afterEach(() => rm(folder, { recursive: true }));

function init(...args: string[]) {
  return printed(['init', ...args]);
}
const made = () => ['--yocto', join(folder, 'deploy'), '--to', join(folder, 'made')];

describe('brownout init', () => {
  it('says what it wrote, what to do next, and what may be missing', async () => {
    const { code, out, err } = await init(...made());
    expect(code).toBe(0);
    expect(out).toMatch(
      /^core-image-base 4\.0\.17 for qemux86-64, in .*made:\n {2}image\.yaml {12}the machine/,
    );
    expect(out).toMatch(/\nnext: brownout run .*made\/scenario\.yaml --power-cuts none\n$/);
    expect(err).toMatch(/^warning: core-image-base has no ssh server .*\n$/);
  });

  it('says what to do next as a shell takes it', async () => {
    const { out } = await init('--agent', 'rauc', '--to', join(folder, 'my gateway'));
    expect(out).toMatch(/\nnext: brownout run '.*my gateway\/scenario\.yaml' --power-cuts none\n$/);
  });

  it('says the same to machines', async () => {
    const { out } = await init(...made(), '--json');
    expect(JSON.parse(out)).toMatchObject({
      folder: join(folder, 'made'),
      image: 'core-image-base',
      machine: 'qemux86-64',
      release: '4.0.17',
    });
  });

  it.each([
    ['nothing to begin with', [], 'hint: brownout init --agent rauc; there are rauc, swupdate, '],
    ['an agent that there is not', ['--agent', 'ruac'], 'did you mean "rauc"?'],
    [
      'what belongs to a Yocto build with an agent',
      ['--agent', 'rauc', '--fstype', 'wic'],
      "option '--agent <agent>' cannot be used with option '--fstype <type>'",
    ],
    [
      'a wrong host key',
      ['--yocto', 'x', '--ssh-host-key', 'SHA256:abc'],
      '--ssh-host-key: expected SHA256: and 43 letters, digits, + or /, found "SHA256:abc"',
    ],
  ])('refuses %s', async (_, args, message) => {
    const { code, err } = await init(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(await readdir(folder)).toEqual(['deploy']);
  });

  it('says what it wrote for an agent, and what to do next', async () => {
    const { code, out } = await init('--agent', 'swupdate', '--to', join(folder, 'first'));
    expect(code).toBe(0);
    expect(out).toMatch(/^a first scenario for swupdate, in .*first:\n {2}scenario\.schema\.json {2}what/);
    expect(out).toMatch(/\nnext: brownout run .*first\/scenario\.yaml --power-cuts none\n$/);
    const { out: json } = await init('--agent', 'rauc', '--to', join(folder, 'other'), '--json');
    expect(JSON.parse(json)).toMatchObject({ folder: join(folder, 'other'), agent: 'rauc' });
  });

  it('says of nothing to begin with by its code what it is', async () => {
    const { out } = await init('--json');
    expect(JSON.parse(out)).toMatchObject({ exitCode: 2, error: { code: 'init-of-what' } });
  });

  it('has examples in its help', async () => {
    expect((await init('--help')).out).toContain('$ brownout init --yocto build/tmp/deploy --image');
  });
});
