/** What a proposal to the Yocto Project's TSC must say of a recipe, and no test can show. */
export const toBeStated: readonly string[] = [
  "The recipe's layer is Yocto Project Compatible, and in the binary distribution already.",
  'The recipe is well maintained: by whom, and since when.',
  'CVEs are answered within reasonable time: how, and how it went with the last ones.',
  'Someone is committed to working upgrades of it, from release to release.',
  'The build and test resources that it takes.',
  'It is useful to many.',
  'What it adds to the test matrix, and to the productivity of those who use the distribution.',
];

/** What these tests do not look at, whatever the package. */
export const limits: readonly string[] = [
  'A device takes a whole release, not the package alone: a failure may be of another package that changed with it, and the findings name the files.',
  'A release of which the image has no factory disk is come to by an upgrade from the one before, and then the package is installed.',
  'What the package is for is not tested: its units are active, and what it answers was not asked.',
  'Services are units of systemd: on a device without it a package with units fails, and init scripts are not looked at.',
  'Configuration is what the package lists as configuration files; what it keeps elsewhere (below /var, users and groups) was not edited.',
  'Power is cut during upgrades, not during the first installation or the removal; after a cut, the package manager recovers as its documentation says.',
  'Emulated machines, one CPU, without KVM where power is cut: hardware of its own may do otherwise.',
];
