import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { device, limits } from './device.ts';

const rpmAgent = agentFor({ name: 'rpm' });

const feedPackage = (name: string, version: string, architecture = 'noarch') => ({
  name,
  version,
  architecture,
  path: `${name}-${version}.${architecture}.rpm`,
});
const source = {
  url: 'http://10.0.2.2:1/1.1/feed',
  folders: [],
  packages: [
    feedPackage('gateway', '1.1-r0'),
    feedPackage('zlib1g', '1:1.3-1', 'x86_64'),
    feedPackage('extra', '1-1'),
  ],
  older: false,
};
const query = "rpm --query --all --queryformat '%{NAME}\\t%{EVR}\\t%{ARCH}\\n'";
const run = (options: string) => `rpm ${options} /run/brownout/packages/*.rpm 2>&1`;
const listed = (gateway: string) => ({ stdout: `gateway\t${gateway}\tnoarch\nzlib1g\t1:1.3-1\tx86_64\n` });

describe('rpm', () => {
  it('fetches what is installed in another version, and hands it to rpm in one transaction', async () => {
    const { asked, ready } = device({ [query]: listed('1.0-r0') });
    await rpmAgent.install(ready, source, limits());
    expect(asked).toEqual([
      query,
      'rm -rf /run/brownout/packages; mkdir -p /run/brownout/packages\n' +
        "wget -q -O /run/brownout/packages/0.rpm 'http://10.0.2.2:1/1.1/feed/gateway-1.1-r0.noarch.rpm' || exit 1",
      run('--upgrade'),
    ]);
  });

  it('does nothing where all is there, and does not begin with a part of what it needs', async () => {
    const there = device({ [query]: listed('1.1-r0') });
    await rpmAgent.install(there.ready, source, limits());
    expect(there.asked).toEqual([query]);
    const { asked, ready } = device({ [query]: listed('1.0-r0') });
    const broken = {
      run: (command: string) =>
        ready.run(command).then((answer) => ({ ...answer, exitCode: command.includes('wget') ? 1 : 0 })),
    };
    await expect(rpmAgent.install(broken, source, limits())).rejects.toMatchObject({ code: 'update-failed' });
    expect(asked).not.toContain(run('--upgrade'));
  });

  it('goes back with --oldpackage', async () => {
    const { asked, ready } = device({ [query]: listed('1.2-r0') });
    await rpmAgent.install(ready, { ...source, older: true }, limits());
    expect(asked).toContain(run('--upgrade --oldpackage'));
  });

  // rpm 4.20.1 on a device without /home.
  it('fails where a scriptlet did: rpm says so, ends with 0, and records the new version', async () => {
    const stdout = [
      'error: failed to mount private /home: No such file or directory',
      'error: Plugin unshare: hook scriplet_fork_post failed',
      'warning: %post(gateway-1.1-r0.noarch) scriptlet failed, exit status 126',
      '',
    ].join('\n');
    const { ready } = device({ [query]: listed('1.0-r0'), [run('--upgrade')]: { stdout } });
    await expect(rpmAgent.install(ready, source, limits())).rejects.toMatchObject({
      kind: 'device',
      code: 'install-failed',
      message: expect.stringContaining('%post(gateway-1.1-r0.noarch) scriptlet failed') as string,
    });
  });

  // rpm 4.20.1: "--upgrade" alone says "package gateway-1.1-r0.noarch is already installed" and ends with 3.
  it('recovers by installing over itself what is recorded in both versions', async () => {
    const { asked, ready } = device({
      [query]: { stdout: 'gateway\t1.0-r0\tnoarch\ngateway\t1.1-r0\tnoarch\n' },
    });
    expect(await rpmAgent.packages?.recover(ready, source, limits())).toBeUndefined();
    expect(asked.at(-1)).toBe(run('--upgrade --replacepkgs'));
  });

  // rpm 4.20.1: with a page of rpmdb.sqlite overwritten it prints an error, no package, and ends with 0.
  it('takes a list without packages for a database that cannot be read, and rebuilds it', async () => {
    const answers: Parameters<typeof device>[0] = { [query]: { stdout: '' } };
    const { asked, ready } = device(answers);
    const mending = {
      run: (command: string) => {
        if (command === 'rpm --rebuilddb') answers[query] = listed('1.1-r0');
        return ready.run(command);
      },
    };
    expect(await rpmAgent.packages?.recover(mending, source, limits())).toBe('after rpm --rebuilddb');
    expect(asked).toEqual([query, 'rpm --rebuilddb', query]);
    // It may as well leave an empty database behind, with 0.
    const empty = device({ [query]: { stdout: '' } });
    await expect(rpmAgent.packages?.recover(empty.ready, source, limits())).rejects.toMatchObject({
      code: 'status-failed',
    });
    await expect(rpmAgent.install(empty.ready, source, limits())).rejects.toMatchObject({
      code: 'status-failed',
    });
  });

  it('adds what the feed has, the newest of it, and removes', async () => {
    const { asked, ready } = device({
      'rpm --erase nano': { exitCode: 1, stderr: 'error: package nano is not installed' },
    });
    const packages = [feedPackage('extra', '1-9'), feedPackage('extra', '1-10')];
    await rpmAgent.packages?.add(ready, { ...source, packages }, ['extra'], limits());
    expect(asked[0]).toContain("'http://10.0.2.2:1/1.1/feed/extra-1-10.noarch.rpm'");
    expect(asked[1]).toBe(run('--install'));
    await expect(rpmAgent.packages?.add(ready, source, ['nano'], limits())).rejects.toMatchObject({
      code: 'add-failed',
    });
    await expect(rpmAgent.packages?.remove(ready, ['nano'], limits())).rejects.toMatchObject({
      code: 'remove-failed',
    });
  });
});
