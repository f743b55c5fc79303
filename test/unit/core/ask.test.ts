import { describe, expect, it } from 'vitest';
import { ask, type CommandOutput, complaint, type Shell } from '../../../src/core/ask.ts';
import { Deadline, DeadlinePassed } from '../../../src/core/deadline.ts';

const options = { deadline: Deadline.after(1000) };
const noAnswer = {
  failed: ({ exitCode }: CommandOutput) => new Error(`failed with ${exitCode}`),
  late: ({ limitMs }: DeadlinePassed) => new Error(`late after ${limitMs}`),
};
const tooLong = () => new Error('too long');

describe('ask', () => {
  it('gives what a command printed that ended with 0', async () => {
    const asked: string[] = [];
    const shell: Shell = {
      run: (command) => {
        asked.push(command);
        return Promise.resolve(output({ stdout: 'yes' }));
      },
    };
    expect((await ask(shell, 'answer', options, noAnswer)).stdout).toBe('yes');
    expect(asked).toEqual(['answer']);
  });

  it('throws the excuse of a command that failed on a starved host, not the failure', async () => {
    const starved = new Error('the host withheld CPU');
    await expect(ask(answering({ exitCode: 3, starved }), 'answer', options, noAnswer)).rejects.toBe(starved);
  });

  it('throws what the caller makes of another exit code', async () => {
    await expect(ask(answering({ exitCode: 3 }), 'answer', options, noAnswer)).rejects.toThrow(
      'failed with 3',
    );
  });

  it('throws what the caller makes of a passed deadline, and nothing else of another error', async () => {
    const late = throwing(new DeadlinePassed('answer', 1000));
    await expect(ask(late, 'answer', options, noAnswer)).rejects.toThrow('late after 1000');
    const gone = throwing(new Error('the device went away'));
    await expect(ask(gone, 'answer', options, noAnswer)).rejects.toThrow('the device went away');
  });

  it('refuses an answer that is cut short only where the caller needs it whole', async () => {
    const long = answering({ stdout: 'much', truncated: true });
    expect((await ask(long, 'answer', options, noAnswer)).stdout).toBe('much');
    await expect(ask(long, 'answer', options, { ...noAnswer, tooLong })).rejects.toThrow('too long');
  });
});

describe('complaint', () => {
  it('is the end of the standard error output', () => {
    expect(complaint({ stderr: `${'x'.repeat(400)} no space left\n` })).toMatch(/^x{286} no space left$/);
  });
});

function output(known: Partial<CommandOutput>): CommandOutput {
  return { exitCode: 0, stdout: '', stderr: '', truncated: false, ...known };
}

function answering(known: Partial<CommandOutput>): Shell {
  return { run: () => Promise.resolve(output(known)) };
}

function throwing(error: Error): Shell {
  return { run: () => Promise.reject(error) };
}
