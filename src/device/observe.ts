import { createHash } from 'node:crypto';
import { ask, complaint, type NoAnswer } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import type { ImageManifest, SlotSpec } from '../model/image.ts';
import type { Disk } from '../nbd/disk.ts';
import type { Observation } from '../oracle/observation.ts';
import type { Ready } from '../target/target.ts';
import { filesIn, showFiles } from './file-answers.ts';

/** Milliseconds that looking at the device may take. */
const limitMs = 60_000;
/** Bytes that all of the owner's files may have, with the copies beside them. */
const maxFileBytes = 24 << 20;
/** In hex, with what else is said. */
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
  const limits = { deadline: Deadline.after(limitMs), signal, maxOutputBytes: maxAnswerBytes };
  const { stdout } = await ask(device, question(subject.configuration), limits, noAnswer);
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
    configuration: filesIn(files, subject.configuration),
  };
}

const cannotLook = (why: string) =>
  new DeviceFailure('observe-failed', `the device runs, but cannot be looked at: ${why}`);
const noAnswer: NoAnswer = {
  tooLong: () => cannotLook(`its files and the copies beside them have more than ${maxFileBytes >> 20} MiB`),
  failed: (output) => cannotLook(`reading its files ended with ${output.exitCode}: ${complaint(output)}`),
  late: (cause) =>
    new DeviceFailure(
      'observe-timeout',
      `the device came up, but did not show its files within ${limitMs / 1000} s`,
      { cause },
    ),
};

/** Prints the kernel's command line, the version, and the files. */
function question(paths: readonly string[]): string {
  const version = `sed -n 's/^VERSION_ID=//p' /etc/os-release | tr -d '"\\n'; echo`;
  return [`tr -d '\\n' < /proc/cmdline; echo`, version, showFiles(paths, maxFileBytes)].join('\n');
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
