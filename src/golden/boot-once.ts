import { ask, type Shell } from '../core/ask.ts';
import { CleanupStack } from '../core/cleanup.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import type { ImageManifest } from '../model/image.ts';
import type { Ready } from '../target/target.ts';
import { factoryDevice, type Surroundings } from './device.ts';

/** What a device said that was started once. */
export interface Seen {
  /** Until the login, by the clock and of QEMU's CPU. */
  seconds: number;
  cpuSeconds: number;
  kernel: string;
  /** Its root's device, file system and options, as /proc/mounts has them. */
  root: string;
  /** Units that failed, of a system with systemd; otherwise what is process 1. */
  services: string;
}

/** A system that makes keys, caches and users at its first start takes long, more so without KVM. */
const firstStartMs = 900_000;
const askMs = 60_000;

/**
 * Starts a device of an image once, on disks that are thrown away, and asks it what its files could not tell. Throws the
 * DeviceFailure of a boot that did not end at a login, and `observe-failed`.
 */
export async function bootOnce(
  manifest: ImageManifest,
  release: string,
  surroundings: Surroundings,
): Promise<Seen> {
  await using stack = new CleanupStack();
  const began = performance.now();
  const off = await factoryDevice(manifest, release, surroundings, stack);
  const device = await (await off.powerOn()).untilReady(Deadline.after(firstStartMs), surroundings.signal);
  if (device.state === 'broken') throw device.failure;
  const seconds = (performance.now() - began) / 1000;
  return { seconds, cpuSeconds: device.cpuSeconds(), ...(await look(device, surroundings.signal)) };
}

async function look(device: Ready, signal: AbortSignal) {
  const say = (command: string) => answer(device, command, signal);
  return {
    kernel: await say('uname -srm'),
    root: await say('awk \'$2 == "/" { root = $1 " " $3 " " $4 } END { print root }\' /proc/mounts'),
    services: await say(
      'if command -v systemctl >/dev/null; then systemctl --failed --no-legend --plain | cut -d" " -f1 | tr "\\n" " "; ' +
        'else readlink /proc/1/exe; fi',
    ),
  };
}

async function answer(device: Shell, command: string, signal: AbortSignal): Promise<string> {
  const failed = (why: string) => new DeviceFailure('observe-failed', `${command}: ${why}`);
  const { stdout } = await ask(
    device,
    command,
    { deadline: Deadline.after(askMs), signal, maxOutputBytes: 4096 },
    { failed: ({ stderr }) => failed(stderr.slice(-200)), late: () => failed('no answer') },
  );
  return stdout.trim();
}
