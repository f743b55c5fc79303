import { expect, it } from 'vitest';
import { castOf, isApplication } from '../../../src/conform/roles.ts';
import { runConformance } from '../../../src/runner/conform.ts';
import { slotLab } from '../../support/simulated/lab.ts';
import { fails, prints } from '../../support/simulated/shell.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';

const silent = '2.1-health';

/** What a device does with an application that it should not. */
interface Fault {
  /** An exchange starts the device anew. */
  restarts?: true;
  /** An application that never tells that it works is kept. */
  keepsSilent?: true;
}

/** A device with an application beside its system, which says itself what runs. */
function withApplication({ restarts, keepsSilent }: Fault = {}): SlotTraits {
  let application = '1.0';
  let boot = 1;
  return {
    before: (command) => {
      if (command === 'cat /proc/sys/kernel/random/boot_id') return prints(`boot ${boot}\n`);
      if (command === 'gateway --version') return prints(`gateway ${application}\n`);
      const version = /^export BUNDLE_URL='.*\/([^/]+)\/verity'\nexchange$/.exec(command)?.[1];
      if (version === undefined) return undefined;
      if (restarts === true) boot += 1;
      if (version !== silent || keepsSilent === true) application = version;
      return version === silent ? fails(1, 'gateway tells nothing') : prints('');
    },
  };
}

const agent = {
  ...{ name: 'script', bundle: 'verity', install: 'exchange', abilities: ['applications'] },
  identity: {
    run: 'gateway --version',
    expect: Object.fromEntries(['1.0', '1.1', '2.0', silent].map((one) => [one, `gateway ${one}`])),
  },
};

/** The suite where the later releases are applications beside the first. */
async function suite(id: string, traits: SlotTraits, fields: Record<string, unknown>) {
  const lab = await slotLab(traits);
  const { releases } = lab.manifest;
  for (const version of ['1.1', '2.0', silent]) {
    const release = releases[version];
    if (release === undefined) throw new Error(`no ${version}`);
    release.module = { part: 'bApp', name: 'gateway', metadata: {}, path: 'commit' };
  }
  const last = releases[silent];
  if (last !== undefined) last.apart = true;
  await lab.scenario({ releases: ['1.0', '1.1', '2.0'], ...fields });
  const choice = { ids: [id], groups: [] };
  const [record] = await runConformance({ ...(await lab.options()), choice, budgetMs: 600_000, reuse: true });
  const [one] = record?.cases ?? [];
  if (one === undefined) throw new Error('no case');
  return one;
}

it.each<[string, Fault, string, string]>([
  ['is exchanged, and taken back where it tells nothing', {}, 'passed', ''],
  ['starts the device anew', { restarts: true }, 'failed', 'boot id was "boot 1", is "boot 3"'],
  ['is kept although it tells nothing', { keepsSilent: true }, 'failed', silent],
])('an application that %s: %s', async (_, fault, verdict, words) => {
  const one = await suite('D6', withApplication(fault), { agent });
  expect([one.verdict, one.reason ?? '']).toEqual([verdict, expect.stringContaining(words)]);
});

const mounts = '/dev/vda4 /data ext4 rw,noatime 0 0\n';
const swaps = { ...agent, install: 'update', confirm: 'rauc status mark-good', identity: undefined };

it.each<[string, SlotTraits, string]>([
  ['is whole at each step', {}, 'passed'],
  ['is away for a while', { activatesFirst: true }, 'failed'],
])('an application that %s', async (_, traits, verdict) => {
  const asked: string[] = [];
  const before: SlotTraits['before'] = (command) => {
    if (command.includes('remount')) asked.push(command);
    if (command === 'cat /proc/mounts') return prints(mounts);
    return command.includes('remount') || command.startsWith('rm -rf ') ? prints('') : undefined;
  };
  const one = await suite('P9', { countsUnconfirmedOnly: true, before, ...traits }, { agent: swaps });
  expect([one.verdict, one.steps[0]?.name]).toEqual([verdict, 'cut during 1.0->1.1, exchange: states']);
  expect(asked[0]).toBe("mount -o remount,rw,noatime,sync '/dev/vda4' '/data'");
});

it('is no application where the system is the release', async () => {
  expect(isApplication({ module: { part: 'os', name: 'os', metadata: {}, path: 'commit' } })).toBe(false);
  const lab = await slotLab();
  const scenario = { releases: ['1.0', '1.1'], expect: { upgrade: 'succeeds' as const } };
  expect(castOf(scenario, lab.manifest).silent).toBeUndefined();
  await lab.scenario({ agent: { ...agent, identity: undefined } });
  const choice = { ids: ['D6', 'P9'], groups: [] };
  const [record] = await runConformance({ ...(await lab.options()), choice, budgetMs: 1000, reuse: true });
  expect(record?.cases.map(({ verdict, reason }) => [verdict, reason])).toEqual([
    ['not-applicable', 'there is no application that never tells that it works'],
    ['not-applicable', 'exchange: the release to upgrade to is no application'],
  ]);
});
