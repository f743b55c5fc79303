import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { device, limits } from './device.ts';

const run = 'gateway-update status';
/** An updater that is asked for its status, which says this. */
function asked(settings: Record<string, unknown>, stdout: string, exitCode = 0) {
  const agent = agentFor({ name: 'script', install: 'gateway-update install', status: { run, ...settings } });
  const { ready } = device({ [run]: { stdout, exitCode } });
  return {
    confirmed: async () => agent.confirmed?.(ready, limits()),
    knowsFallback: async () => agent.knowsFallback?.(ready, limits()),
  };
}

const json = JSON.stringify({ slots: [{ 'a/b~c': 'good', tries: 3 }], last: null });
const lines = 'slot: B\nstate: good\nlast update: failed (timeout)\n';

describe('a script whose status is read', () => {
  it.each<[string, Record<string, unknown>, string, string | undefined]>([
    ['at a place of its JSON', { pointer: '/slots/0/a~1b~0c', is: 'good' }, json, undefined],
    ['where a number stands', { pointer: '/slots/0/tries', is: ['2', '3'] }, json, undefined],
    ['where something else stands', { pointer: '/slots/0/tries', is: 'good' }, json, '3'],
    ['where null stands', { pointer: '/last', is: 'good' }, json, 'null'],
    ['of the whole JSON', { pointer: '', is: 'good' }, '"good"\n', undefined],
    ['in a line', { pattern: '^state: (.*)$', is: 'good' }, lines, undefined],
    ['in a line that says otherwise', { pattern: '^slot: (.*)$', is: 'A' }, lines, 'B'],
    ['as a line that need only be there', { pattern: '^state: good$' }, lines, undefined],
    ['as a line that is not there', { pattern: '^state: better$' }, 'state: bad', '"state: bad"'],
  ])('%s: says whether the running release counts as good', async (_, good, stdout, doubt) => {
    expect(await asked({ good }, stdout).confirmed()).toBe(doubt);
  });

  it('knows whether the release that was installed last has failed', async () => {
    const failed = { pattern: '^last update: (\\w+)', is: ['failed', 'rolled-back'] };
    expect(await asked({ failed }, lines).knowsFallback()).toBe(true);
    expect(await asked({ failed }, 'last update: done').knowsFallback()).toBe(false);
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    [
      'that is no JSON',
      { pointer: '/state', is: 'good' },
      'state: good',
      'agent.status.good.pointer is for JSON, and the status printed "state: good"; a pattern reads lines',
    ],
    [
      'in which nothing stands there',
      { pointer: '/slots/1/state', is: 'good' },
      json,
      `nothing stands at agent.status.good.pointer, /slots/1/state; the status printed ${JSON.stringify(json)}`,
    ],
    [
      'of which no line fits',
      { pattern: '^State: (.*)$', is: 'good' },
      'state: good',
      'no line of the status fits agent.status.good.pattern, ^State: (.*)$; it printed "state: good"',
    ],
  ])('%s: fails, and says what was found', async (_, good, stdout, message) => {
    await expect(asked({ good }, stdout).confirmed()).rejects.toMatchObject({
      kind: 'device',
      code: 'status-failed',
      message,
    });
  });

  it('that ends with anything but 0 has failed', async () => {
    const good = { pattern: 'good' };
    await expect(asked({ good }, 'state: good', 3).confirmed()).rejects.toMatchObject({
      code: 'status-failed',
      message: 'status ended with 3: state: good',
    });
  });
});

describe('a script without status or identity', () => {
  it('cannot be asked, and the image tells its releases apart', () => {
    const agent = agentFor({ name: 'script', install: 'i' });
    expect(Object.keys(agent)).not.toEqual(expect.arrayContaining(['confirmed']));
    expect(Object.keys(agent)).not.toEqual(expect.arrayContaining(['knowsFallback']));
    expect(agent.identity).toBeUndefined();
  });
});

describe('a script through whose kernel the source is read', () => {
  it('says which lines are about the source', () => {
    const agent = agentFor({ name: 'script', install: 'i', kernelOnSource: '\\bnbd\\d+\\b' });
    expect(agent.kernelOnSource?.test('block nbd0: Receive control failed')).toBe(true);
    expect(agent.kernelOnSource?.test('EXT4-fs error (device vda4)')).toBe(false);
    expect(agentFor({ name: 'script', install: 'i' }).kernelOnSource).toBeUndefined();
  });

  it('is refused with what is no regular expression', () => {
    expect(() => agentFor({ name: 'script', install: 'i', kernelOnSource: 'nbd(' })).toThrow(
      /a regular expression, as JavaScript has them/,
    );
  });
});
