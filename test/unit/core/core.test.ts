import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../../src/core/cleanup.ts';
import { Deadline, DeadlinePassed, withDeadline } from '../../../src/core/deadline.ts';
import { DeviceFailure, failureKind, HarnessError, messageOf } from '../../../src/core/errors.ts';
import { isProcessGone, processTag } from '../../../src/core/process-tag.ts';
import { Random } from '../../../src/core/random.ts';
import { version } from '../../../src/core/version.ts';
import { GiveUp, waitFor } from '../../../src/core/wait.ts';
import { withCode } from '../../support/errors.ts';

describe('waitFor', () => {
  it('probes until there is a value', async () => {
    let probes = 0;
    const value = await waitFor('three', () => (++probes === 3 ? probes : undefined), {
      deadline: Deadline.after(2000),
      intervalMs: 1,
    });
    expect(value).toBe(3);
  });

  it('ends at the deadline with the last failure as its cause', async () => {
    const wait = waitFor(
      'never',
      () => {
        throw new TypeError('down');
      },
      { deadline: Deadline.after(30), intervalMs: 5 },
    );
    await expect(wait).rejects.toMatchObject({
      name: 'DeadlinePassed',
      what: 'never',
      cause: { message: 'down' },
    });
  });

  it('ends at once when a probe gives up', async () => {
    const fatal = new HarnessError('gone', 'it is gone');
    const wait = waitFor(
      'lost',
      () => {
        throw new GiveUp(fatal);
      },
      { deadline: Deadline.after(5000) },
    );
    await expect(wait).rejects.toBe(fatal);
  });

  it('ends with the reason of the signal', async () => {
    const controller = new AbortController();
    const wait = waitFor('aborted', () => undefined, {
      deadline: Deadline.after(5000),
      signal: controller.signal,
    });
    controller.abort(new Error('interrupted'));
    await expect(wait).rejects.toThrow('interrupted');
  });
});

describe('withDeadline', () => {
  it('stops waiting for work that ignores its signal', async () => {
    const work = withDeadline('stuck', Deadline.after(20), undefined, () => new Promise(() => undefined));
    await expect(work).rejects.toBeInstanceOf(DeadlinePassed);
  });
});

describe('CleanupStack', () => {
  it('undoes in reverse, goes on after a failure, and reports it', async () => {
    const done: string[] = [];
    const stack = new CleanupStack();
    stack.defer('first', () => done.push('first'));
    stack.defer('second', () => {
      throw new Error('stuck');
    });
    stack.defer('third', () => done.push('third'));
    await expect(stack[Symbol.asyncDispose]()).rejects.toThrow('clean-up of second failed');
    expect(done).toEqual(['third', 'first']);
  });
});

describe('Random', () => {
  it('gives a fixed sequence, so that a seed means the same everywhere', () => {
    const random = new Random('7');
    expect([random.int(1000), random.int(1000), random.int(1000)]).toMatchInlineSnapshot(`
      [
        255,
        100,
        524,
      ]
    `);
    expect(new Random('7').fork('a').int(2 ** 32)).not.toBe(new Random('7').fork('b').int(2 ** 32));
  });

  it('shuffles without losing anything', () => {
    expect(new Random(1).shuffle([1, 2, 3, 4, 5]).sort()).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('failureKind', () => {
  it('takes what is not ours for the harness', () => {
    expect(failureKind(new DeviceFailure('x', 'y'))).toBe('device');
    expect(failureKind(new TypeError('bug'))).toBe('harness');
  });
});

describe('messageOf', () => {
  it('tells of both errors when putting things away failed after a failure', async () => {
    const work = async () => {
      await using stack = new CleanupStack();
      stack.defer('disk', () => Promise.reject(new Error('disk is busy')));
      throw new DeviceFailure('kernel-panic', 'the kernel panicked');
    };
    const error: unknown = await work().catch((reason: unknown) => reason);
    expect(messageOf(error)).toBe('the kernel panicked; and then: clean-up of disk failed: disk is busy');
  });
});

describe('isProcessGone', () => {
  const day = 24 * 3_600_000;

  it('knows the processes of its own host', () => {
    const [place] = processTag().split('-');
    expect(isProcessGone(processTag(), 0)).toBe(false);
    expect(isProcessGone(`${place}-${2 ** 22 + 1}`, Date.now())).toBe(true);
  });

  it('waits a week for those of others', () => {
    expect(isProcessGone('00000000-1', 0, 6 * day)).toBe(false);
    expect(isProcessGone('00000000-1', 0, 8 * day)).toBe(true);
  });
});

describe('version', () => {
  it('is that of package.json, and there must be one', () => {
    expect(version()).toMatch(/^\d+\.\d+\.\d+$/);
    const other = new URL('../../../tsconfig.json', import.meta.url);
    expect(() => version(other)).toThrow(withCode('installation-damaged', 'package.json: version: '));
  });
});
