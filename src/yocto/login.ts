import type { DeployedImage } from './deployed-image.ts';
import type { InitSsh } from './written-yaml.ts';

/** Packages of openembedded-core that bring an ssh server. */
const servers = ['dropbear', 'openssh-sshd'];
/** Of IMAGE_FEATURES; up to 5.1 all of them came with `debug-tweaks`. */
const openDoor = ['allow-empty-password', 'allow-root-login', 'empty-root-password'];

/** What the build says of itself that will keep brownout from logging in. */
export function loginWarnings({ name, manifest, testData }: DeployedImage, { key, user }: InitSsh): string[] {
  const warnings: string[] = [];
  const packages = manifest?.packages.map((one) => one.name) ?? [];
  if (packages.length > 0 && !packages.some((one) => servers.includes(one)))
    warnings.push(
      `${name} has no ssh server among its packages, and brownout cannot log in without one: EXTRA_IMAGE_FEATURES += "ssh-server-dropbear" adds one`,
    );
  const features = testData?.features;
  if (key !== undefined || features === undefined || features.includes('debug-tweaks')) return warnings;
  const missing = openDoor.filter((feature) => !features.includes(feature));
  if (missing.length > 0)
    warnings.push(
      `${name} does not let ${user} in with an empty password (IMAGE_FEATURES has no ${missing.join(', ')}): add them for tests, or give --ssh-key`,
    );
  return warnings;
}
