import type { RunContext } from '../device/run-context.ts';
import { qemuVersion } from '../qemu/accelerator.ts';
import { readPageParts } from '../report/page/page-parts.ts';
import { createTarget } from '../target/target.ts';
import { imageFor, wrongReleaseFor } from './scenario-image.ts';

/** What a run asks of its host besides files: who builds images, makes devices, and what pages are made with. */
export interface RunHost {
  createTarget: RunContext['createTarget'];
  imageFor: typeof imageFor;
  wrongReleaseFor: typeof wrongReleaseFor;
  qemuVersion: typeof qemuVersion;
  pageParts: () => ReturnType<typeof readPageParts>;
}

/** QEMU's devices, and images from their descriptions. */
export const qemuHost: RunHost = {
  createTarget,
  imageFor,
  wrongReleaseFor,
  qemuVersion,
  pageParts: readPageParts,
};
