import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { brownout, projectFolder, recordOf, temporaryFolder } from './cli.ts';

const corpusCase = (name: string) => join(projectFolder, 'test', 'corpus', '06-two-writes-must-be-one', name);

const explore = (scenario: string, reports: string, ...more: string[]) =>
  brownout(['run', scenario, '--power-cuts', 'all', '--fresh', '--reports', reports, '--json', ...more]);

describe('brownout run --power-cuts all', () => {
  it('finds a defect, says why, and replays it from a file, a token and elsewhere', async () => {
    await using folder = await temporaryFolder();
    const scenario = join(folder.path, 'defect.yaml');
    // A recording of its own: one of an earlier run with equal inputs would name that run's file.
    const text = await readFile(corpusCase('defect.yaml'), 'utf8');
    await writeFile(scenario, text.replace('# BUG', `# ${folder.path}, BUG`));
    const result = await explore(scenario, folder.path, '--audit', '0');
    expect(result.code, result.stderr).toBe(1);
    const record = recordOf(result);
    expect(record.crash).toMatchObject({ undecided: 0, audited: 0 });
    const [finding] = record.findings;
    expect(finding?.reason).toMatch(/^write \d+ of install .* is on the disk before write \d+ of install/);
    expect(finding?.file).toBe('finding-1.brownout');

    const file = join(folder.path, 'latest', finding?.file ?? '');
    expect((await stat(file)).size).toBeLessThan(1 << 20);
    const fromFile = await brownout(['replay', file, '--reports', join(folder.path, 'replays'), '--json']);
    expect(fromFile.code, fromFile.stderr).toBe(1);
    const { cut, reason } = JSON.parse(fromFile.stdout) as { cut: { outcome: string }; reason: string };
    expect(reason).toBe(finding?.reason);
    const same = record.crash?.cuts.find(({ id }) => id === finding?.cut);
    expect(cut.outcome).toBe(same?.outcome);

    // Only the booted state is compared: the token of the finding may be of a smaller one.
    const token = same?.token ?? '';
    const disks = join(folder.path, 'disks');
    const exported = await brownout(['replay', token, '--export-disk', disks, '--reports', folder.path]);
    expect(exported.code, exported.stderr).toBe(0);
    expect((await stat(join(disks, 'main.img'))).size).toBeGreaterThan(100 << 20);

    await writeFile(
      scenario,
      (await readFile(corpusCase('twin.yaml'), 'utf8')).replace(/^name: .*/m, 'name: Another'),
    );
    const refused = await brownout(['replay', token, '--reports', join(folder.path, 'nowhere')]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('different: agent');
  });

  it('passes the corrected twin, with every state decided and audited', async () => {
    await using folder = await temporaryFolder();
    const result = await explore(corpusCase('twin.yaml'), folder.path);
    expect(result.code, result.stderr).toBe(0);
    const { crash, verdict } = recordOf(result);
    expect(verdict).toBe('passed');
    expect(crash?.claim).toBe('exhaustive');
    expect(crash?.decided).toEqual(crash?.states);
    expect(crash?.audited).toBeGreaterThanOrEqual(2);
    expect(crash?.mismatches).toBe(0);
    expect(crash?.boots).toBeLessThan(40);
  });

  it('calls it unknown where the budget is used up before all is decided', async () => {
    await using folder = await temporaryFolder();
    const result = await explore(corpusCase('twin.yaml'), folder.path, '--budget', '1s', '--audit', '0');
    expect(result.code, result.stderr).toBe(3);
    const { crash, verdict } = recordOf(result);
    expect(verdict).toBe('unknown');
    expect(crash?.undecided).toBeGreaterThan(0);
    expect(crash?.claim).not.toBe('exhaustive');
  });
});
