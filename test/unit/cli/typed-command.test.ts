import { expect, it } from 'vitest';
import { runCli } from '../../../src/cli/program.ts';
import { asTyped } from '../../../src/cli/typed-command.ts';

it('commands are shown as they can be typed', () => {
  const text =
    'hint: run: brownout setup\nreplay: brownout replay x; a fault of brownout itself; brownout-rauc/brownout run';
  expect(asTyped(text, {})).toBe(text);
  expect(asTyped(text, { npm_command: 'exec' })).toBe(
    'hint: run: npx brownout setup\nreplay: npx brownout replay x; a fault of brownout itself; brownout-rauc/brownout run',
  );
  expect(asTyped('npx brownout run', { npm_command: 'exec' })).toBe('npx brownout run');
});

it('no command is forgotten', async () => {
  let help = '';
  const stdout = { write: (text: string) => (help += text) };
  await runCli(['--help'], { stdout, stderr: stdout, environment: {} });
  const names = [...help.matchAll(/^ {2}([a-z]+) [\s\S]/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(15);
  for (const name of names.filter((one) => one !== 'help'))
    expect(asTyped(`brownout ${name}`, { npm_command: 'exec' })).toBe(`npx brownout ${name}`);
});
