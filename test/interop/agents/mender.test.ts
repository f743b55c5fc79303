import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { device, limits } from '../../unit/agents/device.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-mender-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What the command that commits ends with, where `mender commit` says this and ends with that. */
async function commit(says: string, ends: number): Promise<number | null> {
  const path = join(folder, 'mender');
  await writeFile(path, `#!/bin/sh\necho '${says}' >&2\nexit ${ends}\n`);
  await chmod(path, 0o755);
  const { asked, ready } = device({});
  await agentFor({ name: 'mender' }).confirm(ready, limits());
  const { status, stdout } = spawnSync('sh', ['-c', asked.join('\n')], {
    env: { PATH: `${folder}:/usr/bin:/bin` },
    encoding: 'utf8',
  });
  expect(stdout).toContain(says);
  return status;
}

describe('a commit', () => {
  it('has succeeded where an update was committed, and where none is under way', async () => {
    expect(await commit('Update committed', 0)).toBe(0);
    expect(await commit('level=error msg="no artifact installation in progress"', 2)).toBe(0);
  });

  it('has succeeded where Mender says that the boot loader went back: what runs needs none', async () => {
    expect(await commit('level=error msg="Reboot to the new update failed."', 1)).toBe(0);
  });

  it('has failed with whatever else Mender ends with', async () => {
    expect(await commit('level=error msg="failed to initialize DB store"', 1)).toBe(1);
    expect(await commit('Reboot to the new update failed', 4)).toBe(4);
  });
});
