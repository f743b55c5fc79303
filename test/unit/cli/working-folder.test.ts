import { expect, it } from 'vitest';
import { exitCodes } from '../../../src/cli/exit-code.ts';
import { assertWorkingFolder } from '../../../src/cli/working-folder.ts';

function calledIn(cwd: () => string) {
  const told = { text: '', code: undefined as number | undefined };
  const stderr = { write: (text: string) => (told.text += text) };
  assertWorkingFolder({ cwd, stderr, exit: (code) => (told.code = code) });
  return told;
}

it('a folder that is there is none to speak of', () => {
  expect(calledIn(() => '/')).toEqual({ text: '', code: undefined });
});

it('a folder that was removed is the host, not the device', () => {
  const { text, code } = calledIn(() => {
    throw new Error('ENOENT: no such file or directory, uv_cwd');
  });
  expect(code).toBe(exitCodes.harness);
  expect(text).toMatch(/^error: the current folder is not there any more\nhint: .*\n$/);
});
