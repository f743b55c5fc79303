import { expect, it } from 'vitest';
import { agentFor } from '../../src/agents/index.ts';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { Deadline } from '../../src/core/deadline.ts';
import { orderOf } from '../../src/device/hawkbit-order.ts';
import { serveReleases } from '../../src/device/release-server.ts';
import type { Ready } from '../../src/target/target.ts';
import { benchDevice } from './bench.ts';

const machine = 'qemuarm64';
const agent = agentFor({ name: 'fullmetalupdate' });
const limits = () => ({ deadline: Deadline.after(180_000), signal: new AbortController().signal });

/** A device that is on the factory's 1.0, with a server that orders it to install what it is told. */
async function bench(owner: CleanupStack) {
  const { manifest, ready } = await benchDevice('fullmetalupdate', machine, owner);
  const feed = await serveReleases(
    { manifest, stop: () => undefined, notice: () => undefined, signal: limits().signal },
    owner,
  );
  const install = async (device: Ready, to: string) => {
    const account = await orderOf({ agent, feed, manifest }, { from: '1.0', to });
    if (account === undefined) throw new Error('no order');
    const source = { url: feed.guestUrl(`/${to}/feed`), folders: [], packages: [], older: false, account };
    await agent.install(device, source, limits());
  };
  return { manifest, ready: () => ready([feed.port]), install };
}

/** What runs, as the applications say themselves, and the process of the one that nobody upgrades. */
const state = async (device: Ready) => {
  const asked = 'cd /run/applications && cat gateway/version monitor/version monitor/pid';
  const [gateway, monitor, process] = (await device.run(asked, limits())).stdout.trim().split('\n');
  return { gateway, monitor, process };
};

it('exchanges one application without a reboot, and takes back what never tells that it works', async () => {
  await using owner = new CleanupStack();
  const { manifest, ready, install } = await bench(owner);
  const device = await ready();
  const before = await state(device);
  expect(before).toMatchObject({ gateway: '1.0', monitor: '1.0' });
  await install(device, '1.0+gateway-1.1');
  expect(await state(device)).toEqual({ ...before, gateway: '1.1' });
  await expect(install(device, '1.0+gateway-2.1-silent')).rejects.toMatchObject({
    code: 'install-failed',
    message: expect.stringContaining('gateway failed to update') as string,
  });
  expect(await state(device)).toEqual({ ...before, gateway: '1.1' });
  const noted = await device.run('cat /var/local/fullmetalupdate/current_revs.json', limits());
  expect(JSON.parse(noted.stdout)).toEqual({
    gateway: manifest.releases['1.0+gateway-1.1']?.module?.metadata['rev'],
  });
  // What a start finds without this file it checks out anew: of the reference, which no upgrade has moved.
  await device.run('rm /apps/gateway/CheckoutDone && sync', limits());
  await device.cutPower();
  expect(await state(await ready())).toMatchObject({ gateway: '1.0', monitor: '1.0' });
});
