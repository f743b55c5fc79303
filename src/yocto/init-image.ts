import { copyFile, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { assertFree, makeNewFolder } from '../core/new-folder.ts';
import { releasePattern } from '../document/forms.ts';
import { didYouMean } from '../document/suggest.ts';
import { readPrivateKey } from '../guest/private-key.ts';
import { type MachineName, machines } from '../model/machine.ts';
import { writeSchema } from '../scenario/editor-schema.ts';
import { readDeployFolder } from './deploy-folder.ts';
import { type BootPlan, bootPlan, type DeployedImage } from './deployed-image.ts';
import { type DescribedMachine, describedMachine } from './described-machine.ts';
import { copyDisk } from './disk-copy.ts';
import { loginWarnings } from './login.ts';
import {
  type InitSsh,
  imageYaml,
  nextRelease,
  scenarioYaml,
  updateScript,
  type Written,
} from './written-yaml.ts';

/** What is to be described, and where. */
export interface InitRequest {
  /** DEPLOY_DIR, or the folder of one machine. */
  deployFolder: string;
  /** Needed where there are several. */
  image?: string | undefined;
  machine?: string | undefined;
  /** `ext4`, `wic`: instead of QB_DEFAULT_FSTYPE. */
  fstype?: string | undefined;
  /** New folder (default: brownout-IMAGE). */
  to?: string | undefined;
  /** Of the scenario. */
  name?: string | undefined;
  ssh: InitSsh;
}

/** What was written. */
export interface Initialised {
  folder: string;
  image: string;
  machine: MachineName;
  release: string;
  files: { name: string; bytes: number }[];
  /** What may keep brownout from logging in. */
  warnings: string[];
}

/**
 * Describes an image that a Yocto build left, in a new folder: image.yaml, scenario.yaml, and copies of what is booted.
 * Copies, because runqemu writes to the build's file, and the next build removes it. Whole or not at all. Throws
 * ScenarioError of readDeployFolder, bootPlan and commandLines; `yocto-ambiguous`, `yocto-unsupported`,
 * `package-damaged` and `folder-occupied`; HarnessError `folder-unwritable`.
 */
export async function initImage(request: InitRequest, signal?: AbortSignal): Promise<Initialised> {
  const { key } = request.ssh;
  if (key !== undefined) await readPrivateKey(key);
  const image = await chosenImage(request);
  const plan = bootPlan(image, request.fstype);
  const written = describe(image, plan, request);
  const folder = resolve(request.to ?? `brownout-${image.name.replaceAll(/[^\w.+-]/g, '_')}`);
  await assertFree(folder);
  const files = await makeNewFolder(folder, (temporary) => writeAll(temporary, image, plan, written, signal));
  const { machineName: machine, release } = written;
  return { folder, image: image.name, machine, release, files, warnings: loginWarnings(image, request.ssh) };
}

async function chosenImage({ deployFolder, image, machine }: InitRequest): Promise<DeployedImage> {
  const { root, machines } = await readDeployFolder(deployFolder);
  const all = machines.flatMap(({ images }) => images);
  const chosen = all.filter(
    ({ name, boot }) => name === (image ?? name) && boot.machine === (machine ?? boot.machine),
  );
  const [only] = chosen;
  if (only !== undefined && chosen.length === 1) return only;
  const shown = (images: readonly DeployedImage[]) =>
    images.map(({ name, boot }) => `${name} for ${boot.machine}`).join(', ');
  if (chosen.length > 1)
    throw new ScenarioError('yocto-ambiguous', `${root} has ${chosen.length} images: ${shown(chosen)}`, {
      hint: 'choose with --image and --machine',
    });
  const asked = [image ?? 'an image', ...(machine === undefined ? [] : [`for ${machine}`])].join(' ');
  const names = [...new Set(all.map(({ name }) => name))];
  const near =
    image === undefined || names.includes(image)
      ? didYouMean(machine ?? '', [...new Set(all.map(({ boot }) => boot.machine))])
      : didYouMean(image, names);
  throw new ScenarioError('yocto-not-found', `${root} has no ${asked}, only ${shown(all)}${near}`);
}

function describe(image: DeployedImage, { files, source }: BootPlan, request: InitRequest): Written {
  const { name, boot, manifest, testData } = image;
  const machine = describedMachine(boot, files);
  const machineName = machine.machine;
  const build = [testData?.distribution, testData?.version].filter((word) => word !== undefined).join(' ');
  const origin = [
    `${name} for ${boot.machine}${build === '' ? '' : `, ${build}`}, described by brownout init`,
    `from ${basename(boot.path)} and ${basename(source.path)}`,
    ...(manifest === undefined
      ? []
      : [`${manifest.packages.length} packages are listed in packages.manifest`]),
  ].join('; ');
  assertBootable(image, machine);
  return {
    image: name,
    machineName,
    name: request.name ?? `${name} is updated`,
    origin,
    release: releaseOf(testData?.version),
    machine,
    ssh: { ...request.ssh, key: request.ssh.key === undefined ? undefined : resolve(request.ssh.key) },
    files: { rootfs: `rootfs.${source.type}`, kernel: 'kernel', firmware: 'firmware.bin' },
  };
}

/** What an image.yaml cannot say. */
function assertBootable(image: DeployedImage, machine: DescribedMachine): void {
  const refuse = (why: string, hint: string) => {
    const message = `${image.name} for ${image.boot.machine}: ${why}`;
    throw new ScenarioError('yocto-unsupported', message, { hint });
  };
  const { kernel, bios, deviceTree, options } = machine;
  const byHand = 'describe the image by hand: images/README.md, "Bring your own"';
  if (kernel !== undefined && bios !== undefined)
    refuse('it has both a kernel and a BIOS (QB_DEFAULT_BIOS), of which an image.yaml takes one', byHand);
  if (deviceTree !== undefined)
    refuse('it has a device tree (QB_DTB), which an image.yaml cannot name', byHand);
  if (kernel === undefined && bios === undefined && !machines[machine.machine].qemu.hasFirmware)
    refuse(
      'its disk is to boot by itself, but QEMU has no firmware for it',
      'choose --fstype ext4, or set QB_DEFAULT_BIOS or QB_FSINFO = "wic:no-kernel-in-fs" in the machine configuration',
    );
  if (!options.some((option) => /^-netdev user(,|$)/.test(option)))
    refuse('its machine has no user network (slirp), and so no ssh', 'correct QB_NET or QB_SLIRP_OPT');
  if (!options.some((option) => /^-device .*,drive=disk-main(,|$)/.test(option)))
    refuse('its machine has no disk (QB_ROOTFS)', byHand);
}

/** The distribution's version, where a release may be called so. */
function releaseOf(version: string | undefined): string {
  return version !== undefined && version !== nextRelease && releasePattern.test(version) ? version : 'built';
}

async function writeAll(
  folder: string,
  image: DeployedImage,
  { source }: BootPlan,
  written: Written,
  signal?: AbortSignal,
): Promise<Initialised['files']> {
  const { files, machine } = written;
  const at = (name: string) => join(folder, name);
  await copyDisk(source.path, at(files.rootfs), source.compression, signal);
  if (machine.kernel !== undefined) await copyFile(machine.kernel.path, at(files.kernel));
  else if (machine.bios !== undefined) await copyFile(machine.bios, at(files.firmware));
  if (image.manifest !== undefined) await copyFile(image.manifest.path, at('packages.manifest'));
  await writeFile(at('update.sh'), updateScript);
  await writeFile(at('image.yaml'), imageYaml(written));
  await writeFile(at('scenario.yaml'), scenarioYaml(written));
  await writeSchema(folder);
  const names = (await readdir(folder)).sort();
  return Promise.all(names.map(async (name) => ({ name, bytes: (await stat(at(name))).size })));
}
