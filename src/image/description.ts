import { join } from 'node:path';
import { z } from 'zod';
import { fingerprintPattern, releaseName } from '../document/forms.ts';
import { readDocument } from '../document/read.ts';
import { didYouMean } from '../document/suggest.ts';
import { breakages } from '../model/image.ts';
import { bundleFormatNames } from './bundles/index.ts';
import {
  bootedMachine,
  brokenRelease,
  builtRelease,
  builtSystem,
  checkBroken,
  checkDisksAndSlots,
  health,
  packageSet,
  packagesAlone,
  perMachine,
  places,
  ssh,
} from './description-parts.ts';

const machine = z.strictObject({
  ...bootedMachine,
  /** Size of one slot and of the file system in it. */
  slotMiB: z.int().min(8).max(4096),
});

/** An A/B image that is built from Debian packages. */
const builtImage = z
  .strictObject({
    ...builtSystem,
    /** What bundles are signed with: files of the folder of test keys. */
    bundles: z.strictObject({
      compatible: z.string(),
      certificate: z.string(),
      key: z.string(),
      formats: z.array(z.enum(bundleFormatNames)).min(1),
      /** RAUC's name of the slot's image: before the dot the class of slots that it is for. Absent: `rootfs.ext4`. */
      imageName: z
        .string()
        .regex(/^[a-z]+\.[a-z0-9]+$/)
        .exactOptional(),
      /** Folder of the state scripts that Mender's artifacts bring along. */
      stateScripts: z.string().exactOptional(),
    }),
    disk: z
      .strictObject({
        table: z.enum(['gpt', 'mbr']).default('gpt'),
        /** Where the owner's partition lies: behind both slots, or before them. */
        data: z.enum(['last', 'second']).default('last'),
        /** Whether slots are mounted read-write: releases are then told by their files, since a slot's bytes change in use. */
        writable: z.boolean().default(false),
        /**
         * How slots are called in the partition table: as systemd-sysupdate does it, by the release that they hold, and `_empty`.
         * Devices then leave the factory with one slot filled, and a release is offered as several files. Absent: by their place.
         */
        slots: z.literal('versioned').exactOptional(),
        /** What a slot holds; absent: ext4. */
        filesystem: z.literal('squashfs').exactOptional(),
        bootMiB: z.int().min(8).max(512),
        dataMiB: z.int().min(4).max(4096),
        /** Empty directories that the data partition starts with. */
        dataDirectories: z.array(z.string()).default([]),
      })
      .refine(({ writable, filesystem }) => !writable || filesystem === undefined, {
        path: ['writable'],
        error: 'nothing can be written to a squashfs',
      })
      .refine(({ slots, table }) => slots === undefined || table === 'gpt', {
        path: ['slots'],
        error: 'an MBR has no names of partitions',
      }),
    machines: perMachine(machine),
  })
  .superRefine(checkBroken)
  .superRefine(({ disk, machines }, context) => {
    for (const [name, one] of Object.entries(machines))
      if (one !== undefined && (one.bootLoader === 'systemd-boot') !== (disk.slots === 'versioned'))
        context.addIssue({
          code: 'custom',
          path: ['machines', name, 'bootLoader'],
          message: 'systemd-boot where slots are versioned, and another one where they are not',
        });
  });

const ostreeMachine = z.strictObject({
  ...bootedMachine,
  bootLoader: bootedMachine.bootLoader.extract(['grub', 'uboot']),
  /** Size of the partition with the repository and all deployments. */
  sysrootMiB: z.int().min(32).max(8192),
});

const applicationName = z.string().regex(/^[a-z][a-z0-9-]*$/);

/** A release in which one application is another, and the system as in the release `of`. */
const applicationRelease = z.strictObject({
  version: releaseName,
  of: releaseName,
  application: applicationName,
  to: releaseName,
  /** Whether the application starts, and never tells that it works. */
  silent: z.literal(true).exactOptional(),
});

/** Applications in containers, which lie in a second OSTree repository on a partition of their own. */
const applications = z.strictObject({
  /** Size of that partition. */
  mebibytes: z.int().min(8).max(4096),
  /** Folder of what containers are run from; busybox is added, and a file that says which application it is. */
  overlay: z.string(),
  /** In bulk, for each application. */
  payloadKiB: z.int().min(0).max(65_536).default(0),
  /** Seconds that an application has to tell that it works. */
  seconds: z.int().min(1).max(3600),
  /** Version of each application that devices leave the factory with. */
  factory: z.record(applicationName, releaseName),
  releases: z.array(applicationRelease),
});

const noApplications: Pick<z.infer<typeof applications>, 'factory' | 'releases'> = {
  factory: {},
  releases: [],
};

