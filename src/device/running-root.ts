import type { SlotSpec } from '../model/image.ts';

/** Commands for a device's shell: one line with the kernel's command line, and one with what is mounted as the root. */
export const askRoot = [
  `tr -d '\\n' < /proc/cmdline; echo`,
  `mounted=; while read -r what where _; do [ "$where" = / ] && mounted=$what; done </proc/mounts; echo "$mounted"`,
].join('\n');

/**
 * What a device runs from, by its answer to `askRoot`: the `root=` of its kernel, or, where that is no slot's, what is
 * mounted if that is one. A label that goes with the release says nothing of the place.
 */
export function rootOf(
  [commandLine = '', mounted = '']: readonly string[],
  slots: readonly Pick<SlotSpec, 'root'>[],
): string {
  const named = /(?:^|\s)root=(\S+)/.exec(commandLine)?.[1] ?? 'nowhere';
  return [named, mounted].find((one) => slots.some(({ root }) => root === one)) ?? named;
}
