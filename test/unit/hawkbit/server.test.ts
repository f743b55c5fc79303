import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Controller } from '../../../src/hawkbit/controller.ts';
import { type Feedback, pollingTime } from '../../../src/hawkbit/messages.ts';
import { now, offer, open, token, told } from './client.ts';

const base = '/DEFAULT/controller/v1/dev1';
const folder = new URL('dialogues/', import.meta.url);

/** What a real client asked, in order; `offers` are the links of a poll's answer besides that of its attributes. */
const lineSchema = z.object({
  method: z.enum(['GET', 'HEAD', 'PUT', 'POST']),
  path: z.string(),
  body: z.record(z.string(), z.unknown()).optional(),
  offers: z.array(z.string()).optional(),
});

/** What each recorded dialogue comes to. */
const ends: Record<string, string> = {
  'rauc-hawkbit-updater-1.4-failure': 'error',
  'rauc-hawkbit-updater-1.4-install': 'finished',
  'swupdate-2024.12-install': 'running',
  'swupdate-cancel-while-downloading': 'canceled',
  'swupdate-confirm-failure': 'error',
  'swupdate-confirm-success': 'finished',
  'swupdate-restart-before-test': 'running',
};

describe('dialogues of real clients', () => {
  const names = readdirSync(folder).map((name) => name.replace('.jsonl', ''));

  it('are all there', () => {
    expect(names.toSorted()).toEqual(Object.keys(ends));
  });

  it.each(names)('%s', async (name) => {
    const lines = readFileSync(new URL(`${name}.jsonl`, folder), 'utf8')
      .trim()
      .split('\n')
      .map((line) => lineSchema.parse(JSON.parse(line)));
    await using server = await open();
    const controller = server.ddi.register('dev1', token, new Controller(7));
    const action = controller.assign(offer, now);
    for (const { method, path, body, offers } of lines) {
      if (offers?.includes('cancelAction') && action.state === 'running') controller.cancel();
      const asked = path.startsWith('/dl/') ? `${base}/softwaremodules/1/artifacts/up.swu` : path;
      const { status, json } = await server.ask(method, asked, body === undefined ? {} : { body });
      expect(status, `${method} ${path}`).toBe(200);
      if (offers !== undefined) {
        const { _links } = json as { _links: Record<string, unknown> };
        expect(Object.keys(_links).filter((link) => link !== 'configData')).toEqual(offers);
      }
    }
    expect(action.state).toBe(ends[name]);
    expect(action.history.length).toBe(lines.filter(({ method }) => method === 'POST').length);
    if (lines.some(({ method }) => method === 'PUT'))
      expect([...controller.attributes]).toEqual([['serial', '42']]);
    expect(server.notices).toEqual([]);
  });
});

describe('a device that is asked to', () => {
  it('install is given one file with three hashes, and the address that clients look for', async () => {
    await using server = await open();
    const controller = server.ddi.register('dev1', token);
    expect(Object.keys(await server.links())).toEqual(['configData']);
    controller.assign(offer, { ...now, maintenanceWindow: 'unavailable' });
    const { deploymentBase = '' } = await server.links();
    expect(deploymentBase).toMatch(/\/deploymentBase\/1\?c=-?\d+$/);
    const { json } = await server.ask('GET', deploymentBase);
    expect(json).toMatchObject({
      id: '1',
      deployment: {
        ...now,
        maintenanceWindow: 'unavailable',
        chunks: [
          {
            name: 'fw',
            version: '2.0',
            artifacts: [{ filename: 'up.swu', size: 7, hashes: { sha1: 'a', md5: 'b', sha256: 'c' } }],
          },
        ],
      },
    });
    const [, href = ''] = /"href":"http:..[^/]*([^"]*)"/.exec(JSON.stringify(json)) ?? [];
    expect(href).toBe(`${base}/softwaremodules/1/artifacts/up.swu`);
    expect(await server.ask('GET', href)).toMatchObject({ status: 200, text: 'the file /2.0/swu' });
  });

  it('install gives its file to that device only, and while it is to install it', async () => {
    await using server = await open();
    const href = `${base}/softwaremodules/1/artifacts/up.swu`;
    const controller = server.ddi.register('dev1', token);
    server.ddi.register('dev2', 'other');
    expect((await server.ask('GET', href)).status).toBe(404);
    controller.assign(offer, now);
    expect((await server.ask('HEAD', href)).status).toBe(200);
    expect((await server.ask('GET', href, { as: 'TargetToken other' })).status).toBe(401);
    expect((await server.ask('GET', href.replace('dev1', 'dev2'), { as: 'TargetToken other' })).status).toBe(
      404,
    );
    expect((await server.ask('GET', href.replace('up.swu', 'down.swu'))).status).toBe(404);
    expect((await server.ask('GET', href.replace('/1/', '/2/'))).status).toBe(404);
    expect((await server.ask('PUT', href)).status).toBe(405);
    await server.ask('POST', `${base}/deploymentBase/1/feedback`, { body: told('closed', 'success') });
    expect((await server.ask('GET', href)).status).toBe(404);
  });

  it('give an action up may refuse', async () => {
    await using server = await open();
    const controller = server.ddi.register('dev1', token);
    const action = controller.assign(offer, now);
    expect(controller.cancel()).toBe(true);
    expect(controller.cancel()).toBe(false);
    const links = await server.links();
    expect(Object.keys(links)).toEqual(['cancelAction', 'configData']);
    expect((await server.ask('GET', `${base}/deploymentBase/1`)).status).toBe(404);
    expect((await server.ask('GET', links['cancelAction'] ?? '')).json).toEqual({
      id: '1',
      cancelAction: { stopId: '1' },
    });
    await server.ask('POST', `${base}/cancelAction/1/feedback`, { body: told('rejected', 'none') });
    expect(action.state).toBe('running');
    expect(action.history).toMatchObject([{ about: 'cancellation', execution: 'rejected' }]);
  });
});

