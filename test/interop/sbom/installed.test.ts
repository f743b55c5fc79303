import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine } from '../../../src/core/quote.ts';
import { installedQueries, readInstalled } from '../../../src/sbom/installed.ts';
import { needPrograms } from '../../support/host-programs.ts';

describe("dpkg's own record on this host", () => {
  needPrograms('dpkg-query');

  it('is read as dpkg-query reads it', async () => {
    const format = '${binary:Package}\t${Version}\t${Architecture}\t${db:Status-Status}\n';
    const { stdout } = spawnSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8' });
    const theirs = stdout
      .split('\n')
      .filter((line) => line !== '' && !/\t(config-files|not-installed)$/.test(line))
      .map((line) => line.replace(/^([^\t:]*):[^\t]*/, '$1'));
    const [, path = ''] = installedQueries.dpkg;
    const ours = readInstalled('dpkg', await readFile(path, 'utf8'), path);
    const lines = ours.map((one) => [one.name, one.version, one.architecture, one.state].join('\t'));
    expect(lines.sort()).toEqual(theirs.sort());
  });
});

describe("rpm's record", () => {
  needPrograms('rpm', 'rpmbuild');
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brownout-rpm-installed-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is what rpm prints for our format', async () => {
    const spec = [
      'Name: small',
      'Epoch: 2',
      'Version: 1.0~rc1',
      'Release: r3.1',
      'Summary: small',
      'License: GPL-2.0-only & MIT',
      'BuildArch: noarch',
      '%description',
      'small',
      '%files',
      '',
    ].join('\n');
    await writeFile(join(folder, 'small.spec'), spec);
    const rpmbuild = ['-bb', '--quiet', '--define', `_topdir ${folder}`, join(folder, 'small.spec')];
    expect(spawnSync('rpmbuild', rpmbuild, { encoding: 'utf8' }).status).toBe(0);
    const database = ['--dbpath', join(folder, 'db')];
    const file = join(folder, 'RPMS', 'noarch', 'small-1.0~rc1-r3.1.noarch.rpm');
    const install = ['-i', ...database, '--justdb', '--nodeps', '--noscripts', '--nosignature', file];
    expect(spawnSync('rpm', install, { encoding: 'utf8' })).toMatchObject({ status: 0 });
    const [program = '', ...args] = installedQueries.rpm;
    const { stdout } = spawnSync(program, [...database, ...args], { encoding: 'utf8' });
    const [one, ...more] = readInstalled('rpm', stdout, commandLine(installedQueries.rpm));
    expect(more).toEqual([]);
    expect(one).toMatchObject({
      name: 'small',
      version: '2:1.0~rc1-r3.1',
      architecture: 'noarch',
      licence: 'GPL-2.0-only & MIT',
      source: 'small-1.0~rc1-r3.1.src.rpm',
      digest: { of: 'header', algorithm: 'SHA256' },
    });
  });
});
