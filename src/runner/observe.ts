import { createHash } from 'node:crypto';
import { Deadline, DeadlinePassed } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import type { ImageManifest, SlotSpec } from '../model/image.ts';
import type { Disk } from '../nbd/disk.ts';
import type { FileState, Observation } from '../oracle/observation.ts';
import type { Ready } from '../target/target.ts';
import { quote } from './shell.ts';

/** Milliseconds that looking at the device may take. */
const limitMs = 60_000;
/** Bytes that the answer may have: all of the owner's files in base64. */
const maxAnswerBytes = 64 << 20;
const chunkBytes = 1 << 20;

/** What the observer needs to know of the device. */
export interface Subject {
  manifest: ImageManifest;
  /** The disks as the device sees them, by DiskSpec.id. */
  disks: ReadonlyMap<string, Disk>;
  /** The owner's files. */
  configuration: readonly string[];
}

/** Which slots an observation reads: each byte read is one that crash states can differ in. */
export type SlotsRead = 'all' | 'running' | 'none';

/**
 * Looks at a device that came up. The guest says which slot it runs and what its files hold; the slot's bytes
 * are read by the host, which is faster and needs no trust in the guest. Valid while slots are mounted read-only.
 * Errors: DeviceFailure `observe-timeout`, `observe-failed`, `connection-lost`.
 */
export async function observe(
  device: Ready,
  subject: Subject,
  slots: SlotsRead,
  signal: AbortSignal,
): Promise<Observation> {
  const stdout = await ask(device, question(subject.configuration), signal);
  const [commandLine = '', version = '', ...files] = stdout.split('\n');
  const root = / ?\broot=(\S+)/.exec(commandLine)?.[1] ?? 'nowhere';
  const slot = subject.manifest.slots.find((candidate) => candidate.root === root);
  return {
    root,
    slot: slot?.name,
    version,
    slotDigests: await digestsOf(
      subject,
      subject.manifest.slots.filter(
        ({ name }) => slots === 'all' || (slots === 'running' && name === slot?.name),
      ),
    ),
    configuration: subject.configuration.map((path, i) => fileState(path, files[2 * i], files[2 * i + 1])),
  };
}

async function ask(device: Ready, question: string, signal: AbortSignal): Promise<string> {
  try {
    const deadline = Deadline.after(limitMs);
    const answer = await device.run(question, { deadline, signal, maxOutputBytes: maxAnswerBytes });
    if (answer.exitCode === 0 && !answer.truncated) return answer.stdout;
    const why = answer.truncated
      ? `its files have more than ${maxAnswerBytes >> 20} MiB`
      : `reading its files ended with ${answer.exitCode}: ${answer.stderr.trim().slice(-300)}`;
    throw new DeviceFailure('observe-failed', `the device runs, but cannot be looked at: ${why}`);
  } catch (error) {
    if (!(error instanceof DeadlinePassed)) throw error;
    throw new DeviceFailure(
      'observe-timeout',
      `the device came up, but did not show its files within ${limitMs / 1000} s`,
      { cause: error },
    );
  }
}

/** Prints the kernel's command line, the version, and two lines per file: its access (or `absent`) and its content. */
function question(paths: readonly string[]): string {
  const files = paths.map((path) => {
    const file = quote(path);
    return `if [ -e ${file} ]; then stat -L -c '%a %u:%g' ${file} && base64 -w 0 < ${file} && echo || exit 3; else echo absent; echo; fi`;
  });
  const version = `sed -n 's/^VERSION_ID=//p' /etc/os-release | tr -d '"\\n'; echo`;
  return [`tr -d '\\n' < /proc/cmdline; echo`, version, ...files].join('\n');
}

function fileState(path: string, access: string | undefined, content: string | undefined): FileState {
  if (access === undefined || content === undefined)
    throw new DeviceFailure('observe-failed', `the device did not say what ${path} holds`);
  if (access === 'absent') return { path, content: undefined, access: undefined };
  return { path, access, content: Buffer.from(content, 'base64') };
}

async function digestsOf(subject: Subject, slots: readonly SlotSpec[]): Promise<Observation['slotDigests']> {
  const digests = new Map<string, ReadonlyMap<number, string>>();
  for (const slot of slots) digests.set(slot.name, await slotDigests(subject, slot));
  return digests;
}

async function slotDigests({ manifest, disks }: Subject, slot: SlotSpec): Promise<Map<number, string>> {
  const disk = disks.get(slot.disk);
  const digests = new Map<number, string>();
  if (disk === undefined) return digests;
  const lengths = new Set(
    Object.values(manifest.releases).flatMap(({ content }) =>
      content.kind === 'slot' ? [content.bytes] : [],
    ),
  );
  for (const length of lengths)
    if (length <= slot.length) digests.set(length, await digest(disk, slot.offset, length));
  return digests;
}

async function digest(disk: Disk, offset: number, length: number): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < length; at += chunkBytes)
    hash.update(await disk.read(offset + at, Math.min(chunkBytes, length - at)));
  return hash.digest('hex');
}