describe('an action', () => {
  it.each([
    ['closed', 'success', 'finished'],
    ['closed', 'none', 'finished'],
    ['closed', 'failure', 'error'],
    ['canceled', 'none', 'canceled'],
    ['rejected', 'none', 'running'],
    ['downloaded', 'none', 'running'],
    ['proceeding', 'success', 'running'],
  ])('that is %s with %s is %s', async (execution, finished, state) => {
    await using server = await open();
    const controller = server.ddi.register('dev1', token);
    const action = controller.assign(offer, now);
    const path = `${base}/deploymentBase/1/feedback`;
    expect((await server.ask('POST', path, { body: told(execution, finished, 'words') })).status).toBe(200);
    expect(action.state).toBe(state);
    const again = await server.ask('POST', path, { body: told('closed', 'success') });
    expect(again.status).toBe(state === 'running' ? 200 : 410);
  });

  it('that does not exist is not found, and one at a time is enough', async () => {
    await using server = await open();
    const controller = server.ddi.register('dev1', token);
    for (const path of [
      'deploymentBase/1',
      'cancelAction/1',
      'deploymentBase/x',
      'other',
      'deploymentBase/1/feedback/x',
    ])
      expect((await server.ask('GET', `${base}/${path}`)).status, path).toBe(404);
    for (const path of ['deploymentBase/1/feedback', 'cancelAction/1/feedback'])
      expect((await server.ask('POST', `${base}/${path}`, { body: told('closed', 'success') })).status).toBe(
        404,
      );
    controller.assign(offer, now);
    expect(() => controller.assign(offer, now)).toThrow('action 1 is still active');
    expect(() => server.ddi.register('dev1', token)).toThrow('already there');
  });

  it('is waited for until the device has spoken', async () => {
    await using server = await open();
    const controller = server.ddi.register('dev1', token);
    const action = controller.assign(offer, now);
    const closed = controller.until(() => action.state === 'finished', AbortSignal.timeout(10_000));
    await server.ask('POST', `${base}/deploymentBase/1/feedback`, { body: told('closed', 'success') });
    await closed;
    const stop = new AbortController();
    const never = controller.until(() => false, stop.signal);
    stop.abort(new Error('enough'));
    await expect(never).rejects.toThrow('enough');
    await expect(controller.until(() => true, stop.signal)).rejects.toThrow('enough');
  });
});

it('gives names that nobody has', async () => {
  await using server = await open();
  expect(server.ddi.freeName('dev1')).toBe('dev1');
  const controller = server.ddi.register('dev1', token);
  expect(server.ddi.freeName('dev1')).toBe('dev1-2');
  expect(server.ddi.device('dev1')).toBe(controller);
  expect(server.ddi.device('dev2')).toBeUndefined();
});

describe('attributes of a device', () => {
  it('are merged, replaced and removed, and asked for again after a success', async () => {
    await using server = await open();
    const controller = server.ddi.register('dev1', token);
    const put = (mode: string | undefined, data: object) =>
      server.ask('PUT', `${base}/configData`, { body: { ...(mode === undefined ? {} : { mode }), data } });
    await put(undefined, { serial: '42', colour: 'red' });
    await put('merge', { colour: 'blue' });
    expect(Object.fromEntries(controller.attributes)).toEqual({ serial: '42', colour: 'blue' });
    await put('remove', { colour: '' });
    expect(Object.fromEntries(controller.attributes)).toEqual({ serial: '42' });
    await put('replace', { model: 'x' });
    expect(Object.fromEntries(controller.attributes)).toEqual({ model: 'x' });
    expect(await server.links()).toEqual({});
    controller.assign(offer, now);
    await server.ask('POST', `${base}/deploymentBase/1/feedback`, { body: told('closed', 'success') });
    expect(Object.keys(await server.links())).toEqual(['configData']);
  });
});

