import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ServerAccount } from '../../../src/agents/agent.ts';
import { agentFor } from '../../../src/agents/index.ts';
import { CleanupStack } from '../../../src/core/cleanup.ts';
import { assertOrderFailed, assertServerKnows, orderOf } from '../../../src/device/hawkbit-order.ts';
import { serveReleases } from '../../../src/device/release-server.ts';
import { parseScenario } from '../../../src/scenario/load.ts';
import { slotLab } from '../../support/simulated/lab.ts';

const upgrade = { from: '1.0', to: '1.1' };
const scenario = parseScenario(
  'name: n\nmachines: [qemuarm64]\nimage: swupdate-ab\nagent: { name: swupdate, delivery: hawkbit }\nreleases: ["1.0", "1.1"]\n',
  's.yaml',
);

/** A server with an image's releases as .swu, and an order for one of them. */
async function ordered(stack: CleanupStack) {
  const { manifest, folder } = await slotLab();
  const path = join(folder, 'update.swu');
  await writeFile(path, 'an update');
  for (const release of Object.values(manifest.releases))
    release.bundles = { swu: { path, sha256: 'of it', bytes: 9 } };
  const { signal } = new AbortController();
  const nobody = () => undefined;
  const feed = await serveReleases({ manifest, stop: nobody, notice: nobody, signal }, stack);
  const agent = agentFor(scenario.agent);
  const context = { agent, feed, manifest, scenario, signal, contents: undefined };
  const account = await orderOf(context, upgrade);
  if (account === undefined) throw new Error('no order');
  return { context, account };
}

/** A request of the device that has this account. */
async function ask(
  feed: { hostUrl(path: string): string },
  account: ServerAccount,
  path: string,
  status?: object,
): Promise<unknown> {
  const response = await fetch(feed.hostUrl(`/${account.tenant}/controller/v1/${account.id}${path}`), {
    headers: { authorization: `TargetToken ${account.token}` },
    ...(status === undefined ? {} : { method: 'POST', body: JSON.stringify({ status }) }),
  });
  return response.headers.get('content-type')?.includes('json') === true ? await response.json() : undefined;
}

const status = (execution: string, finished: string, ...details: string[]) => ({
  execution,
  result: { finished },
  details,
});

describe('an order', () => {
  it('is what the server offers, with the hashes of the file that it gives', async () => {
    await using stack = new CleanupStack();
    const { context, account } = await ordered(stack);
    expect(account).toMatchObject({ tenant: 'DEFAULT', id: '1.0-to-1.1' });
    const deployment = (await ask(context.feed, account, '/deploymentBase/1')) as {
      deployment: { chunks: { artifacts: { hashes: object; _links: { download: { href: string } } }[] }[] };
    };
    const artifact = deployment.deployment.chunks[0]?.artifacts[0];
    const sha1 = createHash('sha1').update('an update').digest('hex');
    expect(artifact?.hashes).toMatchObject({ sha1, sha256: 'of it' });
    const href = artifact?._links.download.href ?? '';
    const authorization = `TargetToken ${account.token}`;
    expect(await (await fetch(href, { headers: { authorization } })).text()).toBe('an update');
    expect((await fetch(href)).status).toBe(401);
    expect((await orderOf(context, upgrade))?.id).toBe('1.0-to-1.1-2');
    expect(await orderOf({ ...context, agent: agentFor({ name: 'swupdate' }) }, upgrade)).toBeUndefined();
  });

  it('names the commit where releases are ordered in parts', async () => {
    await using stack = new CleanupStack();
    const { context } = await ordered(stack);
    const agent = agentFor({ name: 'fullmetalupdate' });
    await expect(orderOf({ ...context, agent }, upgrade)).rejects.toMatchObject({ code: 'image-incomplete' });
    const release = context.manifest.releases['1.1'];
    if (release === undefined) throw new Error('no 1.1');
    const metadata = { rev: 'aab', notify: '1' };
    release.module = { part: 'bApp', name: 'gateway', metadata, path: 'objects/aa/b.commit' };
    const account = await orderOf({ ...context, agent }, upgrade);
    if (account === undefined) throw new Error('no order');
    expect(account.module).toBe('gateway');
    expect(await ask(context.feed, account, '/deploymentBase/2')).toMatchObject({
      deployment: {
        chunks: [
          {
            part: 'bApp',
            name: 'gateway',
            version: '1.1',
            metadata: [
              { key: 'rev', value: 'aab' },
              { key: 'notify', value: '1' },
            ],
            artifacts: [],
          },
        ],
      },
    });
  });

  it('is done when the device says that all is installed; whatever else closes it has not done it', async () => {
    await using stack = new CleanupStack();
    const { context, account } = await ordered(stack);
    const { signal } = new AbortController();
    const first = account.installed('All Chunks Installed.', signal);
    await ask(
      context.feed,
      account,
      '/deploymentBase/1/feedback',
      status('proceeding', 'none', 'All Chunks Installed.'),
    );
    expect(await first).toBeUndefined();
    const again = await orderOf(context, upgrade);
    if (again === undefined) throw new Error('no order');
    const second = again.installed('All Chunks Installed.', signal);
    await ask(context.feed, again, '/deploymentBase/2/feedback', status('closed', 'failure', 'wrong key'));
    expect(await second).toBe('closed/failure wrong key');
    const last = await orderOf(context, upgrade);
    if (last === undefined) throw new Error('no order');
    const third = last.installed('All Chunks Installed.', signal);
    await ask(
      context.feed,
      last,
      '/deploymentBase/3/feedback',
      status('closed', 'success', 'Update Installed.'),
    );
    expect(await third).toBe('closed/success Update Installed.');
  });
});

