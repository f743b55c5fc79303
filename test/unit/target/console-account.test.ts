import { expect, it } from 'vitest';
import { ConsoleAccount } from '../../../src/target/console-account.ts';

const oops = { severity: 'fatal', sign: 'oops', line: 'BUG: unable to handle page fault' } as const;
const damaged = { severity: 'file-system', sign: undefined, line: 'EXT4-fs error (device vda4): x' } as const;

it('tells each finding once, through reboots', () => {
  const account = new ConsoleAccount();
  account.boots('somebody');
  account.find(oops);
  account.boots('somebody');
  account.find(damaged);
  expect(account.tell().findings.map(({ line, gaveUp }) => [line, gaveUp])).toEqual([
    [oops.line, false],
    [damaged.line, false],
  ]);
  expect(account.tell().findings).toEqual([]);
});

it('knows the boots that the device gave up', () => {
  const account = new ConsoleAccount();
  account.boots('somebody');
  account.find(oops);
  account.boots('itself');
  account.find(damaged);
  expect(account.tell().findings.map(({ gaveUp }) => gaveUp)).toEqual([true, false]);
  account.boots('itself');
  account.find(oops);
  expect(account.tell().findings.map(({ gaveUp }) => gaveUp)).toEqual([false]);
});

it('passes over what the scenario allows, and is not flooded by it', () => {
  const account = new ConsoleAccount({ allow: ['EXT4-fs error (device vda4)'], require: [] });
  account.boots('somebody');
  for (let i = 0; i < 100; i += 1) account.find(damaged);
  const other = { ...damaged, line: 'EXT4-fs error (device vda2): y' };
  account.find(other);
  expect(account.tell().findings).toEqual([{ ...other, gaveUp: false }]);
});

it('keeps 50 findings of each severity and boot', () => {
  const account = new ConsoleAccount();
  for (const by of ['somebody', 'itself'] as const) {
    account.boots(by);
    for (let i = 0; i < 1000; i += 1) account.find(damaged);
    account.find(oops);
  }
  expect(account.tell().findings).toHaveLength(102);
});

it('listens for texts since somebody switched the device on, through its own resets', () => {
  const account = new ConsoleAccount({ allow: [], require: ['slot A', 'slot B'] });
  account.boots('somebody');
  account.hear('U-Boot boots slot B');
  account.boots('itself');
  account.hear('U-Boot boots slot A');
  expect(new Set(account.tell().texts)).toEqual(new Set(['slot A', 'slot B']));
  account.boots('somebody');
  expect(account.tell().texts).toEqual([]);
});
