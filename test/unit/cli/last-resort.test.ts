import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { installLastResort } from '../../../src/cli/last-resort.ts';
import { HarnessError } from '../../../src/core/errors.ts';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

function installed(args: readonly string[], fails = false) {
  const source = new FakeProcess();
  const said = { stdout: '', stderr: '' };
  const output = (name: keyof typeof said) => ({
    write: (text: string) => {
      if (fails) throw fullDisk();
      said[name] += text;
      return true;
    },
  });
  const streams = { stdout: output('stdout'), stderr: output('stderr'), environment: { NO_COLOR: '1' } };
  installLastResort(args, streams, source);
  return { source, said };
}

const fullDisk = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

it.each(['uncaughtException', 'unhandledRejection'])(
  '%s: says what ended and why, and leaves with 3',
  (event) => {
    const { source, said } = installed(['run', 'scenarios/x.yaml']);
    source.emit(event, new HarnessError('qemu-failed', 'QEMU is gone'));
    expect(said.stderr).toBe('error: QEMU is gone\nthis ended: brownout run scenarios/x.yaml\n');
    expect(said.stdout).toBe('');
    expect(source.exits).toEqual([3]);
  },
);

it('a full disk is not this program’s fault, and a bug is', () => {
  const { source, said } = installed(['feed', 'derive', '--json']);
  source.emit('uncaughtException', fullDisk());
  expect(said.stderr).toContain(
    'error: there is no space left on the disk: ENOSPC: no space left on device, write\n',
  );
  expect(said.stderr).not.toContain('a fault of brownout itself');
  expect(JSON.parse(said.stdout)).toMatchObject({
    exitCode: 3,
    error: { kind: 'harness', code: 'disk-full' },
  });
  const other = installed([]);
  other.source.emit('uncaughtException', new TypeError('x is undefined'));
  expect(other.said.stderr).toContain('a fault of brownout itself');
});

it('leaves also where it can tell nobody', () => {
  const { source } = installed(['schema'], true);
  expect(() => source.emit('uncaughtException', fullDisk())).toThrow('ENOSPC');
  source.emit('uncaughtException', fullDisk());
  expect(source.exits).toEqual([3, 3]);
});
