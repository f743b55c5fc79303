import { expect, it } from 'vitest';
import { codesOf, slotLab } from '../../support/simulated/lab.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';

/** One upgrade of a device that asks a hawkBit server, tried with one fault of it. */
async function upgrade(traits: SlotTraits, { within = '2s', ...fault }: Record<string, unknown>) {
  const lab = await slotLab(traits);
  await lab.scenario({
    agent: { name: 'rauc', bundle: 'verity', delivery: 'hawkbit' },
    serverFaults: [{ name: 'bad', ...fault }],
    expect: { installs: { within }, confirmed: 'unchecked' },
  });
  const record = await lab.run({ powerCuts: { mode: 'none' } });
  const steps = record.paths.flatMap((path) => path.steps);
  return { record, steps: steps.map(({ name }) => name), failed: steps.filter((one) => one.problem) };
}

it.each<[string, Record<string, unknown>]>([
  ['is busy', { fault: 'http-429', on: 'feedback' }],
  ['is broken', { fault: 'http-500', on: 'deployment' }],
  ['is away', { fault: 'http-503' }],
  ['has no file for a while', { fault: 'http-503', on: 'artifact', times: 1, oneOf: ['old', 'new'] }],
  ['has ended the order', { fault: 'http-410', on: 'closing' }],
  ['hears the last word, and its answer is lost', { fault: 'lost' }],
  ['is slow', { fault: 'slow', bytesPerSecond: 1_000_000 }],
])(
  'a device has either release where its server %s, and the new one from the repaired one',
  async (_, fault) => {
    const { record, steps, failed } = await upgrade({}, fault);
    expect(failed).toEqual([]);
    expect(record.verdict).toBe('passed');
    expect(steps).toEqual(
      expect.arrayContaining([
        '1.0->1.1 bad: harmless',
        '1.0->1.1 bad: server',
        '1.0->1.1 bad: repaired: release',
        '1.0->1.1 bad: repaired: server',
      ]),
    );
  },
);

it.each<[string, Record<string, unknown>]>([
  ['names other hashes', { fault: 'wrong-hash' }],
  ['has another release from the middle on', { fault: 'changed' }],
  ['drops the connection', { fault: 'dropped' }],
])('a device keeps its release where its server %s', async (_, fault) => {
  const { record, steps } = await upgrade({}, fault);
  expect(record.verdict).toBe('passed');
  expect(steps).toEqual(expect.arrayContaining(['1.0->1.1 bad: refused', '1.0->1.1 bad: repaired: install']));
});

it.each<[string, SlotTraits, Record<string, unknown>, string, string]>([
  [
    'does not look at hashes',
    { client: { believesHashes: true } },
    { fault: 'wrong-hash' },
    'fault-taken',
    '',
  ],
  [
    'never tells what came of it',
    { client: { keepsSilent: true } },
    { fault: 'http-503' },
    'server-misled',
    'the server was told nothing final about 1.1, and the device runs 1.1',
  ],
  [
    'says that it is done',
    { client: { lies: true } },
    { fault: 'corrupted' },
    'server-misled',
    'the server was told success about 1.1, and the device runs 1.0',
  ],
  [
    'asks for the rest, and looks at no digest',
    { believesEveryByte: true, believes: { halves: true }, client: { believesHashes: true } },
    { fault: 'changed' },
    'release-mixed',
    '',
  ],
  [
    'is too slow, and waits',
    { believes: { waits: true } },
    { fault: 'slow', bytesPerSecond: 1, within: '600ms' },
    'install-timeout',
    'did not end within',
  ],
  [
    'gives up although it is to take it',
    { client: { givesUp: true } },
    { fault: 'http-503', oneOf: ['new'] },
    'fault-taken',
    '',
  ],
])('a device that %s has failed', async (_, traits, fault, code, words) => {
  const { record, failed } = await upgrade(traits, fault);
  expect(record.verdict).toBe('failed');
  expect(codesOf(record)).toContain(code);
  expect(failed[0]?.problem?.message).toContain(words);
});

it('is void where the device never asks for what is wrong', async () => {
  const { record } = await upgrade({}, { fault: 'http-500', on: 'configData' });
  expect(record.problem).toMatchObject({
    kind: 'scenario',
    code: 'fault-not-met',
    message: expect.stringContaining(
      "serverFaults: the server answers 3 of the device's words about itself with 500, but the device never asked",
    ) as string,
  });
});
