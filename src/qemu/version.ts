import type { MachineName } from '../model/machine.ts';
import { run } from '../process/run.ts';
import { qemuProgram } from './arguments.ts';

/** The first line of `qemu-system-… --version`, without its prefix. Throws HarnessError `command-missing`. */
export async function qemuVersion(machine: MachineName, signal?: AbortSignal): Promise<string> {
  const { stdout } = await run({
    program: qemuProgram[machine],
    args: ['--version'],
    signal,
    timeoutMs: 30_000,
  });
  return (stdout.split('\n')[0] ?? '').replace('QEMU emulator version ', '').trim();
}
