import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { agentCommand } from '../../../src/agents/command.ts';
import { defineAgent } from '../../../src/agents/define-agent.ts';
import { type AgentList, agentFor, agents } from '../../../src/agents/index.ts';
import { sha256 } from '../../../src/core/digest.ts';
import { install } from '../../../src/device/drive-agent.ts';
import { releaseSource } from '../../../src/device/run-context.ts';
import { serveFiles } from '../../../src/feed/http-server.ts';
import { DdiServer } from '../../../src/hawkbit/server.ts';
import { BuildCache } from '../../../src/image/build-cache.ts';
import type { BundleFormat } from '../../../src/image/bundles/bundle-format.ts';
import { bundleFormats } from '../../../src/image/bundles/index.ts';
import { makeBundles } from '../../../src/image/make-bundles.ts';
import type { ReleaseSpec } from '../../../src/model/image.ts';
import { machineNames } from '../../../src/model/machine.ts';
import { parseScenario } from '../../../src/scenario/load.ts';
import { scenarioJsonSchema } from '../../../src/scenario/schema.ts';
import { device, limits } from './device.ts';

/** An agent that this program does not know: all that it takes is this and a place in a list. */
const toy = defineAgent({
  name: 'toy',
  settings: z.strictObject({
    level: z.int().min(1).max(9).default(6),
    mode: z.enum(['stream', 'download']).default('stream'),
    undo: z.boolean().default(false),
  }),
  source: () => ({ kind: 'bundle', format: 'toy' }),
  create: ({ mode, undo }) => ({
    async install(shell, { url }, bounds) {
      await agentCommand(shell, 'install', `toy ${mode} ${url}`, bounds);
    },
    activate: () => Promise.resolve(),
    async confirm(shell, bounds) {
      await agentCommand(shell, 'confirm', 'toy good', bounds);
    },
    status: () => Promise.resolve({ booted: undefined, primary: undefined }),
    ...(undo ? { rollback: () => Promise.resolve() } : {}),
  }),
});
const list: AgentList = [...agents, toy];

/** And a bundle format: the slot, compressed. */
const toyBundle: BundleFormat = {
  extension: 'toy',
  async make({ build, image, imageSha256, compatible }) {
    const folder = await build.run('toy bundle', { version: 1, imageSha256, compatible }, async (out) =>
      writeFile(join(out, 'bundle.toy'), gzipSync(await readFile(image))),
    );
    return join(folder, 'bundle.toy');
  },
};

const text = (agent: string, more = '') =>
  `name: n\nmachines: [qemuarm64]\nimage: i\nagent: ${agent}\nreleases: ["1.0", "2.0"]\n${more}`;

describe('a scenario with an agent of its own', () => {
  it('names it alone, or with its settings, which come in their own order', () => {
    const spec = (agent: string) => JSON.stringify(parseScenario(text(agent), 's.yaml', list).agent);
    expect(spec('toy')).toBe('{"name":"toy","level":6,"mode":"stream","undo":false}');
    expect(spec('{ mode: download, name: toy }')).toBe(
      '{"name":"toy","level":6,"mode":"download","undo":false}',
    );
  });

  it.each([
    ['{ name: toy, level: 10 }', '4:28: agent.level: expected at most 9, found the number 10'],
    [
      '{ name: toy, mode: steam }',
      '4:27: agent.mode: expected one of stream, download, found "steam"; did you mean "stream"?',
    ],
    ['{ name: toy, lvl: 1 }', '4:21: agent: unknown key "lvl"; did you mean "level"?'],
    [
      '{ name: tyo }',
      '4:16: agent.name: expected one of rauc, swupdate, mender, ostree, systemota, fullmetalupdate, opkg, apt, dpkg, rpm, dnf, script, toy, found "tyo"; did you mean "toy"?',
    ],
    [
      'tyo',
      '4:8: agent: expected one of rauc, swupdate, mender, ostree, systemota, fullmetalupdate, opkg, apt, dpkg, rpm, dnf, toy or a mapping, found "tyo"; did you mean "toy"?',
    ],
  ])('is told what is wrong, and where: %s', (agent, problem) => {
    expect(() => parseScenario(text(agent), 's.yaml', list)).toThrow(
      expect.objectContaining({ kind: 'scenario', message: `s.yaml:${problem}` }),
    );
  });

  it('is refused what that agent cannot do', () => {
    const asked = 'expect: { rollback: succeeds }\n';
    expect(() => parseScenario(text('toy', asked), 's.yaml', list)).toThrow(
      's.yaml:6:21: expect.rollback: toy has no way back to the release before',
    );
    expect(parseScenario(text('{ name: toy, undo: true }', asked), 's.yaml', list).expect.rollback).toBe(
      'succeeds',
    );
    expect(() => parseScenario(text('toy', 'reinstall: [nano]\n'), 's.yaml', list)).toThrow(
      's.yaml:6:12: reinstall: this agent takes bundles, and has no packages to remove',
    );
  });

  it('has a JSON Schema for editors', () => {
    const { properties } = z
      .object({ properties: z.object({ agent: z.unknown() }) })
      .parse(scenarioJsonSchema(list, machineNames));
    expect(JSON.stringify(properties.agent)).toContain('"mode":{"default":"stream"');
    expect(JSON.stringify(properties.agent)).toContain('"const":"toy"');
  });
});

describe('an image with a bundle format of its own, and the agent that takes it', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brownout-toy-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('makes the bundle, and the device is given it', async () => {
    const slot = Buffer.alloc(8192, 'release 2.0 ');
    const image = join(folder, 'slot.ext4');
    await writeFile(image, slot);
    const out = join(folder, 'image');
    await mkdir(join(out, 'bundles'), { recursive: true });
    const build = new BuildCache(folder);
    const formats = { ...bundleFormats, toy: toyBundle };
    const bundles = await makeBundles({ out, build }, ['raw', 'toy'], formats, {
      tools: { key: [], run: () => Promise.reject(new Error('no tools')) },
      build,
      compatible: 'toy-qemuarm64',
      version: '2.0',
      slots: [],
      image,
      imageSha256: sha256(slot),
      certificate: '',
      key: '',
      epoch: 1_767_225_600,
    });
    expect(Object.values(bundles).map(({ path }) => path)).toEqual([
      'bundles/2.0-raw.ext4',
      'bundles/2.0-toy.toy',
    ]);
    const made = await readFile(join(out, bundles['toy']?.path ?? ''));
    expect(gunzipSync(made)).toEqual(slot);
    expect(bundles['toy']).toMatchObject({ sha256: sha256(made), bytes: made.length });

    const scenario = parseScenario(text('{ name: toy, mode: download }'), 's.yaml', list);
    const agent = agentFor(scenario.agent, list);
    const release: ReleaseSpec = { version: '2.0', content: { kind: 'unknown' }, bundles };
    await using feed = await serveFiles({ files: new Map(), onNotice: () => undefined });
    const url = feed.guestUrl('/2.0/toy');
    const { signal } = new AbortController();
    const context = {
      agent,
      scenario,
      feed: Object.assign(feed, { hawkbit: new DdiServer({ polling: 1, onNotice: () => undefined }) }),
      contents: undefined,
      manifest: { releases: { '2.0': release } },
      signal,
    };
    expect(releaseSource(context, { from: '1.0', to: '2.0' })).toEqual({
      url,
      folders: [],
      packages: [],
      older: false,
    });
    const { asked, ready } = device({});
    await install(context, ready, { from: '1.0', to: '2.0' });
    await agent.confirm(ready, limits());
    expect(asked).toEqual([`toy download ${url}`, 'toy good']);
  });
});
