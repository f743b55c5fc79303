import { keysOf } from '../../core/keys.ts';
import type { BundleFormat } from './bundle-format.ts';
import { menderBundle } from './mender.ts';
import { raucBundle } from './rauc.ts';
import { swuBundle } from './swu.ts';

/** The slot's bytes as they are. */
const raw: BundleFormat = { extension: 'ext4', make: ({ image }) => Promise.resolve(image) };

/** Every format that an image may have its releases in: a further one is a file beside this and a line here. */
export const bundleFormats = {
  verity: raucBundle('verity'),
  plain: raucBundle('plain'),
  swu: swuBundle({ direct: false }),
  'swu-direct': swuBundle({ direct: true }),
  mender: menderBundle('rootfs-image'),
  'mender-file': menderBundle('single-file'),
  raw,
} satisfies Record<string, BundleFormat>;

export const bundleFormatNames = keysOf(bundleFormats);
