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
async function commit(says: string, ends: number, pending = 0): Promise<number | null> {
  const programs = {
    mender: `echo '${says}' >&2\nexit ${ends}`,
    fw_printenv: `echo mender_boot_part=3\necho upgrade_available=${pending}`,
  };
  for (const [name, lines] of Object.entries(programs)) {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${lines}\n`);
    await chmod(path, 0o755);
  }
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
    expect(await commit('level=error msg="There is nothing to commit"', 2)).toBe(0);
  });

  it('has succeeded where Mender says that the boot loader went back: what runs needs none', async () => {
    expect(await commit('level=error msg="Reboot to the new update failed."', 1)).toBe(0);
  });

  it('has failed where Mender knows of no update, and one is pending for the boot loader', async () => {
    expect(await commit('level=warning msg="There is nothing to commit"', 2, 1)).toBe(2);
    expect(await commit('Update committed', 0, 1)).toBe(0);
  });

  it('has failed with whatever else Mender ends with', async () => {
    expect(await commit('level=error msg="failed to initialize DB store"', 1)).toBe(1);
    expect(await commit('Reboot to the new update failed', 4)).toBe(4);
  });
});
