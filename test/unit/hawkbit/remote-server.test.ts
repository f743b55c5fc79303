import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { RemoteServer } from '../../../src/hawkbit/remote-server.ts';
import { runConformance } from '../../../src/runner/conform.ts';
import { credentials, fakeHawkbit } from '../../support/fake-hawkbit.ts';
import { codesOf, slotLab } from '../../support/simulated/lab.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';

const agent = { name: 'rauc', bundle: 'verity', delivery: 'hawkbit' };

/** A device whose orders come from the server at an address. */
async function deviceOf(address: string, traits: SlotTraits = {}, place?: object) {
  const lab = await slotLab(traits);
  vi.stubEnv('BROWNOUT_HAWKBIT', credentials);
  await lab.scenario({
    ...{ agent, server: { hawkbit: { address, ...(place === undefined ? {} : { credentials: place }) } } },
    expect: { confirmed: 'unchecked', installs: { within: '5s' } },
  });
  return lab;
}

it('orders a device to install what is uploaded to it, and is left as it was', async () => {
  await using server = await fakeHawkbit();
  const lab = await deviceOf(server.address);
  const record = await lab.run({ powerCuts: { mode: 'none' } });
  expect(record.verdict).toBe('passed');
  expect(record.paths[0]?.steps.map(({ name }) => name)).toContain('1.0->1.1 server');
  expect(server.outcomes()).toEqual(['finished']);
  expect(server.modules).toMatchObject([
    {
      name: expect.stringMatching(/^brownout-[0-9a-f]{8}-system$/) as string,
      version: '1.1',
      file: { name: '1.1.verity' },
    },
  ]);
  const [target = ''] = server.targets.keys();
  expect(target).toMatch(/^brownout-[0-9a-f]{8}-1-1\.0-to-1\.1$/);
  expect(server.removed).toEqual([`targets/${target}`, 'distributionsets/1', 'softwaremodules/1']);
  const notices = lab.events.flatMap((event) => (event.type === 'notice' ? event.message : []));
  expect(notices).toContain(`orders are given by the hawkBit server at ${server.address}`);
  // Nothing that is kept has them.
  const password = credentials.split(':')[1] ?? '';
  const found = execFileSync('sh', ['-c', `grep -rlF '${password}' '${lab.reports}' '${lab.cache}' || true`]);
  expect(found.toString()).toBe('');
  expect(JSON.stringify(lab.events)).not.toContain(password);
});

it('is asked what it was told, and a device that lies to it has failed', async () => {
  await using server = await fakeHawkbit();
  const lab = await deviceOf(server.address, { refuses: true, client: { lies: true } });
  const record = await lab.run({ powerCuts: { mode: 'none' } });
  expect(codesOf(record)).toContain('server-misled');
  expect(server.outcomes()).toEqual(['finished']);
});

it('serves the suite, but for cases in which it would have to fail', async () => {
  await using server = await fakeHawkbit();
  const lab = await deviceOf(server.address);
  const choice = { ids: ['T1', 'T7', 'T9'], groups: [] };
  const [record] = await runConformance({ ...(await lab.options()), choice, budgetMs: 1000, reuse: true });
  expect(record?.cases.map(({ id, verdict }) => [id, verdict])).toEqual([
    ['T1', 'not-applicable'],
    ['T7', 'passed'],
    ['T9', 'not-applicable'],
  ]);
  expect(server.removed.filter((one) => one.startsWith('targets/'))).toHaveLength(server.targets.size);
});

it.each<[string, string, Record<string, unknown>, string, string]>([
  ['nobody listens', 'http://127.0.0.1:2', {}, 'hawkbit-unreachable', 'ECONNREFUSED'],
  [
    'no variable has the credentials',
    'http://127.0.0.1:2',
    { environment: 'BROWNOUT_NOBODY' },
    'hawkbit-credentials',
    'server.hawkbit.credentials: the environment variable BROWNOUT_NOBODY is not set',
  ],
  [
    'no file has them',
    'http://127.0.0.1:2',
    { file: 'none' },
    'hawkbit-credentials',
    'the file none cannot be read: no such file',
  ],
])('is an error of the scenario where %s', async (_, address, place, code, words) => {
  const lab = await deviceOf(address, {}, 'environment' in place || 'file' in place ? place : undefined);
  const { verdict, problem } = await lab.run({ powerCuts: { mode: 'none' } });
  expect([verdict, problem]).toEqual([
    'error',
    expect.objectContaining({ kind: 'scenario', code, message: expect.stringContaining(words) as string }),
  ]);
});

