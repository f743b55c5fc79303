import { keysOf } from '../../core/keys.ts';
import type { BootLoader, BootLoaderInputs } from './boot-loader.ts';
import { grub } from './grub.ts';
import { systemdBoot } from './systemd-boot.ts';
import { uboot } from './uboot.ts';

/** What a machine of an image may be started by: a further boot loader is a file beside this and a line here. */
export const bootLoaders = { grub, uboot, 'systemd-boot': systemdBoot } satisfies Record<
  string,
  (inputs: BootLoaderInputs) => Promise<BootLoader>
>;

export const bootLoaderNames = keysOf(bootLoaders);
