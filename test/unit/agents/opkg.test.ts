import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { device, limits } from './device.ts';

const opkgAgent = agentFor({ name: 'opkg' });

const source = {
  url: 'http://10.0.2.2:1/2.0/feed',
  folders: ['all', 'cortexa53'],
  packages: [],
  older: false,
};
const opkg = 'opkg -f /run/brownout/opkg.conf';

describe('opkg', () => {
  it("names the release's feeds beside the device's own settings, and upgrades", async () => {
    const { asked, ready } = device({});
    await opkgAgent.install(ready, source, limits());
    expect(asked[0]).toContain('src/gz brownout-all http://10.0.2.2:1/2.0/feed/all\n');
    expect(asked[0]).toContain('src/gz brownout-cortexa53 http://10.0.2.2:1/2.0/feed/cortexa53\n');
    expect(asked.slice(1)).toEqual([`${opkg} update`, `${opkg} upgrade`]);
  });

  it('does not upgrade from lists that are not whole: update ends with the number of feeds that failed', async () => {
    const { asked, ready } = device({ [`${opkg} update`]: { exitCode: 1, stderr: 'wget returned 1' } });
    await expect(opkgAgent.install(ready, source, limits())).rejects.toMatchObject({
      kind: 'device',
      code: 'update-failed',
      message: expect.stringContaining('wget returned 1') as string,
    });
    expect(asked).not.toContain(`${opkg} upgrade`);
  });

  it('recovers by configuring what was unpacked and upgrading again', async () => {
    const { asked, ready } = device({});
    expect(await opkgAgent.packages?.recover(ready, source, limits())).toBeUndefined();
    expect(asked.slice(1)).toEqual([`${opkg} configure`, `${opkg} update`, `${opkg} upgrade`]);
  });

  it('upgrades also where configuring fails: what must be installed again is what the upgrade is for', async () => {
    const { asked, ready } = device({ [`${opkg} configure`]: { exitCode: 255, stderr: 'unmet dependency' } });
    expect(await opkgAgent.packages?.recover(ready, source, limits())).toBe('after a first aid that failed');
    expect(asked.at(-1)).toBe(`${opkg} upgrade`);
  });

  it('goes back by the addresses of what is installed in another version', async () => {
    const stdout = 'curl - 8.2\nnano - 7.2\nopkg - 1\n';
    const { asked, ready } = device({ 'opkg list-installed': { stdout } });
    const packages = ['curl 8.1', 'avahi-daemon 1', 'nano 7.1', 'opkg 1'].map((text) => {
      const [name = '', version = ''] = text.split(' ');
      return { name, version, architecture: 'all', path: `all/${name}.ipk` };
    });
    await opkgAgent.install(ready, { ...source, packages, older: true }, limits());
    expect(asked.slice(2)).toEqual([
      'opkg list-installed',
      `${opkg} install --force-downgrade ${source.url}/all/curl.ipk ${source.url}/all/nano.ipk`,
    ]);
  });

  it('adds and removes packages by name', async () => {
    const { asked, ready } = device({
      'opkg remove nano': { exitCode: 255, stderr: 'No packages removed.' },
    });
    await opkgAgent.packages?.add(ready, source, ['nano', 'curl'], limits());
    expect(asked.slice(1)).toEqual([`${opkg} update`, `${opkg} install nano curl`]);
    await expect(opkgAgent.packages?.remove(ready, ['nano'], limits())).rejects.toMatchObject({
      code: 'remove-failed',
    });
  });

  it('upgrades again as long as it finds damaged packages in the cache, and says so', async () => {
    const { asked, ready } = device({});
    const stderr = 'Removing corrupt package file /var/cache/opkg/1_curl.ipk.';
    let tries = 0;
    const run = async (command: string) => {
      const answer = await ready.run(command);
      if (command !== `${opkg} upgrade`) return answer;
      tries += 1;
      return tries < 3 ? { ...answer, exitCode: 255, stderr } : answer;
    };
    const packages = ['curl', 'nano'].map((name) => ({
      name,
      version: '1',
      architecture: 'all',
      path: name,
    }));
    expect(await opkgAgent.packages?.recover({ run }, { ...source, packages }, limits())).toBe('at try 3');
    expect(asked.filter((command) => command === `${opkg} upgrade`)).toHaveLength(3);
    tries = -2;
    await expect(
      opkgAgent.packages?.recover({ run }, { ...source, packages }, limits()),
    ).rejects.toMatchObject({
      code: 'install-failed',
    });
  });

  it('does not try again what fails for another reason', async () => {
    const { asked, ready } = device({ [`${opkg} upgrade`]: { exitCode: 255, stderr: 'no space left' } });
    await expect(opkgAgent.packages?.recover(ready, source, limits())).rejects.toMatchObject({
      code: 'install-failed',
    });
    expect(asked.filter((command) => command === `${opkg} upgrade`)).toHaveLength(1);
  });
});
