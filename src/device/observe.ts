import { ask, complaint, type NoAnswer, type Shell } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import type { ImageManifest } from '../model/image.ts';
import type { OwnedPath } from '../model/scenario.ts';
import type { Disk } from '../nbd/disk.ts';
import type { Observation } from '../oracle/observation.ts';
import { filesIn, showFiles } from './file-answers.ts';
import { askRoot, rootOf } from './running-root.ts';

/** Milliseconds that looking at the device may take. */
const limitMs = 60_000;
/** Bytes that all of the owner's files may have, with the copies beside them. */
const maxFileBytes = 24 << 20;
/** In hex, with what else is said. */
const maxAnswerBytes = 64 << 20;

/** What the observer needs to know of the device. */
export interface Subject {
  manifest: ImageManifest;
  /** The disks as the device sees them, by DiskSpec.id. */
  disks: ReadonlyMap<string, Disk>;
  /** The owner's paths. */
  configuration: readonly OwnedPath[];
}

/**
 * Looks at a device that came up. The guest says which slot it runs and what its files hold.
 * Errors: DeviceFailure `observe-timeout`, `observe-failed`, `connection-lost`.
 */
export async function observe(
  device: Shell,
  subject: { manifest: Pick<ImageManifest, 'slots'> } & Pick<Subject, 'configuration'>,
  signal: AbortSignal,
): Promise<Observation> {
  const limits = { deadline: Deadline.after(limitMs), signal, maxOutputBytes: maxAnswerBytes };
  const { stdout } = await ask(device, question(subject.configuration), limits, noAnswer);
  const [commandLine = '', mounted = '', version = '', ...files] = stdout.split('\n');
  const { slots } = subject.manifest;
  const root = rootOf([commandLine, mounted], slots);
  const slot = slots.find((candidate) => candidate.root === root);
  return {
    root,
    slot: slot?.name,
    version,
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

/** Prints what `askRoot` does, the version, and the files. */
function question(paths: readonly OwnedPath[]): string {
  const version = `sed -n 's/^VERSION_ID=//p' /etc/os-release | tr -d '"\\n'; echo`;
  return [askRoot, version, showFiles(paths, maxFileBytes)].join('\n');
}