describe('who may talk', () => {
  it.each([
    ['no token', '', 401],
    ['a wrong one', 'TargetToken other', 401],
    ["the gateway's", 'GatewayToken gate', 200],
    ["its own as the gateway's", `GatewayToken ${token}`, 401],
    ['its own', `TargetToken ${token}`, 200],
  ])('%s', async (_, as, status) => {
    await using server = await open({ gatewayToken: 'gate' });
    server.ddi.register('dev1', token);
    expect((await server.ask('GET', base, { as })).status).toBe(status);
    expect(server.notices).toEqual(status === 200 ? [] : ['hawkbit: "dev1" is not admitted']);
  });

  it('is no device that nobody knows, in no other tenant', async () => {
    await using server = await open({ tenant: 'ACME', gatewayToken: 'gate' });
    server.ddi.register('dev1', token);
    expect((await server.ask('GET', '/ACME/controller/v1/%ff')).status).toBe(401);
    expect((await server.ask('GET', '/ACME/controller/v1/dev1')).status).toBe(200);
    expect((await server.ask('GET', base)).text).toBe(`the file ${base}`);
  });
});

describe('a device that sends nonsense', () => {
  it.each([
    ['no JSON', 'nonsense', 400],
    ['another form', { status: { execution: 'done' } }, 400],
    ['too much', 'x'.repeat(1024 * 1024 + 1), 413],
  ])('%s is told so, and nothing is taken', async (_, body, status) => {
    await using server = await open();
    const controller = server.ddi.register('dev1', token);
    const action = controller.assign(offer, now);
    expect([status, 0]).toContain(
      (await server.ask('POST', `${base}/deploymentBase/1/feedback`, { body })).status,
    );
    expect(server.notices).toHaveLength(1);
    expect(action.history).toEqual([]);
    expect((await server.ask('PUT', base)).status).toBe(405);
  });

  it('keeps no more of its words than is good', async () => {
    await using server = await open();
    const controller = server.ddi.register('dev1', token);
    const action = controller.assign(offer, now);
    const words = Array.from({ length: 200 }, () => 'w'.repeat(2000));
    await server.ask('POST', `${base}/deploymentBase/1/feedback`, {
      body: told('proceeding', 'none', ...words),
    });
    expect(action.history[0]?.details.map((text) => text.length)).toEqual(
      Array.from({ length: 100 }, () => 1000),
    );
    const one = { execution: 'proceeding', result: { finished: 'none' }, details: [] } satisfies Feedback;
    for (let i = 0; i < 1200; i += 1) controller.feedback(1, one);
    expect(action.history).toHaveLength(1000);
  });
});

