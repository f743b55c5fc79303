import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChosenAgent } from '../../../src/agents/agent.ts';
import { agentFor } from '../../../src/agents/index.ts';
import { DeviceFailure } from '../../../src/core/errors.ts';
import { install as installBy } from '../../../src/device/drive-agent.ts';
import { serveFiles } from '../../../src/feed/http-server.ts';
import { DdiServer } from '../../../src/hawkbit/server.ts';
import type { FileRef, PackageContents, ReleaseSpec } from '../../../src/model/image.ts';
import { assertAllowed, assertSaid, refusalOf } from '../../../src/recording/faulty-upgrade.ts';
import { assertFaults, troubleOf } from '../../../src/recording/source-trouble.ts';
import { parseScenario } from '../../../src/scenario/load.ts';

const scenario = (faults: readonly string[], agent = 'rauc') =>
  parseScenario(
    `name: n\nmachines: [qemuarm64]\nimage: rauc-ab\nagent: ${agent}\nreleases: ["1.0", "2.0"]\nserverFaults:\n${faults.map((fault) => `  - { ${fault} }\n`).join('')}`,
    's.yaml',
  );

const release = (version: string, bytes: number): ReleaseSpec => ({
  version,
  content: { kind: 'slot', sha256: '', bytes: 0 },
  bundles: { verity: { path: '', sha256: '', bytes } },
});
const manifest = { releases: { '1.0': release('1.0', 10), '2.0': release('2.0', 1000) } };

function troubles(...faults: string[]) {
  const parsed = scenario(faults);
  const sources = { scenario: parsed, agent: agentFor(parsed.agent), manifest, contents: undefined };
  return parsed.serverFaults.map((attempt) => troubleOf(sources, attempt, { from: '1.0', to: '2.0' }));
}

/** Two releases of a feed with one package. */
const feedOf = (sizes: Record<string, number>): Record<string, FileRef> =>
  Object.fromEntries(Object.entries(sizes).map(([path, bytes]) => [path, { path, sha256: '', bytes }]));
const feeds = {
  '1.0': { ...release('1.0', 0), feed: feedOf({ 'all/Packages.gz': 90, 'all/a_1.ipk': 400 }) },
  '2.0': {
    ...release('2.0', 0),
    feed: feedOf({ 'all/Packages': 200, 'all/Packages.gz': 100, 'tune/Packages': 0, 'all/a_2.ipk': 500 }),
  },
};
const packageA: PackageContents = {
  name: 'alpha',
  version: '2',
  architecture: 'all',
  path: 'all/a_2.ipk',
  files: [],
  conffiles: [],
  paths: [],
};
const ofFeed = (...faults: string[]) => ({
  scenario: scenario(faults, 'opkg'),
  agent: agentFor({ name: 'opkg' }),
  manifest: { releases: feeds },
  contents: new Map([['2.0', [packageA]]]),
});