it('is an error of the scenario where it does not take the credentials, which are not told', async () => {
  await using server = await fakeHawkbit();
  const lab = await deviceOf(server.address, {}, { file: 'hawkbit.txt' });
  await writeFile(join(lab.folder, 'hawkbit.txt'), 'admin:wrong-pw\n');
  const { problem } = await lab.run({ powerCuts: { mode: 'none' } });
  expect(problem).toMatchObject({ kind: 'scenario', code: 'hawkbit-refused' });
  expect(problem?.message).toBe(
    `${server.address} does not take the credentials of the file hawkbit.txt (401, GET /rest/v1/targets?limit=1)`,
  );
  await writeFile(join(lab.folder, 'hawkbit.txt'), 'wrong-pw\n');
  const again = await lab.run({ powerCuts: { mode: 'none' } });
  expect(again.problem).toMatchObject({ code: 'hawkbit-credentials' });
  expect(again.problem?.message).toContain('the file hawkbit.txt is not of the form user:password');
  expect(JSON.stringify(lab.events)).not.toContain('wrong-pw');
});

it('is an error of the scenario where it does not let devices in by their tokens', async () => {
  await using server = await fakeHawkbit({ refusesTokens: true });
  const lab = await deviceOf(server.address);
  const { verdict, problem } = await lab.run({ powerCuts: { mode: 'none' } });
  expect([verdict, problem?.code]).toEqual(['error', 'hawkbit-refused']);
  expect(problem?.message).toContain('does not let a device in by the token that it was made with');
});

it('breaks the harness, not the device, where it does not do its part', async () => {
  await using server = await fakeHawkbit({ forgetsOrders: true });
  const lab = await deviceOf(server.address);
  const { verdict, problem } = await lab.run({ powerCuts: { mode: 'none' } });
  expect([verdict, problem]).toEqual([
    'error',
    expect.objectContaining({ kind: 'harness', code: 'hawkbit-failed' }),
  ]);
});

it('answers a device with 502 where it has gone, and whoever runs this is told that it is no device', async () => {
  const faults: unknown[] = [];
  const server = await fakeHawkbit();
  const remote = new RemoteServer({
    ...{ address: server.address, credentials, from: 'the test', tenant: 'DEFAULT' },
    ...{ signal: new AbortController().signal, onNotice: () => undefined },
    onFault: (error) => faults.push(error),
  });
  const { id } = await remote.order('a-to-b', { name: 'system', version: 'b' }, undefined);
  await server[Symbol.asyncDispose]();
  const http = createServer((request, response) => {
    remote.handle(request, response).then(
      (isOurs) => isOurs || response.writeHead(404).end(),
      () => response.destroy(),
    );
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const at = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const statuses = [
    await fetch(`${at}/DEFAULT/controller/v1/${id}`),
    await fetch(`${at}/rest/v1/targets`),
    await fetch(`${at}/DEFAULT/controller/v1/${id}/configData`, { method: 'PUT', body: 'x'.repeat(2 << 20) }),
  ].map(({ status }) => status);
  expect(statuses).toEqual([502, 404, 413]);
  expect(faults).toEqual([expect.objectContaining({ kind: 'harness', code: 'hawkbit-failed' })]);
  http.closeAllConnections();
  http.close();
});

it('cannot be made to misbehave, and tells what is left on it', async () => {
  const server = await fakeHawkbit();
  const notices: string[] = [];
  const remote = new RemoteServer({
    ...{ address: server.address, credentials, from: 'the test', tenant: 'DEFAULT' },
    ...{ signal: new AbortController().signal, onFault: () => undefined },
    onNotice: (notice) => notices.push(notice),
  });
  expect(() => remote.misbehave([{ on: 'poll', answer: 503 }])).toThrow(/misbehave/);
  expect(() => remote.setTerms()).toThrow(/its own terms/);
  expect(await remote.lastOrder('nobody')).toBeUndefined();
  const { id } = await remote.order('a-to-b', { name: 'system', version: 'b' }, undefined);
  expect(await remote.lastOrder(id)).toMatchObject({ state: 'running', offer: { version: 'b' } });
  await server[Symbol.asyncDispose]();
  await remote[Symbol.asyncDispose]();
  expect(notices).toEqual([
    expect.stringContaining(`hawkbit: targets/${id} is left on the server: `),
    expect.stringContaining('hawkbit: distributionsets/1 is left on the server: '),
    expect.stringContaining('hawkbit: softwaremodules/1 is left on the server: '),
  ]);
});
