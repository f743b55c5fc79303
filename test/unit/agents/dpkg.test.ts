import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { device, limits } from './device.ts';

const dpkgAgent = agentFor({ name: 'dpkg' });

const packages = ['cron', 'nano', 'tar', 'dash'].map((name) => ({
  name,
  version: '2',
  architecture: 'all',
  path: `${name}_2_all.deb`,
}));
const source = { url: 'http://10.0.2.2:1/2.0/feed', folders: ['.'], packages, older: false };

/** A device with these packages: "state name version". */
function deviceWith(...lines: string[]) {
  const { asked, ready } = device({});
  const run = async (command: string) => {
    const answer = await ready.run(command);
    return command.startsWith('dpkg-query') ? { ...answer, stdout: `${lines.join('\n')}\n` } : answer;
  };
  return { asked, ready: { run } };
}

const fetched = (asked: readonly string[]) =>
  asked.flatMap((command) => [...command.matchAll(/feed\/([a-z]+)_/g)].map(([, name]) => name));

describe('dpkg', () => {
  it('fetches and installs what is there in another version or in part, and nothing else', async () => {
    const { asked, ready } = deviceWith(
      'installed cron 1',
      'installed tar 2',
      'half-installed dash 2',
      'config-files nano 1',
    );
    await dpkgAgent.install(ready, source, limits());
    expect(fetched(asked)).toEqual(['cron', 'dash']);
    expect(asked.at(-1)).toMatch(/dpkg --force-confold --install \/run\/brownout\/packages\/\*\.deb$/);
  });

  it('does nothing where all is there', async () => {
    const { asked, ready } = deviceWith('installed cron 2');
    await dpkgAgent.install(ready, source, limits());
    expect(asked).toHaveLength(1);
  });

  it('recovers by configuring what was unpacked, then installs what is left', async () => {
    const { asked, ready } = deviceWith('unpacked cron 2');
    expect(await dpkgAgent.packages?.recover(ready, source, limits())).toBeUndefined();
    expect(asked[0]).toMatch(/dpkg --force-confold --configure -a$/);
    expect(fetched(asked)).toEqual(['cron']);
  });

  it('installs again what "dpkg --configure -a" cannot mend, and says that it ended with 1', async () => {
    const failing = deviceWith(
      'unpacked cron 2 reinstreq',
      'installed tar 2 reinstreq',
      'installed dash 2 ok',
    );
    const run = async (command: string) => ({
      ...(await failing.ready.run(command)),
      ...(command.endsWith('--configure -a')
        ? { exitCode: 1, stderr: 'Package is in a very bad state' }
        : {}),
    });
    const odd = await dpkgAgent.packages?.recover({ run }, source, limits());
    expect(odd).toBe('after a first aid that failed');
    expect(fetched(failing.asked)).toEqual(['cron', 'tar']);
    expect(failing.asked.at(-1)).toMatch(/--install/);
  });

  it('adds from the feed and removes by name', async () => {
    const { asked, ready } = deviceWith();
    await dpkgAgent.packages?.add(ready, source, ['nano'], limits());
    await dpkgAgent.packages?.remove(ready, ['nano'], limits());
    expect(fetched(asked)).toEqual(['nano']);
    expect(asked.at(-1)).toMatch(/dpkg --force-confold --remove nano$/);
  });
});
