import { describe, expect, it } from 'vitest';
import { opkgAgent } from '../../../src/agents/opkg.ts';
import { device, limits } from './device.ts';

const source = { url: 'http://10.0.2.2:1/2.0/feed', folders: ['all', 'cortexa53'] };
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

  it('upgrades once more where the first try found a damaged package in the cache, and says so', async () => {
    const answers = { [`${opkg} upgrade`]: { exitCode: 255 } };
    const { asked, ready } = device(answers);
    const run = (command: string) => {
      const answer = ready.run(command);
      if (command === `${opkg} upgrade`) answers[command] = { exitCode: 0 };
      return answer;
    };
    expect(await opkgAgent.packages?.recover({ run }, source, limits())).toBe('at the second try');
    expect(asked.slice(-2)).toEqual([`${opkg} upgrade`, `${opkg} upgrade`]);
  });
});
