import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Clock, systemClock } from '../core/clock.ts';
import { Deadline, DeadlinePassed } from '../core/deadline.ts';
import { sha256 } from '../core/digest.ts';
import { writeFileAtomically } from '../core/files.ts';
import { makeFolders } from '../core/make-folders.ts';
import { cacheRoot } from '../core/paths.ts';
import { temporaryFolder } from '../core/scratch-folder.ts';
import { parseStored } from '../core/stored.ts';
import { GiveUp, waitFor } from '../core/wait.ts';
import type { ImageManifest } from '../model/image.ts';
import { type MachineName, machines } from '../model/machine.ts';
import type { Accelerator } from './arguments.ts';
import { startQemu } from './process.ts';
import { qemuVersion } from './version.ts';

export { qemuVersion } from './version.ts';

/** Which accelerator runs the guests, and why, for people to read. */
export interface AcceleratorChoice {
  accelerator: Accelerator;
  reason: string;
}

/** What is to be probed. */
export interface ProbeOptions {
  machine: MachineName;
  /** Without a probe kernel nothing is proven, and TCG is taken. */
  probe?: ImageManifest['probe'] | undefined;
  signal?: AbortSignal | undefined;
  /** Where answers are kept (default: `accelerator/` in the cache root). */
  cacheFolder?: string;
  clock?: Clock;
}

/** A kernel reaches its first message in well under a second where KVM works. */
const probeLimitMs = 15_000;

const choiceSchema = z.object({ accelerator: z.enum(['tcg', 'kvm']), reason: z.string() });

/** Why KVM cannot run guests of a machine here, as far as it is known without a kernel to try it with. */
export async function kvmLack(machine: MachineName): Promise<string | undefined> {
  if (process.arch !== machines[machine].architecture.node)
    return `${machine} is foreign to this host's ${process.arch} processor`;
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return '/dev/kvm is not there or not ours to open';
  }
}

/**
 * Takes KVM only where it has just booted a kernel: /dev/kvm may exist, open, and hang every guest. The
 * answer holds until the host boots again or QEMU changes, and is kept in the cache.
 */
export async function chooseAccelerator(options: ProbeOptions): Promise<AcceleratorChoice> {
  const { machine, probe, signal } = options;
  const lack = await kvmLack(machine);
  if (lack !== undefined) return { accelerator: 'tcg', reason: lack };
  if (probe === undefined)
    return { accelerator: 'tcg', reason: 'the image brings no kernel to try KVM with' };
  const folder = options.cacheFolder ?? join(cacheRoot(), 'accelerator');
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const key = sha256(
    [bootId, await qemuVersion(machine, signal), machine, probe.kernel.sha256, probe.initrd.sha256].join(
      '\n',
    ),
  );
  const path = join(folder, `${key}.json`);
  const known = await readChoice(path);
  if (known !== undefined) return known;
  const choice = await tryKvm(machine, probe, options);
  await makeFolders(folder);
  await writeFileAtomically(path, `${JSON.stringify(choice)}\n`);
  return choice;
}

async function readChoice(path: string): Promise<AcceleratorChoice | undefined> {
  try {
    return parseStored(await readFile(path, 'utf8'), choiceSchema);
  } catch {
    return undefined;
  }
}

async function tryKvm(
  machine: MachineName,
  probe: NonNullable<ImageManifest['probe']>,
  { signal, clock = systemClock }: ProbeOptions,
): Promise<AcceleratorChoice> {
  await using scratch = await temporaryFolder();
  const folder = scratch.path;
  const consoleLog = join(folder, 'console');
  const deadline = Deadline.after(probeLimitMs, clock);
  const spec = {
    machine,
    accelerator: 'kvm' as const,
    kernel: {
      kernel: probe.kernel.path,
      initrd: probe.initrd.path,
      append: `console=${machines[machine].console} panic=1 mitigations=off`,
    },
    disks: [],
    consoleLog,
    qmpSocket: join(folder, 'qmp'),
  };
  try {
    await using qemu = await startQemu({ spec, logPath: join(folder, 'qemu.log'), deadline, signal });
    const ended = qemu.exited.then((exit) => exit.kind);
    let end: string | undefined;
    void ended.then((kind) => {
      end = kind;
    });
    await waitFor(
      'a kernel under KVM',
      async () => {
        const said = await readFile(consoleLog, 'latin1').catch(() => '');
        if (said.includes(probe.expect)) return true;
        if (end !== undefined) throw new GiveUp(new Error(`the kernel did not come up (${end})`));
        return undefined;
      },
      { deadline, signal, clock },
    );
    return { accelerator: 'kvm', reason: 'KVM booted a kernel just now' };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    const why =
      error instanceof DeadlinePassed ? `it hung a kernel for ${probeLimitMs / 1000} s` : String(error);
    return { accelerator: 'tcg', reason: `/dev/kvm is there, but KVM does not work: ${why}` };
  }
}
