import { expect, it } from 'vitest';
import { fails, prints } from '../../support/simulated/shell.ts';
import type { SlotTraits } from '../../support/simulated/slot-guest.ts';
import { claims, ordered, suite } from '../../support/simulated/suite.ts';

/** Confirms release 1.1 as long as `mayConfirm` says so, which is asked how often it was started and confirmed before. */
function confirmsWhere(mayConfirm: (starts: number, confirmed: number) => boolean): SlotTraits {
  let starts = 0;
  let confirmed = 0;
  return {
    onStart: (_, release) => {
      if (release === '1.1') starts += 1;
    },
    before: (command, _, release) => {
      if (release !== '1.1' || !command.includes('mark-good')) return undefined;
      if (!mayConfirm(starts, confirmed)) return fails(1, 'there is nothing to confirm');
      confirmed += 1;
      return undefined;
    },
  };
}

/** Takes no release any more once it has failed to install one. */
function sulks(): SlotTraits {
  let installations = 0;
  return {
    before: (command) => {
      if (!command.startsWith('rauc install')) return undefined;
      installations += 1;
      return installations > 1 ? fails(1, 'LastError: locked') : undefined;
    },
  };
}

/** Has asked for a release, and is content with whatever the server says. */
const believesAnyAnswer: SlotTraits = {
  before: async (command) => {
    const url = /^rauc install '(.+)'$/.exec(command)?.[1];
    if (url === undefined) return undefined;
    await fetch(url.replace('//10.0.2.2:', '//127.0.0.1:'));
    return prints('Installing done.');
  },
};

// Beside conform.test.ts: what no device there breaks.
it.each<[string, string, SlotTraits, string, Record<string, unknown>?]>([
  ['I2', 'installs nothing', { pretends: true }, 'expected 2.0'],
  ['I3', 'takes the other slot for a copy of its own', { patches: true }, 'expected 1.1'],
  ['I4', 'takes the other slot for a copy of its own', { patches: true }, 'expected 1.1'],
  ['I5', 'takes the other slot for a copy of its own', { patches: true }, 'expected 1.1 or 2.0'],
  ['V4', 'believes every byte', { believesEveryByte: true }, 'had to refuse'],
  ['V8', 'takes an older release', {}, 'had to refuse', claims('downgradeGuard')],
  ['B2', 'empties files at a reset', { emptiesFiles: 'at a reset' }, 'hostname'],
  ['B5', 'gives nobody a second chance', {}, 'no slot has a try left'],
  ['B10', 'never says what became of an order', { client: { keepsSilent: true } }, 'for the server', ordered],
  [
    'C1',
    'takes the second confirmation for an error',
    confirmsWhere((_, confirmed) => confirmed < 1),
    'nothing to',
  ],
  ['C3', 'tries a release for ever', { tries: 20 }, 'expected 1.0'],
  ['C6', 'confirms a release at its first start only', confirmsWhere((starts) => starts < 2), 'nothing to'],
  ['T2', 'does not get over a download that broke off', sulks(), 'locked'],
  ['T3', 'has installed what is not there', believesAnyAnswer, 'had to refuse'],
  ['T10', 'gives up where it is not admitted', { client: { givesUp: true } }, 'the server says 401', ordered],
  [
    'T11',
    'never gets over a blank line',
    { client: { hangsOnBlanks: true } },
    'did not end within',
    { ...ordered, expect: { installs: { within: '4s' } } },
  ],
])('%s fails a device that %s', async (id, _, traits, words, fields) => {
  const { record } = await suite(traits, { cases: [id], ...(fields === undefined ? {} : { fields }) });
  expect(record.cases).toMatchObject([{ id, verdict: 'failed' }]);
  expect(record.cases[0]?.reason).toContain(words);
});
