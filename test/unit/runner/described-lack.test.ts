import { expect, it } from 'vitest';
import type { AgentSource } from '../../../src/agents/agent.ts';
import type { DescribedOffer } from '../../../src/image/described.ts';
import { describedLack } from '../../../src/runner/described-lack.ts';

const nothing: DescribedOffer = { bundles: [], files: false, isTold: true };

function lackOf(source: AgentSource, offer: Partial<DescribedOffer>, ...absent: string[]) {
  return describedLack(
    './gateway',
    {
      machines: ['qemuarm64'],
      releasesOn: () => ['2.0'],
      startsWith: () => true,
      offerOn: (_, version) => (version === '2.0' ? { ...nothing, ...offer } : undefined),
      assertBundles: () => Promise.resolve(),
      lacks: (program) => Promise.resolve(absent.includes(program)),
    },
    { machine: 'qemuarm64', agent: { name: 'agent', source, needs: ['agent', 'helper'] }, releases: ['2.0'] },
  );
}

const branch = { kind: 'repository', branch: 'stable' } as const;
const repository = { branch: 'stable', deltas: false, ordered: false };

it.each<[string, AgentSource, Partial<DescribedOffer>, Partial<DescribedOffer>, string]>([
  [
    'a bundle',
    { kind: 'bundle', format: 'swu' },
    { bundles: ['swu'] },
    { bundles: ['verity', 'raw'] },
    'a swu bundle, and image ./gateway offers 2.0 as a bundle (verity, raw)',
  ],
  [
    'a feed',
    { kind: 'feed', format: 'deb', system: 'dpkg' },
    { feed: 'deb' },
    { feed: 'rpm' },
    'a feed of deb packages, and image ./gateway offers 2.0 as a feed of rpm packages',
  ],
  [
    'files',
    { kind: 'files' },
    { files: true },
    {},
    'several files below one address, and image ./gateway offers 2.0 as nothing that is installed',
  ],
  [
    'a branch',
    branch,
    { repository },
    { repository: { ...repository, branch: 'edge' } },
    'the branch stable of an OSTree repository, and image ./gateway offers 2.0 as the branch edge of OSTree, without',
  ],
  [
    'deltas',
    { ...branch, deltas: true },
    { repository: { ...repository, deltas: true } },
    { repository },
    'static deltas of the branch stable',
  ],
  [
    'orders',
    { kind: 'repository', by: 'hawkbit' },
    { repository: { ...repository, ordered: true } },
    { repository },
    'commits that a server orders, and image',
  ],
])(
  'an agent that takes %s lacks it where the image offers something else',
  async (_, source, good, bad, text) => {
    expect(await lackOf(source, good)).toBeUndefined();
    const lack = await lackOf(source, bad);
    expect(lack?.message).toContain(`agent takes releases from ${text}`);
    expect(lack?.code).toBe(source.kind === 'bundle' ? 'unknown-bundle' : 'unknown-feed');
  },
);

it('is told of a bundle that is called nearly so', async () => {
  const lack = await lackOf({ kind: 'bundle', format: 'verity' }, { bundles: ['raw', 'vertiy'] });
  expect(lack?.message).toMatch(/\(raw, vertiy\); is "vertiy" to be "verity"\?$/);
});

it('takes a folder of packages for a feed of any format, until it is read', async () => {
  expect(await lackOf({ kind: 'feed', format: 'ipk', system: 'opkg' }, { feed: 'unread' })).toBeUndefined();
});

it('lacks a program that devices do not have', async () => {
  expect(await lackOf({ kind: 'files' }, { files: true }, 'helper')).toEqual({
    code: 'agent-unsupported',
    message: 'agent needs helper, which devices with image ./gateway do not have',
  });
});
