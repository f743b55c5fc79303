import { z } from 'zod';
import { filePath, releaseName } from '../document/forms.ts';
import { didYouMean } from '../document/suggest.ts';
import { breakages } from '../model/image.ts';
import { machineNames } from '../model/machine.ts';
import { bootLoaderNames } from './disk/boot-loaders.ts';

/** What is said of an image for each machine that it is made for. */
export function perMachine<T extends z.ZodType>(one: T, names: readonly string[] = machineNames) {
  return z.strictObject(Object.fromEntries(names.map((name) => [name, one.optional()])));
}

/** Packages of one purpose: what apt is asked for, and what of its answer is left out again. */
export const packageSet = z.strictObject({
  /** Debian suite: `bookworm`. */
  suite: z.string().regex(/^[a-z]+$/),
  /** Package names; `{arch}` stands for the machine's Debian architecture. */
  install: z.array(z.string()).min(1),
  /** Dependencies that nothing in the image needs. */
  without: z.array(z.string()).default([]),
});

/** Packages by themselves, from another suite than the one that has what they need. */
export const packagesAlone = z.strictObject({
  /** `forky`, `trixie-backports`. */
  suite: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
  /** Package names; `{arch}` stands for the machine's Debian architecture. */
  install: z.array(z.string()).min(1),
  /** As apt's option Check-Valid-Until: `false` takes indexes whose date has passed. Their signature is still checked. */
  checkValidUntil: z.boolean().default(true),
});

/** A folder or file of the running system. */
const devicePath = filePath('of the device');

/** What of a running device may be filled up or spoilt (model/image.ts). */
export const places = z
  .strictObject({
    /** Where the boot loader's partition and the owner's data are mounted. */
    boot: devicePath.exactOptional(),
    data: devicePath.exactOptional(),
    /** All copies of what the boot loader keeps: files, or parts of a disk in bytes. */
    environment: z
      .array(
        z.strictObject({
          path: devicePath,
          offset: z.int().min(0).exactOptional(),
          bytes: z.int().min(1).exactOptional(),
        }),
      )
      .min(1)
      .exactOptional(),
  })
  .optional();

/** What every machine needs on which a boot loader starts the system. */
export const bootedMachine = {
  /** Serial port that the kernel writes to: `ttyS0`. */
  console: z.string(),
  /** Further kernel arguments. */
  kernelArguments: z.string(),
  bootLoader: z.enum(bootLoaderNames),
  /** Folder of the boot loader's scripts; default: `boot`. */
  boot: z.string().exactOptional(),
  /** Folder laid over the root file system on this machine only. */
  overlay: z.string().exactOptional(),
  firmware: packageSet,
  /** Besides the image's tools, which have all that these need: a newer GRUB. */
  tools: packagesAlone.exactOptional(),
  places,
};

/** One folder of the image, or several. */
const folders = z.union([z.string(), z.array(z.string()).min(1)]);

/** A release that is built. */
export const builtRelease = z.strictObject({
  version: releaseName,
  /** Whether devices may leave the factory with it. */
  factory: z.boolean().default(false),
  /** Folder laid over the root file system; or several, each over the ones before. */
  overlay: folders.optional(),
  /** Paths taken away at the end, without a leading slash. */
  remove: z.array(z.string()).default([]),
  /** File of seeded random bytes, so that releases differ in bulk as real ones do. */
  payloadMiB: z.int().min(0).max(512).default(0),
});

/** A release that devices are not to keep: a good one, with this difference. */
export const brokenRelease = z.strictObject({
  version: releaseName,
  /** The good release. */
  of: releaseName,
  how: z.enum(breakages),
});

/** Path of a program of the running system that ends with 0 where its release works. */
export const health = filePath('of a program of the device').optional();

/** How the harness logs in. */
export const ssh = z.strictObject({
  user: z.string(),
  /** Files of the folder of test keys: the client's private key, the host's public one. */
  privateKey: z.string(),
  hostKey: z.string(),
});

