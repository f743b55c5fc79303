import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { brownout, projectFolder, recordOf, temporaryFolder } from '../integration/cli.ts';

describe('a scenario that no other test runs on a device, without a cut', () => {
  it.each([
    ['plain-bundle', 'a bundle that is fetched before it is installed'],
    ['resets-itself', 'an agent that resets the device itself'],
  ])('%s: %s', async (name) => {
    await using folder = await temporaryFolder();
    const file = join(projectFolder, 'test', 'scenarios', `${name}.yaml`);
    const how = ['--machine', 'qemuarm64', '--power-cuts', 'none', '--reports', folder.path, '--json'];
    const result = await brownout(['run', file, ...how]);
    expect(result.code, result.stderr).toBe(0);
    expect(recordOf(result).verdict).toBe('passed');
  });
});
