import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { brownout, projectFolder, recordOf, temporaryFolder } from '../integration/cli.ts';

describe('a bad server', () => {
  const run = async (file: string) => {
    await using folder = await temporaryFolder();
    const more = ['--machine', 'qemuarm64', '--power-cuts', 'none', '--json', '--reports', folder.path];
    const result = await brownout(['run', file, ...more]);
    return { ...result, record: recordOf(result) };
  };

  it('leaves a device on its release until it is repaired', async () => {
    const { code, stderr, record } = await run(join(projectFolder, 'scenarios', 'rauc', 'bad-server.yaml'));
    expect(code, stderr).toBe(0);
    const steps = record.paths.flatMap((path) => path.steps.map(({ name }) => name));
    for (const fault of ['not there', 'cut short', 'wrong byte', 'connection lost']) {
      expect(steps).toContain(`1.0->2.0 ${fault}: refused`);
      expect(steps).toContain(`1.0->2.0 ${fault}: repaired: release`);
      expect(stderr).toContain(`note: 1.0->2.0 ${fault}: install ended with 1: `);
    }
    const upgraded = steps.indexOf('1.0->2.0 first boot');
    expect(steps.slice(upgraded, upgraded + 5)).toEqual(
      ['first boot', 'release', 'configuration', 'agent', 'confirm'].map((name) => `1.0->2.0 ${name}`),
    );
  });

  it('is what an updater fails by that believes every byte', async () => {
    const { code, stderr, record } = await run(
      join(projectFolder, 'test', 'scenarios', 'careless-updater.yaml'),
    );
    expect(code, stderr).toBe(1);
    expect(record.findings.map(({ check }) => check)).toEqual([
      '1.0->2.0 wrong byte: release',
      '1.0->2.0 wrong byte: refused',
    ]);
    expect(record.findings[1]?.message).toContain('the server sends a wrong byte');
  });
});