/** A system that is built from Debian packages, apart from how its releases come to devices. */
export const builtSystem = {
  description: z.string(),
  /** SOURCE_DATE_EPOCH: seconds since 1970 that every file and file system bears. */
  epoch: z.int().min(1_000_000_000),
  packages: z.strictObject({
    system: packageSet,
    kernel: packageSet,
    tools: packageSet,
    /** Besides `system`, which has all that these need. */
    more: packagesAlone.optional(),
  }),
  root: z.strictObject({
    /** Folder laid over the files from packages; or several, each over the ones before. */
    overlay: folders,
    /** Patterns of files taken from the system's packages; `*` stays within a folder, `**` does not (core/glob.ts). */
    files: z.array(z.string()),
    /** Libraries that programs open by name at run time. */
    libraries: z.array(z.string()).default([]),
    /** Kernel modules, with what they need. */
    modules: z.array(z.string()),
    /** Programs that busybox stands in for, as paths under /usr. */
    busybox: z.array(z.string()),
    directories: z.array(z.string()).default([]),
    links: z.record(z.string(), z.string()).default({}),
    /** Files of the folder of test keys, by path in the image. */
    keys: z.record(z.string(), z.string()).default({}),
    health,
  }),
  initramfs: z.strictObject({
    modules: z.array(z.string()),
    /** Folder laid over it: the image's own where it has an `init`, or else that of images/common. */
    overlay: z.string(),
    /** Programs of the system's packages that its `init` runs besides busybox. */
    programs: z.array(z.string()).default([]),
  }),
  ssh,
  releases: z.array(builtRelease).min(1),
  broken: z.array(brokenRelease).default([]),
};

/** Complains of a broken release that is no difference of a good one. */
export function checkBroken(
  { root, releases, broken }: z.infer<z.ZodObject<Pick<typeof builtSystem, 'root' | 'releases' | 'broken'>>>,
  context: z.RefinementCtx,
): void {
  const good = releases.map(({ version }) => version);
  broken.forEach(({ version, of, how }, i) => {
    const complain = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: ['broken', i, key], message });
    if (!good.includes(of)) complain('of', `one of the releases: ${good.join(', ')}${didYouMean(of, good)}`);
    if (good.includes(version)) complain('version', 'a name that no good release has');
    if (how === 'health' && root.health === undefined)
      complain('how', 'the image has no health check that could fail: root.health names one');
  });
}

/** What a prebuilt image says of its disks and slots. */
interface DisksAndSlots {
  disks: readonly { id: string }[];
  slots: readonly { name: string; disk: string; offset: number; length: number; root: string }[];
  releases: Readonly<Record<string, { factory?: Readonly<Record<string, string>> | undefined }>>;
}

const sectorBytes = 512;

/** Complains of disks and slots that are there twice, share bytes or are not there, each where it stands. */
export function checkDisksAndSlots(
  { disks, slots, releases }: DisksAndSlots,
  context: z.RefinementCtx,
): void {
  const complain = (path: PropertyKey[], message: string) =>
    context.addIssue({ code: 'custom', path, message });
  const ids = disks.map(({ id }) => id);
  const unknown = (id: string) =>
    `no disk ${JSON.stringify(id)} of the image; it has ${ids.join(', ')}${didYouMean(id, ids)}`;
  ids.forEach((id, i) => {
    if (ids.indexOf(id) < i) complain(['disks', i, 'id'], `another disk is called ${id}, too`);
  });
  slots.forEach((slot, i) => {
    const before = slots.slice(0, i);
    const { name, disk, offset, length, root } = slot;
    if (!ids.includes(disk)) complain(['slots', i, 'disk'], unknown(disk));
    if (before.some((one) => one.name === name))
      complain(['slots', i, 'name'], `another slot is called ${name}, too`);
    const sameRoot = before.find((one) => one.root === root);
    if (sameRoot !== undefined)
      complain(['slots', i, 'root'], `slot ${sameRoot.name} is ${root}, too: nobody could tell which runs`);
    for (const key of ['offset', 'length'] as const)
      if (slot[key] % sectorBytes !== 0)
        complain(['slots', i, key], `expected a multiple of ${sectorBytes}, found ${slot[key]}`);
    const shares = before.find(
      (one) => one.disk === disk && one.offset < offset + length && offset < one.offset + one.length,
    );
    if (shares !== undefined)
      complain(
        ['slots', i, 'offset'],
        `it shares bytes with slot ${shares.name}, which has ${shares.offset} to ${shares.offset + shares.length}`,
      );
  });
  for (const [version, { factory }] of Object.entries(releases)) {
    if (factory === undefined) continue;
    const place = ['releases', version, 'factory'];
    for (const id of Object.keys(factory)) if (!ids.includes(id)) complain([...place, id], unknown(id));
    const absent = ids.filter((id) => !Object.hasOwn(factory, id));
    if (absent.length > 0) complain(place, `no content for disk ${[...new Set(absent)].join(', ')}`);
  }
}
