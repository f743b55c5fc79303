import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const run = (program: string, args: readonly string[], cwd: string) =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

describe('the tarball of npm pack', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'brownout-tarball-'));
    run('npm', ['pack', '--silent', '--pack-destination', folder], root);
    run('sh', ['-c', 'tar -xzf *.tgz'], folder);
    symlinkSync(join(root, 'node_modules'), join(folder, 'package', 'node_modules'));
    mkdirSync(join(folder, 'empty'));
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  it('holds every file of the images and of the scenarios, and no test', () => {
    const packed = run('sh', ['-c', 'tar -tzf *.tgz'], folder)
      .trimEnd()
      .split('\n')
      .map((name) => name.replace(/^package\//, ''));
    const wanted = run('git', ['ls-files', 'images', 'scenarios'], root).trimEnd().split('\n');
    expect(wanted.filter((name) => !packed.includes(name))).toEqual([]);
    expect(packed.filter((name) => /^(test|src)\//.test(name))).toEqual([]);
  });

  it('works in an empty folder, with the images that it brings', () => {
    const brownout = (...args: string[]) =>
      run(process.execPath, [join(folder, 'package/dist/cli/main.js'), ...args], join(folder, 'empty'));
    expect(brownout('image', 'list')).toMatch(/^rauc-ab +qemuarm64 /m);
    brownout('init', '--agent', 'rauc');
    expect(brownout('check', 'brownout-rauc/scenario.yaml')).toContain('scenario.yaml: ok: rauc, ');
    const scenarios = run('sh', ['-c', 'ls scenarios/*/*.yaml'], join(folder, 'package'))
      .trimEnd()
      .split('\n');
    const checked = brownout('check', ...scenarios.map((name) => join(folder, 'package', name)));
    expect(checked.match(/: ok: /g)).toHaveLength(scenarios.length);
  });
});