describe('the fault of a bundle', () => {
  it('is at a byte, at a share of the bundle, or in the middle', () => {
    expect(
      troubles(
        'name: a, fault: missing',
        'name: b, fault: truncated, at: 0',
        'name: c, fault: corrupted, at: 99.9%',
        'name: d, fault: dropped',
      ),
    ).toEqual([
      { faults: [{ kind: 'missing', file: '2.0/verity' }], text: '2.0 is missing from the server' },
      {
        faults: [{ kind: 'truncated', file: '2.0/verity', bytes: 0 }],
        text: "the server's file ends at byte 0 of 1000 of 2.0",
      },
      {
        faults: [{ kind: 'corrupted', file: '2.0/verity', at: 999 }],
        text: 'the server sends a wrong byte 999 of 1000 of 2.0',
      },
      {
        faults: [{ kind: 'dropped', file: '2.0/verity', afterBytes: 500 }],
        text: 'the server drops the connection at byte 500 of 1000 of 2.0',
      },
    ]);
  });

  it('may be that it comes slowly, or becomes the release before', () => {
    expect(
      troubles('name: a, fault: slow, at: 10', 'name: b, fault: changed, at: 25%, oneOf: [old, new]'),
    ).toEqual([
      {
        faults: [{ kind: 'slow', file: '2.0/verity', afterBytes: 10, bytesPerSecond: 100 }],
        oneOf: ['old', 'new'],
        text: 'the server sends 100 bytes a second from byte 10 of 1000 of 2.0 on',
      },
      {
        faults: [{ kind: 'changed', file: '2.0/verity', afterBytes: 250, other: '/1.0/verity' }],
        oneOf: ['old', 'new'],
        text: 'the server has 1.0 in place of 2.0 from byte 250 of 1000 of 2.0 on',
      },
    ]);
  });

  it('lies within each bundle that devices are given', () => {
    const check = (...faults: string[]) =>
      assertFaults({
        scenario: scenario(faults),
        agent: agentFor({ name: 'rauc' }),
        manifest,
        contents: undefined,
      });
    check('name: a, fault: truncated, at: 999', 'name: b, fault: missing, at: 1000');
    expect(() => check('name: cut short, fault: dropped, at: 1000')).toThrow(
      expect.objectContaining({
        kind: 'scenario',
        code: 'fault-beyond',
        message:
          's.yaml: serverFaults, cut short: there is no byte 1000 in the verity bundle of 2.0, which has 1000',
      }),
    );
  });
});

describe('the fault of a package feed', () => {
  const texts = (...faults: string[]) => {
    const sources = ofFeed(...faults);
    return sources.scenario.serverFaults.map((attempt) =>
      troubleOf(sources, attempt, { from: '1.0', to: '2.0' }),
    );
  };

  it('is of a package, of every index that has bytes, or of a release that is half there', () => {
    expect(
      texts(
        'name: a, fault: corrupted, package: alpha, at: 7',
        'name: b, fault: truncated',
        'name: c, fault: index-first',
        'name: d, fault: packages-first',
      ),
    ).toEqual([
      {
        faults: [{ kind: 'corrupted', file: '2.0/feed/all/a_2.ipk', at: 7 }],
        text: 'the server sends a wrong byte 7 of 500 of alpha 2',
      },
      {
        faults: [
          { kind: 'truncated', file: '2.0/feed/all/Packages', bytes: 100 },
          { kind: 'truncated', file: '2.0/feed/all/Packages.gz', bytes: 50 },
        ],
        text: "the server's file ends at byte 100 of 200 of the index all/Packages of 2.0, and so for 1 more",
      },
      {
        faults: [{ kind: 'half-published', release: '2.0/feed', before: '1.0/feed', still: 'packages' }],
        text: 'the server has the indexes of 2.0, but still the packages of 1.0',
      },
      {
        faults: [{ kind: 'half-published', release: '2.0/feed', before: '1.0/feed', still: 'index' }],
        text: 'the server has the packages of 2.0, but still the indexes of 1.0',
      },
    ]);
  });

  it.each([
    ['package: alhpa', 'fault-no-package', '2.0 has no package alhpa; did you mean "alpha"?'],
    ['package: alpha, at: 500', 'fault-beyond', 'there is no byte 500 in alpha 2, which has 500'],
    ['at: 150', 'fault-beyond', 'there is no byte 150 in the index all/Packages.gz of 2.0, which has 100'],
  ])('is refused where nothing has it: %s', (where, code, message) => {
    expect(() => assertFaults(ofFeed(`name: a, fault: dropped, ${where}`))).toThrow(
      expect.objectContaining({ kind: 'scenario', code, message: `s.yaml: serverFaults, a: ${message}` }),
    );
  });
});

