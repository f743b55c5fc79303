import { describe, expect, it } from 'vitest';
import { printed } from '../../support/printed.ts';

function brownout(...args: string[]) {
  return printed(args, { PATH: '/nowhere' });
}

/** Options of `run` that explorations alone have something of. */
const exploring = [
  ['--budget', '5m'],
  ['--audit', '3'],
  ['--retry-boots', '3'],
  ['--second-cut-boots', '3'],
  ['--recovery-boots', '3'],
  ['--shard', '1/2'],
  ['--shard', 'auto'],
  ['--ledger', 'ledger'],
  ['--fresh'],
  ['--no-canonical'],
  ['--snapshots'],
  ['--carry'],
];
/** Those that need a cut of any kind. */
const cutting = [['--seed', '7'], ['--recording', 'recordings'], ['--fresh-recording']];
const unread = 'nowhere/s.yaml cannot be read';

describe('an option of run that nothing would come of', () => {
  it.each(exploring)('%s %s is refused where not all states are decided', async (...option) => {
    for (const how of [[], ['--power-cuts', 'random:3'], ['--power-cuts', 'none']]) {
      const { code, out, err } = await brownout('run', 'nowhere/s.yaml', ...option, ...how);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toContain(`error: ${option[0] ?? ''}: nothing comes of it with --power-cuts `);
      expect(err).toContain('hint: give --power-cuts all as well, or leave it out');
    }
    if (option.includes('auto')) return;
    const { err } = await brownout('run', 'nowhere/s.yaml', '--power-cuts', 'all', ...option);
    expect(err).toContain(unread);
  });

  it.each(cutting)('%s %s is refused where nothing is cut', async (...option) => {
    const { code, err } = await brownout('run', 'nowhere/s.yaml', '--power-cuts', 'none', ...option);
    expect(code).toBe(2);
    expect(err).toContain(`error: ${option[0] ?? ''}: nothing comes of it with --power-cuts none\n`);
    expect(err).toContain('hint: give --power-cuts all or random:N or naive:N as well');
    expect((await brownout('run', 'nowhere/s.yaml', ...option)).err).toContain(unread);
  });

  it('says which way is the default, and names all of them at once', async () => {
    const { err } = await brownout('run', 'nowhere/s.yaml', '--budget', '5m', '--audit', '1');
    expect(err).toBe(
      'error: --budget, --audit: nothing comes of them with --power-cuts random:N, which is the default\n' +
        'hint: give --power-cuts all as well, or leave them out\n',
    );
  });

  it('is not the same option under two names', async () => {
    const both = ['--second-cut-boots', '3', '--recovery-boots', '5'];
    const { code, err } = await brownout('run', 'nowhere/s.yaml', '--power-cuts', 'all', ...both);
    expect(code).toBe(2);
    expect(err).toContain(
      "option '--recovery-boots <n>' cannot be used with option '--second-cut-boots <n>'",
    );
  });
});

it.each([
  [
    ['admit', 'nano', '--budget', '5m'],
    '--budget: nothing comes of it with --power-cuts none, which is the default',
  ],
  [['admit', 'nano', '--seed', '5'], '--seed: nothing comes of it with --power-cuts none'],
  [['admit', 'nano', '--power-cuts', 'random:3', '--budget', '5m'], '--budget: nothing comes of it'],
  [
    ['conform', 'nowhere/s.yaml', '--case', 'B2', '--budget', '5m'],
    '--budget: nothing comes of it without a case',
  ],
])('%j is refused', async (args, message) => {
  const { code, err } = await brownout(...args);
  expect(code).toBe(2);
  expect(err).toContain(message);
});

it.each([
  [['admit', 'nano', '--image', './nowhere', '--power-cuts', 'all', '--budget', '5m', '--seed', '7']],
  [['conform', 'nowhere/s.yaml', '--case', 'B2', '--group', 'power', '--budget', '5m']],
  [['conform', 'nowhere/s.yaml', '--budget', '5m']],
])('%j goes on to what it reads', async (args) => {
  expect((await brownout(...args)).err).toContain('cannot be read');
});
