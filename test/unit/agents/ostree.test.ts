import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { device, limits } from './device.ts';

const ostree = agentFor({ name: 'ostree' });
const source = { url: 'http://x/b', folders: [], packages: [], older: false };
const [one, other] = ['1'.repeat(64), '2'.repeat(64)];
const status = 'ostree admin status';
/** A device that lists these deployments. */
const listing = (text: string, more: Parameters<typeof device>[0] = {}) =>
  device({ [status]: { stdout: text }, ...more });
const runsTheNext = `* brownout ${one}.0\n    Version: 2.0\n  brownout ${other}.0 (rollback)\n`;
const runsTheOther = `  brownout ${one}.0 (pending)\n    Version: 2.0\n* brownout ${other}.0\n`;

describe('ostree', () => {
  it('pulls the branch from the server, and has the starts counted before the deployment comes first', async () => {
    const { ready, asked } = device({});
    await ostree.install(ready, source, limits());
    expect(asked).toEqual([
      "ostree pull --disable-static-deltas --url='http://x/b' brownout stable",
      'fw_setenv init_var && ostree admin deploy --os=brownout brownout:stable',
    ]);
    const itself = device({});
    const agent = agentFor({
      name: 'ostree',
      os: 'gateway',
      remote: 'ours',
      branch: 'a/b',
      reboots: 'itself',
    });
    await agent.install(itself.ready, source, limits());
    expect(itself.asked[1]).toBe('fw_setenv init_var && ostree admin deploy --os=gateway ours:a/b && reboot');
    expect(agent.reboots).toBe('itself');
  });

  it('pulls by static deltas alone where it is told to', async () => {
    const { ready, asked } = device({});
    const agent = agentFor({ name: 'ostree', deltas: true });
    await agent.install(ready, source, limits());
    expect(asked[0]).toBe("ostree pull --require-static-deltas --url='http://x/b' brownout stable");
    expect(agent.source).toEqual({ kind: 'repository', branch: 'stable', deltas: true });
    expect(ostree.source).toEqual({ kind: 'repository', branch: 'stable' });
  });

  it('fails an installation after which the next boot takes the deployment that runs', async () => {
    await ostree.activate(listing(runsTheOther).ready, limits());
    await expect(ostree.activate(listing(runsTheNext).ready, limits())).rejects.toMatchObject({
      code: 'activate-failed',
      message: `ostree ended with success, and the next boot takes brownout ${one}.0, which runs`,
    });
    await expect(ostree.activate(listing('No deployments.\n').ready, limits())).rejects.toMatchObject({
      code: 'status-failed',
      message: 'ostree lists no deployment: No deployments.',
    });
  });

  it('confirms the deployment that runs, and takes one away that the boot loader has given up', async () => {
    const confirmed = 'test "$(fw_printenv -n success)" = 1 || fw_setenv success 1';
    const good = listing(runsTheNext);
    await ostree.confirm(good.ready, limits());
    expect(good.asked).toEqual([status, confirmed]);
    const back = listing(runsTheOther);
    expect(await ostree.knowsFallback?.(back.ready, limits())).toBe(true);
    await ostree.confirm(back.ready, limits());
    expect(back.asked.slice(1)).toEqual([
      status,
      'ostree admin undeploy 0 && fw_setenv init_var 1',
      confirmed,
    ]);
    expect(await ostree.knowsFallback?.(good.ready, limits())).toBe(false);
  });

  it('says whether the release is in use, by the variable that the boot loader reads', async () => {
    const print = 'fw_printenv -n success';
    const said = (stdout: string) => ostree.confirmed?.(device({ [print]: { stdout } }).ready, limits());
    expect(await said('1\n')).toBeUndefined();
    expect(await said('0\n')).toBe('success is 0');
  });

  it("counts starts by GRUB's environment as greenboot does, where it is told which block that is", async () => {
    const agent = agentFor({ name: 'ostree', grubenv: '/boot/grub2/grubenv' });
    const editenv = "grub-editenv '/boot/grub2/grubenv'";
    const counted = `${editenv} set boot_counter=3 && ${editenv} set boot_success=0`;
    const inUse = `${editenv} set boot_success=1 && ${editenv} unset boot_counter`;
    const { ready, asked } = device({});
    await agent.install(ready, source, limits());
    expect(asked[1]).toBe(`${counted} && ostree admin deploy --os=brownout brownout:stable`);
    await agent.rollback?.(ready, limits());
    expect(asked[2]).toBe(`${counted} && ostree admin set-default 1`);
    const good = listing(runsTheNext);
    await agent.confirm(good.ready, limits());
    expect(good.asked).toEqual([status, inUse]);
    const back = listing(runsTheOther);
    await agent.confirm(back.ready, limits());
    expect(back.asked).toEqual([status, `ostree admin undeploy 0 && ${editenv} unset boot_counter`, inUse]);
    const said = (stdout: string) =>
      agent.confirmed?.(device({ [`${editenv} list`]: { stdout } }).ready, limits());
    expect(await said('boot_success=0\n')).toBeUndefined();
    expect(await said('boot_success=0\nboot_counter=2\n')).toBe('boot_counter=2');
  });

  it('goes back to the deployment before, whose starts are counted', async () => {
    const { ready, asked } = device({});
    await ostree.rollback?.(ready, limits());
    expect(asked).toEqual(['fw_setenv init_var && ostree admin set-default 1']);
  });
});
