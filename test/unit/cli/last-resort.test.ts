import { EventEmitter } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { installLastResort } from '../../../src/cli/last-resort.ts';
import { withTerminal } from '../../../src/cli/with-terminal.ts';
import { HarnessError } from '../../../src/core/errors.ts';
import { temporaryFolder } from '../../../src/core/scratch-folder.ts';
import { Terminal } from '../../../src/report/terminal.ts';

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

it('says what each run was at that had not ended', async () => {
  const [first, second] = ['20261129T221800Z-ab-qemuarm64', '20261129T221800Z-fallback-qemuarm64'];
  const terminal = new Terminal({ write: () => true }, { view: 'plain', environment: {} });
  const { source, said } = installed(['run', 'x.yaml']);
  await withTerminal(terminal, new Map(), (events) => {
    const phase = (run: string, name: string, detail: string) =>
      events({ type: 'phase', run, phase: name, detail });
    phase(first, 'image', 'rauc-ab for qemuarm64');
    phase(second, 'image', 'rauc-ab for qemuarm64');
    phase(first, 'upgrade', 'every path, without a cut');
    source.emit('uncaughtException', new HarnessError('qemu-failed', 'QEMU is gone'));
    for (const run of [first, second]) events({ type: 'run-finished', run, verdict: 'error', seconds: 1 });
    return Promise.resolve();
  });
  expect(said.stderr).toBe(
    [
      'error: QEMU is gone',
      'this ended: brownout run x.yaml',
      'it was at ab-qemuarm64: upgrade: every path, without a cut',
      'it was at fallback-qemuarm64: image: rauc-ab for qemuarm64',
      '',
    ].join('\n'),
  );
  const later = installed(['run', 'x.yaml']);
  later.source.emit('uncaughtException', fullDisk());
  expect(later.said.stderr).not.toContain('it was at');
});

it('removes nothing: what is there stays for the next run', async () => {
  await using scratch = await temporaryFolder();
  await writeFile(join(scratch.path, 'disk'), 'x');
  const { source } = installed(['run', 'x.yaml']);
  source.emit('uncaughtException', new Error('x'));
  expect(source.exits).toEqual([3]);
  expect(await readdir(scratch.path)).toEqual(['disk']);
});

it('is there before a command is run', async () => {
  const { exitCode } = process;
  onTestFinished(() => {
    vi.doUnmock('../../../src/cli/program.ts');
    vi.restoreAllMocks();
    vi.useRealTimers();
    process.exitCode = exitCode;
  });
  vi.useFakeTimers();
  const listens = vi.spyOn(process, 'on').mockReturnValue(process);
  const leaves = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  const says = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const commands: Record<string, (error: unknown) => void>[] = [];
  vi.doMock('../../../src/cli/program.ts', () => ({
    runCli: () => {
      commands.push(Object.fromEntries(listens.mock.calls));
      return Promise.resolve(0);
    },
  }));
  await import('../../../src/cli/main.ts');
  const [listeners] = commands;
  listeners?.['uncaughtException']?.(new Error('x'));
  listeners?.['unhandledRejection']?.(new Error('x'));
  expect(says.mock.calls.join('')).toContain('\nthis ended: brownout');
  expect(leaves.mock.calls).toEqual([[3], [3]]);
});

it('leaves also where it can tell nobody', () => {
  const { source } = installed(['schema'], true);
  expect(() => source.emit('uncaughtException', fullDisk())).toThrow('ENOSPC');
  source.emit('uncaughtException', fullDisk());
  expect(source.exits).toEqual([3, 3]);
});