/** A system built from the same packages, whose releases are commits of an OSTree repository. */
const ostreeImage = z
  .strictObject({
    ...builtSystem,
    ostree: z.strictObject({
      /** Name of the system below /ostree/deploy, and of the remote. */
      os: z.string().regex(/^[a-z][a-z0-9-]*$/),
      /** What devices follow: `stable`. */
      branch: z.string().regex(/^[\w-]+(\/[\w-]+)*$/),
      /** OpenPGP key that signs commits, of the folder of test keys. */
      key: z.string(),
      /** Whether the repository has static deltas to each release, from those before it. */
      deltas: z.literal(true).exactOptional(),
    }),
    disk: z.strictObject({ bootMiB: z.int().min(8).max(512) }),
    machines: perMachine(ostreeMachine),
    applications: applications.exactOptional(),
  })
  .superRefine(checkBroken)
  .superRefine(({ releases, applications: { factory, releases: others } = noApplications }, context) => {
    const known = releases.map(({ version }) => version);
    others.forEach(({ of, application }, i) => {
      const complain = (key: string, message: string) =>
        context.addIssue({ code: 'custom', path: ['applications', 'releases', i, key], message });
      if (!known.includes(of))
        complain('of', `one of the releases: ${known.join(', ')}${didYouMean(of, known)}`);
      if (!(application in factory))
        complain(
          'application',
          `one of ${Object.keys(factory).join(', ')}${didYouMean(application, Object.keys(factory))}`,
        );
    });
  });

const bundleFiles = z.record(z.string(), z.string());

const prebuiltMachine = z
  .strictObject({
    /** `builtin` is what QEMU brings itself: SeaBIOS. */
    firmware: z
      .union([z.literal('builtin'), z.strictObject({ attach: z.enum(['bios', 'pflash']), code: z.string() })])
      .optional(),
    /** Instead of firmware: what QEMU loads itself, as runqemu has it. */
    kernel: z
      .strictObject({ image: z.string(), initrd: z.string().optional(), arguments: z.string() })
      .optional(),
    memoryMiB: z.int().min(32).max(65536).optional(),
    /** Instead of brownout's own board and network card: QEMU's options, each with its argument: `-cpu cortex-a57`. */
    machineOptions: z
      .array(z.string().regex(/^--?[a-z][\w-]*( \S.*)?$/, { error: 'an option of QEMU, such as -cpu max' }))
      .optional(),
    disks: z
      .array(
        z.strictObject({
          id: z.string().regex(/^[\w-]+$/),
          attach: z.enum(['virtio-blk', 'pflash', 'machine']).default('virtio-blk'),
          cache: z.enum(['writeback', 'writethrough']).default('writeback'),
        }),
      )
      .min(1),
    slots: z
      .array(
        z.strictObject({
          name: z.string(),
          disk: z.string(),
          offset: z.int().min(0),
          length: z.int().min(512),
          root: z.string(),
        }),
      )
      .default([]),
    ssh: z
      .strictObject({
        user: z.string(),
        privateKey: z.string().optional(),
        password: z.string().optional(),
        /** Without it the first host key that a device shows is kept while it is on the bench. */
        hostKeySha256: z.string().regex(fingerprintPattern).optional(),
      })
      .refine(({ privateKey, password }) => (privateKey === undefined) !== (password === undefined), {
        error: 'either a privateKey or a password, not both',
      }),
    health,
    places,
    releases: z.record(
      z.string(),
      z.strictObject({
        /** Disk contents by disk id. */
        factory: z.record(z.string(), z.string()).optional(),
        /** What a slot holds when it holds this release; without it nobody can say which release runs. */
        slotContent: z.string().optional(),
        /** The same for slots that the device makes itself: a tar of their files, or a list as sha256sum prints it. */
        slotFiles: z.string().optional(),
        bundles: bundleFiles.default({}),
        /** What is installed on a device with this release, as `brownout image import` lists it. */
        packages: z.string().optional(),
        /** Folder of a package feed that devices are upgraded from: what it has takes the place of the release before. */
        feed: z.string().optional(),
        /** Of one that devices are not to keep: what is wrong with it. */
        broken: z.enum(breakages).optional(),
      }),
    ),
  })
  .refine(({ firmware, kernel }) => (firmware === undefined) !== (kernel === undefined), {
    error: 'either firmware or a kernel, not both',
  })
  .superRefine(checkDisksAndSlots);

/** An image whose files somebody else has made; paths are relative to the image.yaml. */
const prebuiltImage = z.strictObject({
  description: z.string(),
  prebuilt: perMachine(prebuiltMachine),
});

const feedMachine = z.strictObject({
  /** Serial port that the kernel writes to: `ttyS0`. */
  console: z.string(),
  /** Further kernel arguments. */
  kernelArguments: z.string(),
  memoryMiB: z.int().min(32).max(65536).default(256),
});

