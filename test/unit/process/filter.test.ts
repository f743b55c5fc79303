import { describe, expect, it } from 'vitest';
import { type Filter, filter } from '../../../src/process/filter.ts';

async function* bytes(...parts: string[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield await Promise.resolve(Buffer.from(part));
}

const shell = (script: string, input: Filter['input'] = bytes()): Filter => ({
  program: 'sh',
  args: ['-c', script],
  input,
});

async function output(command: Filter): Promise<string> {
  let text = '';
  for await (const chunk of filter(command)) text += chunk.toString();
  return text;
}

describe('filter', () => {
  it('gives what the command makes of its input', async () => {
    expect(await output(shell('tr a-z A-Z', bytes('brown', 'out')))).toBe('BROWNOUT');
    expect(await output({ ...shell('echo $X'), env: { X: 'set' } })).toBe('set\n');
  });

  it('passes more than a pipe holds, without holding it', async () => {
    async function* large(): AsyncGenerator<Buffer> {
      for (let i = 0; i < 100; i += 1) yield await Promise.resolve(Buffer.alloc(100_000, i));
    }
    let length = 0;
    for await (const chunk of filter(shell('cat', large()))) length += chunk.length;
    expect(length).toBe(10_000_000);
  });

  it('says what the command said when it fails', async () => {
    await expect(output(shell('cat; echo wrong >&2; exit 3', bytes('x')))).rejects.toMatchObject({
      kind: 'harness',
      code: 'command-failed',
      message: 'wrong',
    });
    await expect(output(shell('exit 3'))).rejects.toThrow('sh ended with 3');
    await expect(output(shell('kill -9 $$'))).rejects.toMatchObject({
      code: 'command-killed',
      message: 'sh was ended by SIGKILL',
    });
  });

  it('does not mind a command that leaves input unread', async () => {
    const input = bytes(...Array.from({ length: 50 }, () => 'x'.repeat(100_000)));
    expect(await output(shell('echo enough', input))).toBe('enough\n');
  });

  it('passes on what reading the input throws', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from('x'));
      throw new RangeError('the input broke');
    }
    await expect(output(shell('cat', broken()))).rejects.toThrow(RangeError);
  });

  it('says which program is missing', async () => {
    await expect(output({ program: 'no-such-program', args: [], input: bytes('x') })).rejects.toMatchObject({
      code: 'command-missing',
      message: 'no-such-program is not installed',
      hint: 'install it; brownout setup brings what is needed often',
    });
  });

  it('ends the command when nobody reads on, and when it is aborted', async () => {
    for await (const chunk of filter(shell('echo $$; exec sleep 1000'))) {
      const pid = Number(chunk.toString());
      expect(() => process.kill(pid, 0)).not.toThrow();
      break;
    }
    const controller = new AbortController();
    const reading = output({ ...shell('exec sleep 1000'), signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect(reading).rejects.toThrow('enough');
    await expect(output({ ...shell('cat'), signal: controller.signal })).rejects.toThrow('enough');
  });
});
