import { expect, it } from 'vitest';
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