it('a device that does not come, or says nothing, is told as such; or what it said last', async () => {
  await using stack = new CleanupStack();
  const { context, account } = await ordered(stack);
  expect(account.heard()).toBe(`the device has never come to the server as ${account.id}`);
  await ask(context.feed, { ...account, token: 'another' }, '');
  expect(account.heard()).toMatch(/has never come/);
  await ask(context.feed, account, '');
  await ask(context.feed, account, '');
  expect(account.heard()).toBe('the device has asked the server 2 times, and said nothing of the order');
  await ask(context.feed, account, '/deploymentBase/1/feedback', status('proceeding', 'none', 'Downloading'));
  expect(account.heard()).toBe('it said last to the server: proceeding/none Downloading');
});

describe('what the server was told', () => {
  const table: [string, [string, string] | undefined, string, boolean][] = [
    ['success, and the release runs', ['closed', 'success'], '1.1', true],
    ['success, and the device has fallen back', ['closed', 'success'], '1.0', false],
    ['failure, and the device has fallen back', ['closed', 'failure'], '1.0', true],
    ['failure, and the release runs', ['closed', 'failure'], '1.1', false],
    ['nothing, and the release runs', undefined, '1.1', false],
    ['nothing, and the device is what it was', undefined, '1.0', true],
  ];
  it.each(table)('%s', async (_, said, runs, holds) => {
    await using stack = new CleanupStack();
    const { context, account } = await ordered(stack);
    if (said !== undefined)
      await ask(context.feed, account, '/deploymentBase/1/feedback', status(...said, 'words'));
    const device = {
      run: () =>
        Promise.resolve({ exitCode: 0, stdout: `-i ${account.id} -k t`, stderr: '', truncated: false }),
    };
    const know = assertServerKnows(
      { ...context, agent: { ...context.agent, accountOf: () => Promise.resolve(account.id) } },
      device,
      { ordered: '1.1', runs },
    );
    if (holds) await know;
    else await expect(know).rejects.toMatchObject({ kind: 'device', code: 'server-misled' });
  });

  it.each([
    ['success', false],
    ['failure', true],
  ])('of a release that gave way is %s', async (finished, holds) => {
    await using stack = new CleanupStack();
    const { context, account } = await ordered(stack);
    const device = { run: () => Promise.reject(new Error('nobody asks')) };
    const known = { ...context, agent: { ...context.agent, accountOf: () => Promise.resolve(account.id) } };
    const open = assertOrderFailed(known, device, '1.1');
    await expect(open).rejects.toThrow('1.1 has failed, and for the server the order is running');
    await ask(context.feed, account, '/deploymentBase/1/feedback', status('closed', finished, 'words'));
    const failed = assertOrderFailed(known, device, '1.1');
    if (holds) await failed;
    else await expect(failed).rejects.toMatchObject({ kind: 'device', code: 'server-misled' });
  });
});
