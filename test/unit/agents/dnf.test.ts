import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { device, limits } from './device.ts';

const agent = agentFor({ name: 'dnf' });

const source = { url: 'http://10.0.2.2:1/1.1/feed', folders: ['.', 'noarch'], packages: [], older: false };
const query = "rpm --query --all --queryformat '%{NAME}\\t%{EVR}\\t%{ARCH}\\n'";
const dnf =
  'dnf -y --refresh --nogpgcheck --releasever=1 --setopt=install_weak_deps=False' +
  ' --setopt=reposdir=/run/brownout/repositories';
const transaction = (asked: string) =>
  [
    'mkdir -p /run/brownout/repositories',
    "cat >/run/brownout/repositories/feed.repo <<'END'",
    '[feed0]',
    'name=feed 0',
    'baseurl=http://10.0.2.2:1/1.1/feed',
    'enabled=1',
    '[feed1]',
    'name=feed 1',
    'baseurl=http://10.0.2.2:1/1.1/feed/noarch',
    'enabled=1',
    'END',
    `${dnf} ${asked} 2>&1`,
  ].join('\n');

describe('dnf', () => {
  it.each([
    ['upgrades', false, 'upgrade'],
    ['goes back with distro-sync', true, 'distro-sync'],
  ])('%s from a repository for each folder of the feed', async (_, older, asked) => {
    const { asked: commands, ready } = device({});
    await agent.install(ready, { ...source, older }, limits());
    expect(commands).toEqual([transaction(asked)]);
  });

  // rpm's own words, and dnf 4.23's.
  it.each([
    'warning: %post(gateway-1.1-r0.noarch) scriptlet failed, exit status 126',
    'Error in POSTIN scriptlet in rpm package gateway',
  ])('fails where a scriptlet did, though dnf ends with 0: %s', async (line) => {
    const { ready } = device({
      [transaction('upgrade')]: { stdout: `Running transaction\n${line}\nComplete!\n` },
    });
    await expect(agent.install(ready, source, limits())).rejects.toMatchObject({
      kind: 'device',
      code: 'install-failed',
      message: expect.stringContaining(line) as string,
    });
  });

  it('recovers by the upgrade; where a package is recorded in two versions, without the older one first', async () => {
    const once = device({ [query]: { stdout: 'gateway\t1.0-r0\tnoarch\n' } });
    expect(await agent.packages?.recover(once.ready, source, limits())).toBeUndefined();
    expect(once.asked).toEqual([query, transaction('upgrade')]);
    const twice = device({ [query]: { stdout: 'gateway\t1.0-r0\tnoarch\ngateway\t1.1-r0\tnoarch\n' } });
    await agent.packages?.recover(twice.ready, source, limits());
    expect(twice.asked).toEqual([query, transaction('remove --duplicates'), transaction('upgrade')]);
  });

  it('adds from the feed, and removes without it', async () => {
    const { asked, ready } = device({});
    await agent.packages?.add(ready, source, ['extra', 'more'], limits());
    await agent.packages?.remove(ready, ['extra'], limits());
    expect(asked).toEqual([transaction('install extra more'), `${dnf} --disablerepo='*' remove extra`]);
  });
});
