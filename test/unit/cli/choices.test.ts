import { describe, expect, it } from 'vitest';
import { nameNearest, oneOf } from '../../../src/cli/choices.ts';
import { Interruption } from '../../../src/cli/interruption.ts';
import { makeProgram, runCli } from '../../../src/cli/program.ts';
import { withCode } from '../../support/errors.ts';

type Command = Parameters<typeof nameNearest>[0];

/** Everything on the command line that has a list of words, with how a wrong one is read. */
function choosers(): [string, readonly string[], (text: string) => unknown][] {
  using interruption = new Interruption(() => undefined);
  const write = () => true;
  const streams = { stdout: { write }, stderr: { write }, environment: {} };
  const found: [string, readonly string[], (text: string) => unknown][] = [];
  const visit = (command: Command, path: string) => {
    for (const one of [...command.options, ...command.registeredArguments])
      if (one.argChoices !== undefined)
        found.push([`${path} ${one.name()}`, one.argChoices, (text) => one.parseArg?.(text, undefined)]);
    for (const one of command.commands) visit(one, `${path} ${one.name()}`);
  };
  visit(
    makeProgram({ streams, interruption }, () => undefined),
    'brownout',
  );
  return found;
}

async function said(...args: string[]) {
  let text = '';
  const write = (more: string) => (text += more);
  const code = await runCli(args, { stdout: { write }, stderr: { write }, environment: {} });
  return { code, text };
}

describe('a word that is none of those that may be chosen', () => {
  it.each(choosers())('%s: is answered with all of them, and with the nearest', (_, words, read) => {
    const [first = ''] = words;
    const typed = `${first}x`;
    expect(() => read(typed)).toThrow(withCode('option-invalid', `expected one of ${words.join(', ')}`));
    expect(() => read(typed)).toThrow(`found "${typed}"; did you mean "${first}"?`);
    expect([read(first)].flat()).toEqual([first]);
  });

  it.each([
    [
      ['init', '--agent', 'ruac'],
      /^error: --agent: expected one of rauc, .*, found "ruac"; did you mean "rauc"\?\n$/,
    ],
    [['cache', 'list', 'images', 'recordigns'], /^error: <kind>: expected .* did you mean "recordings"\?\n$/],
    [['schema', 'scenaro'], /^error: <kind>: expected .* did you mean "scenario"\?\n$/],
    [['completion', 'bsh'], /^error: <shell>: expected .* did you mean "bash"\?\n$/],
  ])('%j: is the command line’s fault, in one line', async (args, line) => {
    const { code, text } = await said(...args);
    expect(code).toBe(2);
    expect(text).toMatch(line);
  });

  it('is told to a program as it is to people', async () => {
    const { text } = await said('cache', 'list', 'imags', '--json');
    const [json = ''] = text.split('error: ');
    expect(JSON.parse(json)).toMatchObject({
      exitCode: 2,
      error: { kind: 'scenario', code: 'option-invalid' },
    });
  });

  it('is shown in part where it is long, and has no neighbour where none is near', () => {
    expect(() => oneOf('--x', ['a', 'b'], 'z'.repeat(1000))).toThrow(
      withCode('option-invalid', new RegExp(`^--x: expected one of a, b, found "z{60}"$`)),
    );
  });
});