describe('a server with faults', () => {
  it('answers otherwise, as often as it is told, and has not heard what was said', async () => {
    await using server = await open();
    const controller = server.ddi.register('dev1', token);
    const action = controller.assign(offer, now);
    const plan = server.ddi.misbehave([
      { on: 'poll', answer: 503, times: 2 },
      { on: 'closing', answer: 429, times: 1 },
    ]);
    const polls = [];
    for (let i = 0; i < 3; i += 1) polls.push((await server.ask('GET', base)).status);
    expect(polls).toEqual([503, 503, 200]);
    const path = `${base}/deploymentBase/1/feedback`;
    expect((await server.ask('POST', path, { body: told('proceeding', 'none') })).status).toBe(200);
    expect((await server.ask('POST', path, { body: told('closed', 'success') })).status).toBe(429);
    expect([action.state, plan.met]).toEqual(['running', 3]);
    expect((await server.ask('POST', path, { body: told('closed', 'success') })).status).toBe(200);
    expect(action.state).toBe('finished');
  });

  it('answers as no hawkBit would, and then as ever', async () => {
    await using server = await open();
    server.ddi.register('dev1', token).assign(offer, now);
    server.ddi.misbehave([
      { on: 'poll', answer: 401, times: 1 },
      { on: 'poll', answer: 'html', times: 1 },
      { on: 'poll', answer: 'redirect', times: 1 },
      { on: 'feedback', answer: 'html', times: 1 },
    ]);
    const answers = [];
    for (let i = 0; i < 4; i += 1) answers.push(await server.ask('GET', base));
    expect(answers.map(({ status }) => status)).toEqual([401, 200, 302, 200]);
    expect(answers[1]?.text).toMatch(/^<html>/);
    const told2 = await server.ask('POST', `${base}/deploymentBase/1/feedback`, {
      body: told('closed', 'success'),
    });
    expect(told2.text).toMatch(/^<html>/);
    expect((await server.links())['deploymentBase']).toContain('/deploymentBase/1');
  });

  it('answers with JSON too deep, and without an end as long as somebody listens', async () => {
    await using server = await open();
    server.ddi.register('dev1', token);
    server.ddi.misbehave([
      { on: 'poll', answer: 'deep', times: 1 },
      { on: 'poll', answer: 'endless', times: 1 },
    ]);
    const get = async (most: number) => {
      const response = await fetch(server.url(base), { headers: { authorization: `TargetToken ${token}` } });
      let bytes = 0;
      for await (const chunk of response.body ?? []) {
        bytes += (chunk as Uint8Array).length;
        if (bytes > most) break;
      }
      return bytes;
    };
    expect(await get(Number.POSITIVE_INFINITY)).toBe(200_000 * '{"_links":}'.length + 2);
    expect(await get(4 << 20)).toBeGreaterThan(4 << 20);
    expect((await server.ask('GET', base)).status).toBe(200);
  });

  it('cancels an order when it is told of it', async () => {
    await using server = await open();
    const controller = server.ddi.register('dev1', token);
    const action = controller.assign(offer, now);
    server.ddi.misbehave([{ on: 'feedback', answer: 'cancel', times: 1 }]);
    const path = `${base}/deploymentBase/1/feedback`;
    expect((await server.ask('POST', path, { body: told('proceeding', 'none') })).status).toBe(200);
    expect(action.state).toBe('canceling');
    const other = server.ddi.register('dev2', token);
    other.assign(offer, now);
    server.ddi.misbehave([{ on: 'poll', answer: 'cancel' }]);
    expect((await server.ask('GET', '/DEFAULT/controller/v1/dev2')).text).toContain('cancelAction');
  });

  it('names other hashes than its file has, and refuses the file', async () => {
    await using server = await open();
    server.ddi.register('dev1', token).assign(offer, now);
    const hashes = async () => {
      const { json } = await server.ask('GET', `${base}/deploymentBase/1`);
      return (json as { deployment: { chunks: { artifacts: { hashes: object }[] }[] } }).deployment.chunks[0]
        ?.artifacts[0]?.hashes;
    };
    const plan = server.ddi.misbehave([
      { on: 'deployment', answer: 'wrong hash', times: 1 },
      { on: 'artifact', answer: 503, times: 1 },
    ]);
    expect(await hashes()).toEqual({ sha1: '0', md5: '0', sha256: '0' });
    expect(await hashes()).toEqual({ sha1: 'a', md5: 'b', sha256: 'c' });
    const file = `${base}/softwaremodules/1/artifacts/up.swu`;
    expect((await server.ask('GET', file)).status).toBe(503);
    expect((await server.ask('GET', file)).text).toBe('the file /2.0/swu');
    expect(plan.met).toBe(2);
  });

  it('answers with a line without anything on it', async () => {
    await using server = await open();
    server.ddi.register('dev1', token);
    server.ddi.misbehave([{ on: 'poll', answer: 'blank', times: 1 }]);
    expect(await server.ask('GET', base)).toMatchObject({ status: 200, text: '\n' });
    expect((await server.ask('GET', base)).json).toBeDefined();
  });

  it('names a size that no device has room for', async () => {
    await using server = await open();
    server.ddi.register('dev1', token).assign(offer, now);
    server.ddi.misbehave([{ on: 'deployment', answer: 'absurd size', times: 1 }]);
    const { text } = await server.ask('GET', `${base}/deploymentBase/1`);
    expect(text).toContain('"size":4611686018427388000');
    expect(text).toContain('"sha1":"a"');
    expect((await server.ask('GET', `${base}/deploymentBase/1`)).text).not.toContain('46116860184');
  });

  it('hears what is said, and its answer is lost', async () => {
    await using server = await open();
    const controller = server.ddi.register('dev1', token);
    const action = controller.assign(offer, now);
    server.ddi.misbehave([
      { on: 'feedback', answer: 'lost' },
      { on: 'deployment', answer: 'lost', times: 1 },
    ]);
    expect((await server.ask('GET', `${base}/deploymentBase/1`)).status).toBe(0);
    expect((await server.ask('GET', `${base}/deploymentBase/1`)).status).toBe(200);
    expect(
      (await server.ask('POST', `${base}/deploymentBase/1/feedback`, { body: told('closed', 'failure') }))
        .status,
    ).toBe(0);
    expect(action.state).toBe('error');
  });
});

it.each([
  [5, '00:00:05'],
  [300, '00:05:00'],
  [86_399.9, '23:59:59'],
])('a polling time of %d seconds is %s', (seconds, text) => {
  expect(pollingTime(seconds)).toBe(text);
});
