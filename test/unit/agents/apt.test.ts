import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import type { DeviceFailure } from '../../../src/core/errors.ts';
import { device, limits } from './device.ts';

const aptAgent = agentFor({ name: 'apt' });

const source = { url: 'http://10.0.2.2:1/2.0/feed', folders: ['.'], packages: [], older: false };
/** What was asked, without the settings. */
const short = (asked: readonly string[]) =>
  asked.map((command) =>
    command
      .split('\n')
      .at(-1)
      ?.replaceAll(/ -o \S+|[A-Z_]+=\S+ /g, ''),
  );

describe('apt', () => {
  it("names the release's feeds as flat repositories, for the device's own keys to vouch for", async () => {
    const { asked, ready } = device({});
    await aptAgent.install(ready, { ...source, folders: ['all', 'amd64'] }, limits());
    expect(asked[0]).toContain(
      'deb http://10.0.2.2:1/2.0/feed/all ./\ndeb http://10.0.2.2:1/2.0/feed/amd64 ./\n',
    );
    expect(asked[0]).not.toContain('trusted');
    expect(short(asked)).toEqual(['apt-get -q -y update', 'apt-get -q -y dist-upgrade']);
    expect(asked[1]).toContain('Dpkg::Options::=--force-confold');
    expect(asked[1]).toContain('DEBIAN_FRONTEND=noninteractive');
  });

  it('trusts a feed that nobody has signed where it is told to, also when it recovers', async () => {
    const { asked, ready } = device({});
    const trusting = agentFor({ name: 'apt', trusted: true });
    await trusting.install(ready, source, limits());
    await trusting.packages?.recover(ready, source, limits());
    const updates = asked.filter((command) => command.endsWith(' update'));
    expect(updates).toHaveLength(2);
    for (const update of updates)
      expect(update).toContain('\ndeb [trusted=yes] http://10.0.2.2:1/2.0/feed ./\n');
  });

  it('does not upgrade from an index that it could not get', async () => {
    const { asked, ready } = device({});
    const run = async (command: string) => {
      const answer = await ready.run(command);
      return command.endsWith('update') ? { ...answer, exitCode: 100, stderr: 'E: 404' } : answer;
    };
    await expect(aptAgent.install({ run }, source, limits())).rejects.toMatchObject({
      code: 'update-failed',
    });
    expect(asked).toHaveLength(1);
  });

  it.each([
    ["E: The repository 'http://10.0.2.2:1/2.0/feed ./ Release' is not signed.", /trusted: true/],
    [
      'E: Release file for http://10.0.2.2:1/2.0/feed/./Release is not valid yet (invalid for another 9d)',
      /clock\.start/,
    ],
    ['E: 404', undefined],
  ])('says what to do about a feed that it does not take: %s', async (stderr, hint) => {
    const { ready } = device({});
    const run = async (command: string) => ({ ...(await ready.run(command)), exitCode: 100, stderr });
    const refused: unknown = await aptAgent
      .install({ run }, source, limits())
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: 'device', code: 'update-failed' });
    const told = (refused as DeviceFailure).hint;
    if (hint === undefined) expect(told).toBeUndefined();
    else expect(told).toMatch(hint);
  });

  it('goes back to an older release by pinning all of it', async () => {
    const { asked, ready } = device({});
    await aptAgent.install(ready, { ...source, older: true }, limits());
    expect(asked[0]).toContain('Package: *\nPin: origin "10.0.2.2"\nPin-Priority: 1001\n');
    expect(short(asked)[1]).toBe('apt-get -q -y --allow-downgrades dist-upgrade');
  });

  it('recovers as dpkg and apt say: configure, repair what is half installed, then upgrade', async () => {
    const { asked, ready } = device({});
    expect(await aptAgent.packages?.recover(ready, source, limits())).toBeUndefined();
    expect(short(asked)).toEqual([
      'dpkg --force-confold --configure -a',
      'apt-get -q -y update',
      'apt-get -q -y -f install',
      'apt-get -q -y dist-upgrade',
    ]);
  });

  it('goes on to the upgrade where "dpkg --configure -a" ends with 1, and says so', async () => {
    const { asked, ready } = device({});
    const run = async (command: string) => ({
      ...(await ready.run(command)),
      ...(command.endsWith('--configure -a')
        ? { exitCode: 1, stderr: 'Package is in a very bad state' }
        : {}),
    });
    const odd = await aptAgent.packages?.recover({ run }, source, limits());
    expect(odd).toBe('after a first aid that failed');
    expect(short(asked).slice(1)).toEqual([
      'apt-get -q -y update',
      'apt-get -q -y -f install',
      'apt-get -q -y dist-upgrade',
    ]);
  });

  it('adds and removes packages by name', async () => {
    const { asked, ready } = device({});
    await aptAgent.packages?.add(ready, source, ['nano', 'less'], limits());
    await aptAgent.packages?.remove(ready, ['nano'], limits());
    expect(short(asked)).toEqual([
      'apt-get -q -y update',
      'apt-get -q -y install nano less',
      'apt-get -q -y remove nano',
    ]);
  });
});