describe('an attempt', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brownout-attempt-'));
    await writeFile(join(folder, 'bundle'), Buffer.alloc(1000));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** How an attempt ends with an agent that is given the bundle's address on this host. */
  async function attempt(fault: string, install: (url: string) => Promise<void>) {
    const [trouble] = troubles(`name: a, ${fault}`);
    await using feed = await serveFiles({
      files: new Map([['/2.0/verity', join(folder, 'bundle')]]),
      onNotice: () => undefined,
    });
    const agent: ChosenAgent = {
      ...agentFor({ name: 'script', bundle: 'verity', install: 'true' }),
      install: (_, { url }) => install(url.replace('10.0.2.2', '127.0.0.1')),
    };
    const context = {
      agent,
      feed: Object.assign(feed, { hawkbit: new DdiServer({ polling: 1, onNotice: () => undefined }) }),
      manifest,
      scenario: scenario([`name: a, ${fault}`]),
      signal: new AbortController().signal,
      contents: undefined,
    };
    const device = { run: () => Promise.reject(new Error('not asked')) };
    if (trouble === undefined) throw new Error('no fault');
    return await refusalOf(context, trouble, () => installBy(context, device, { from: '1.0', to: '2.0' }));
  }

  const answer = (url: string) =>
    new Promise<number>((done) => {
      get(url, { agent: false }, (response: IncomingMessage) => {
        response.resume().on('error', () => undefined);
        response.on('close', () => done(response.statusCode ?? 0));
      });
    });
  const refuse = async (url: string) => {
    await answer(url);
    throw new DeviceFailure('install-failed', 'install ended with 1: no');
  };

  it('is refused with what the agent said', async () => {
    for (const fault of ['missing', 'truncated', 'corrupted', 'dropped'])
      expect(await attempt(`fault: ${fault}`, refuse)).toBe('install ended with 1: no');
  });

  it('may end as if all were well', async () => {
    expect(
      await attempt('fault: missing', async (url) => {
        expect(await answer(url)).toBe(404);
      }),
    ).toBeUndefined();
  });

  it('fails where the agent hangs', async () => {
    const hang = async (url: string) => {
      await answer(url);
      throw new DeviceFailure('install-timeout', 'install did not end within 300 s');
    };
    await expect(attempt('fault: missing', hang)).rejects.toMatchObject({ code: 'install-timeout' });
  });

  it('is void where the device did not come upon the fault', async () => {
    const idle = () =>
      Promise.reject(new DeviceFailure('install-failed', 'install ended with 1: no network'));
    await expect(attempt('fault: corrupted', idle)).rejects.toMatchObject({
      kind: 'scenario',
      code: 'fault-not-met',
      message:
        's.yaml: serverFaults: the server sends a wrong byte 500 of 1000 of 2.0, but the device never asked for what is wrong; install ended with 1: no network',
    });
  });
});

describe('a device after an attempt', () => {
  const [trouble] = troubles('name: a, fault: missing');

  it('may be between two releases if its agent has said that it failed', () => {
    const between = (refusal?: string) => () => trouble && assertSaid('a 2, not 1', trouble, refusal);
    expect(between('install ended with 255')).not.toThrow();
    expect(between()).toThrow(
      expect.objectContaining({
        kind: 'device',
        code: 'silent-failure',
        message:
          'the update agent ended with success, but the device is on neither release: a 2, not 1; 2.0 is missing from the server',
      }),
    );
  });

  const after = (seen: { release: string | undefined; releaseChecked: boolean }, refusal?: string) => () =>
    trouble && assertAllowed(seen, { from: '1.0', to: '2.0' }, trouble, refusal);

  it('is on the old release, or nobody asks', () => {
    expect(after({ release: '1.0', releaseChecked: true })).not.toThrow();
    expect(after({ release: undefined, releaseChecked: false })).not.toThrow();
  });

  it('has broken its promise on any other', () => {
    expect(after({ release: '2.0', releaseChecked: true })).toThrow(
      expect.objectContaining({
        kind: 'device',
        code: 'fault-taken',
        message:
          'the upgrade to 2.0 took place although its source was faulty: 2.0 is missing from the server; the update agent ended with success',
      }),
    );
    expect(after({ release: undefined, releaseChecked: true }, 'no')).toThrow(
      'the device is no longer wholly on 1.0 after an upgrade whose source was faulty: 2.0 is missing from the server; the update agent refused (no)',
    );
  });
});
