import { expect, it } from 'vitest';
import { run } from '../../../src/process/run.ts';
import { withCode } from '../../support/errors.ts';

const sh = (script: string) => ({ program: 'sh', args: ['-c', script] });

it('gives output, input and allowed exit codes', async () => {
  expect(await run({ ...sh('cat; echo oh >&2; exit 3'), input: 'x', okCodes: [3] })).toEqual({
    exitCode: 3,
    stdout: 'x',
    stderr: 'oh\n',
  });
});

it('says what a command said last that failed', async () => {
  await expect(run(sh('echo first >&2; seq 5 >&2; exit 3'))).rejects.toThrow(
    withCode('command-failed', /^sh -c .* ended with 3: 1\n2\n3\n4\n5$/),
  );
  await expect(run(sh('kill -9 $$'))).rejects.toThrow(withCode('command-failed', 'SIGKILL'));
});

it('names a program that is not there, and what to do', async () => {
  await expect(run({ program: 'no-such-program', args: [] })).rejects.toMatchObject({
    code: 'command-missing',
    message: 'no-such-program is not installed',
    hint: 'run: brownout setup',
  });
});

it('ends a command that takes too long, and one that is not wanted any more', async () => {
  const sleep = { program: 'sleep', args: ['60'] };
  await expect(run({ ...sleep, timeoutMs: 20 })).rejects.toThrow(
    withCode('command-timeout', 'sleep did not end in time'),
  );
  const controller = new AbortController();
  const running = run({ ...sleep, signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
});
