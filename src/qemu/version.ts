import { type MachineName, machines } from '../model/machine.ts';
import { run } from '../process/run.ts';

/** The first line of `qemu-system-… --version`, without its prefix. Throws HarnessError `command-missing`. */
export async function qemuVersion(machine: MachineName, signal?: AbortSignal): Promise<string> {
  const { stdout } = await run({
    program: machines[machine].qemu.program,
    args: ['--version'],
    signal,
    timeoutMs: 30_000,
  });
  return (stdout.split('\n')[0] ?? '').replace('QEMU emulator version ', '').trim();
}