const feedRelease = z.strictObject({
  version: releaseName,
  /** Whether devices may leave the factory with it. */
  factory: z.boolean().default(false),
  /**
   * Folder with its packages: a name is one below the folder that BROWNOUT_DATA names; with a "/", a path relative to
   * the image.yaml. Default: the packages of the release before.
   */
  packages: z.string().optional(),
  /** Or those of this earlier release. */
  from: z.string().optional(),
  /** Not one of the product's sequence of releases: `admit` leaves it out unless it is named. */
  apart: z.boolean().default(false),
  /** Recipe that makes its feed from those packages; without one it is them. */
  recipe: z.string().optional(),
  /**
   * Recipe by which a product builds packages of this release itself, in versions of its own. They are offered besides,
   * in feeds of their own, and later releases offer them too, as they are, until one has such a recipe again or `from`.
   */
  local: z.string().optional(),
});

/** An image that is installed from a package feed, on one ext4 file system, and upgraded by later releases of the feed. */
const feedImage = z
  .strictObject({
    description: z.string(),
    /** SOURCE_DATE_EPOCH: seconds since 1970 that every file and file system bears. */
    epoch: z.int().min(1_000_000_000),
    feed: z.strictObject({
      format: z.enum(['ipk', 'deb', 'rpm']),
      /** Instead of a folder: Debian packages, as the first release's feed; made into rpms where that is the format. */
      packages: packageSet.optional(),
      /** Of debs: the OpenPGP key that signs InRelease, of the folder of test keys. */
      sign: z.string().optional(),
      /** Packages that are in the feed, but not installed. */
      without: z.array(z.string()).default([]),
    }),
    packages: z.strictObject({ system: packageSet, kernel: packageSet, tools: packageSet }),
    root: z.strictObject({
      /** Folder laid over the packages' files. */
      overlay: z.string(),
      mebibytes: z.int().min(16).max(8192),
      links: z.record(z.string(), z.string()).default({}),
      /** Files of the folder of test keys, by path in the image. */
      keys: z.record(z.string(), z.string()).default({}),
      /** Script that the first boot runs before the system starts: path in the image's folder. */
      firstBoot: z.string(),
    }),
    initramfs: z.strictObject({
      modules: z.array(z.string()),
      /** Folder laid over it: the image's own where it has an `init`, or else that of images/common. */
      overlay: z.string(),
      /** Programs of the system's packages that its `init` runs besides busybox. */
      programs: z.array(z.string()).default([]),
    }),
    ssh,
    machines: perMachine(feedMachine),
    releases: z.array(feedRelease).min(1),
  })
  .refine(
    ({ feed, releases: [first] }) => (feed.packages === undefined) !== (first?.packages === undefined),
    {
      path: ['releases', 0],
      error: 'the first release needs packages: a folder, or the packages of feed',
    },
  )
  .superRefine(({ releases }, context) => {
    releases.forEach(({ from, packages }, i) => {
      const earlier = releases.slice(0, i).map(({ version }) => version);
      const complain = (message: string) =>
        context.addIssue({ code: 'custom', path: ['releases', i, 'from'], message });
      if (from === undefined) return;
      if (!earlier.includes(from))
        complain(`an earlier release: ${earlier.join(', ') || 'there is none'}${didYouMean(from, earlier)}`);
      if (packages !== undefined)
        complain('a release is made from a folder or from another release, not both');
    });
  });

const imageDescription = z.union([builtImage, ostreeImage, feedImage, prebuiltImage]);

export type PackageSet = z.infer<typeof packageSet>;
export type PackagesAlone = z.infer<typeof packagesAlone>;
export type MachineDescription = z.infer<typeof machine>;
export type ReleaseDescription = z.infer<typeof builtRelease>;
export type BrokenRelease = z.infer<typeof brokenRelease>;
export type BuiltImage = z.infer<typeof builtImage>;
export type OstreeMachine = z.infer<typeof ostreeMachine>;
export type Applications = z.infer<typeof applications>;
export type OstreeImage = z.infer<typeof ostreeImage>;
/** What a system of Debian packages is made from, however its releases come to devices. */
export type BuiltSystem = Pick<BuiltImage & OstreeImage, keyof typeof builtSystem>;
export type BootedMachine = Pick<MachineDescription, keyof typeof bootedMachine>;
export type FeedMachine = z.infer<typeof feedMachine>;
export type FeedImage = z.infer<typeof feedImage>;
export type PrebuiltMachine = z.infer<typeof prebuiltMachine>;
export type PrebuiltImage = z.infer<typeof prebuiltImage>;
export type ImageDescription = z.infer<typeof imageDescription>;

/** JSON Schema of an image.yaml, for editors. */
export function imageJsonSchema(): Record<string, unknown> {
  return { title: 'brownout image', ...z.toJSONSchema(imageDescription, { io: 'input' }) };
}

/** Reads `<imagesRoot>/<name>/image.yaml`. Throws ScenarioError with file:line:column. */
export function readDescription(imagesRoot: string, name: string): Promise<ImageDescription> {
  return readDocument(join(imagesRoot, name, 'image.yaml'), imageDescription);
}
