import { readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { sha256File } from '../core/digest.ts';
import { ScenarioError } from '../core/errors.ts';
import { assertFree, makeNewFolder } from '../core/new-folder.ts';
import { releasePattern } from '../document/forms.ts';
import { aptTrustOf } from '../feed/apt-trust.ts';
import { readPrivateKey } from '../guest/private-key.ts';
import { readableBytes } from '../image/file-ref.ts';
import { feedFormat } from '../image/prebuilt-packages.ts';
import type { MachineName } from '../model/machine.ts';
import { writeSchema } from '../scenario/editor-schema.ts';
import { nextRelease, updateScript } from '../yocto/written-yaml.ts';
import { openView } from './disk-view.ts';
import { type FoundDisk, type FoundRoot, findOn, partitionText, volumeText } from './found-disk.ts';
import { type PackageRecord, packageRecord, packagesOn } from './installed-packages.ts';
import { letIn } from './let-in.ts';
import { type OwnBoot, takeBoot } from './take-boot.ts';
import { givenDisk, takeDisk } from './take-disk.ts';
import { type GivenFeed, type GoldenLogin, imageYaml, scenarioText, type Written } from './written-yaml.ts';

/** What is to be imported, and what only a person can know. */
export interface ImportRequest extends OwnBoot {
  /** A disk image, or a folder with one. */
  disk: string;
  /** New folder (default: the disk's name). */
  to?: string | undefined;
  /** What devices leave the factory with (default: VERSION_ID of its os-release). */
  release?: string | undefined;
  /** A private key that the image lets in, or a password; without either a key is put in. */
  sshKey?: string | undefined;
  sshPassword?: string | undefined;
  sshUser: string;
  /** Package feeds that devices are upgraded from, in the order of the releases. */
  feeds: readonly GivenFeed[];
}

/** What was written. */
export interface Imported {
  folder: string;
  machine: MachineName;
  release: string;
  system: string;
  /** Each volume, how it starts, and how brownout logs in: for people. */
  volumes: string[];
  boot: string;
  login: string;
  packages: string;
  files: { name: string; bytes: number }[];
  /** What could not be found out, with what to write instead. */
  unknown: string[];
}

/**
 * Makes an image of a disk that somebody has made by hand or by a build system: a folder with an image.yaml, a copy of the
 * disk and a scenario. Nothing of the disk is run. Whole or not at all. Throws ScenarioError of givenDisk, `folder-occupied`,
 * `golden-no-system`, `golden-architecture`, `golden-no-ssh`, `golden-no-home` and `golden-no-boot`; HarnessError of takeBoot and letIn.
 */
export async function importImage(request: ImportRequest, signal: AbortSignal): Promise<Imported> {
  await assertOwn(request);
  const given = await givenDisk(request.disk);
  const stem = basename(given.path).replace(/(\.\w+){1,2}$/, '');
  const folder = resolve(request.to ?? stem.replaceAll(/[^\w.+-]/g, '_'));
  await assertFree(folder);
  return makeNewFolder(folder, async (temporary) => {
    const at = (name: string) => join(temporary, name);
    await takeDisk(given, at('disk.raw'), signal);
    await using disk = await openView(at('disk.raw'));
    const found = findOn(disk.view);
    assertWhole(given.path, found);
    const root = theRoot(given.path, found);
    const machine = machineOf(given.path, root);
    assertSsh(given.path, root);
    const record = await recordFor(root, request);
    const { unsigned, newest } = await aptAsks(record?.system === 'dpkg' ? request.feeds : []);
    const boot = await takeBoot(given.path, found, root, machine, request, at);
    const login = await logIn(given.path, root, request, at, signal);
    const release = request.release ?? releaseName(root.system.version, request.feeds);
    const written = {
      origin: `${given.path} (${given.format}, SHA-256 ${await sha256File(given.path)})`,
      ...{ machine, release, boot, login },
      system: root.system,
      feeds: request.feeds.map(({ release, folder }) => ({ release, folder: resolve(folder) })),
      ...{ unsigned, newest },
      volumes: found.volumes.map(volumeText),
    };
    await writeFile(at('image.yaml'), imageYaml(written));
    await writeFile(at('scenario.yaml'), scenarioText(written));
    await writeSchema(temporary);
    if (record === undefined) await writeFile(at('update.sh'), updateScript);
    else await writeFile(at('packages.json'), JSON.stringify(packagesOn(root.files, record)));
    const names = (await readdir(temporary)).sort();
    return {
      ...{ folder, machine, release },
      system: root.system.name,
      volumes: written.volumes,
      boot: boot.text,
      login: login.text,
      packages: packagesText(root),
      files: await Promise.all(names.map(async (name) => ({ name, bytes: (await stat(at(name))).size }))),
      unknown: [...unknownOf(found, root), ...unsigned.map(unsignedText)],
    };
  });
}

/** What a person has named is looked at before a disk is copied, which takes its time. */
async function assertOwn({ release, feeds, sshKey, kernel, initrd, firmware }: ImportRequest): Promise<void> {
  const names = [release, ...feeds.map((feed) => feed.release), ...(feeds.length === 0 ? [nextRelease] : [])];
  const twice = names.find((name, i) => name !== undefined && names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ScenarioError(
      'golden-release',
      twice === nextRelease
        ? `the release that update.sh makes is called ${nextRelease}, too`
        : `two releases are called ${twice}`,
      { hint: 'give them different names, with --name and --feed RELEASE=FOLDER' },
    );
  for (const path of [kernel, initrd, firmware]) if (path !== undefined) await readableBytes(path);
  if (sshKey !== undefined) await readPrivateKey(sshKey);
}

/** What was cut off would be missed by the device, at its start or much later. */
function assertWhole(path: string, { bytes, outside }: FoundDisk): void {
  const [first] = outside;
  if (first === undefined) return;
  const mebibytes = (count: number) => `${Math.ceil(count / 2 ** 20)} MiB`;
  throw new ScenarioError(
    'disk-damaged',
    `${path} is cut short: ${partitionText(first)} ends at ${mebibytes(first.end)}, the disk at ${mebibytes(bytes)}`,
    {
      hint: `copy it again; where nothing was beyond, truncate -s ${mebibytes(Math.max(...outside.map(({ end }) => end))).replace(' MiB', 'M')} makes it as long as its table says`,
    },
  );
}

const tableTexts: Readonly<Record<FoundDisk['table'], string>> = {
  none: 'no partition table, and on it',
  'damaged GPT': 'a GPT of which neither copy can be read, and on it',
  GPT: 'a GPT and',
  MBR: 'an MBR and',
};

function theRoot(path: string, { table, volumes, roots, overlapping }: FoundDisk): FoundRoot {
  const [first] = roots;
  if (first !== undefined) return first;
  const found = [
    ...volumes.map(volumeText),
    ...(overlapping.length === 0 ? [] : [`p${overlapping.join(', p')}, which overlap`]),
  ];
  const encrypted = volumes.some(
    ({ content }) => content.kind === 'named' && content.name.includes('encrypted'),
  );
  throw new ScenarioError(
    'golden-no-system',
    `${path} has no operating system that can be read; it has ${tableTexts[table]} ${found.join('; ') || 'nothing'}`,
    {
      hint: encrypted
        ? 'make the image without encryption: nobody could enter the passphrase of a device that starts alone'
        : table === 'damaged GPT'
          ? 'make the image again, or repair its table: gdisk DISK'
          : 'systems are found on ext4; describe others by hand: images/README.md, "Bring your own"',
    },
  );
}

function machineOf(path: string, { system, volume }: FoundRoot): MachineName {
  if (typeof system.machine === 'string') return system.machine;
  throw new ScenarioError(
    'golden-architecture',
    `${system.name} on ${path}, ${volumeText(volume)}, is made for ${system.machine.other}`,
    { hint: 'brownout has machines for x86-64 and 64-bit ARM' },
  );
}

function assertSsh(path: string, { system, volume }: FoundRoot): void {
  if (system.ssh !== undefined) return;
  throw new ScenarioError(
    'golden-no-ssh',
    `${system.name} on ${path}, ${volumeText(volume)}, has no ssh server, by which brownout looks at devices`,
    { hint: 'install openssh-server or dropbear into the image, and have it started' },
  );
}

/** What is installed, where devices are upgraded from feeds; undefined without one. */
async function recordFor(
  { system, files }: FoundRoot,
  { feeds }: ImportRequest,
): Promise<PackageRecord | undefined> {
  if (feeds.length === 0) return undefined;
  const record = packageRecord(files);
  if (record !== undefined) {
    for (const { release, folder } of feeds) await assertFits(record, release, folder);
    return record;
  }
  throw new ScenarioError(
    'golden-feed',
    `a feed is given, but ${system.name} has ${system.packages?.system ?? 'no package system'}: what is installed is listed for dpkg and opkg`,
    { hint: 'leave --feed out; an update by script is written then' },
  );
}

async function assertFits({ system }: PackageRecord, release: string, folder: string): Promise<void> {
  const format = await feedFormat(resolve(folder), `--feed ${release}=${folder}`);
  const wanted = system === 'dpkg' ? 'deb' : 'ipk';
  if (format === wanted) return;
  throw new ScenarioError(
    'golden-feed',
    `--feed ${release}=${folder} has ${format} packages, and ${system} on the disk takes ${wanted} packages`,
  );
}

/** Of the feeds of apt: those that nobody has signed, and the date of the newest. */
async function aptAsks(feeds: readonly GivenFeed[]): Promise<Pick<Written, 'unsigned' | 'newest'>> {
  const unsigned: GivenFeed[] = [];
  let newest: Date | undefined;
  for (const feed of feeds) {
    const { signed, date } = await aptTrustOf(feed.folder);
    if (!signed) unsigned.push(feed);
    if (date !== undefined && (newest === undefined || date > newest)) newest = date;
  }
  return { unsigned, newest };
}

function unsignedText({ release, folder }: GivenFeed): string {
  return `nobody has signed the feed of ${release}: scenario.yaml has apt trust it as it is (brownout feed index --format deb --sign KEY ${folder} signs it)`;
}

async function logIn(
  image: string,
  root: FoundRoot,
  { sshKey, sshPassword, sshUser: user }: ImportRequest,
  at: (name: string) => string,
  signal: AbortSignal,
): Promise<GoldenLogin> {
  const hostKey = root.system.ssh?.hostKey;
  if (sshKey !== undefined)
    return { user, privateKey: resolve(sshKey), hostKey, text: `${user}, by ${sshKey}`, changed: undefined };
  if (sshPassword !== undefined)
    return { user, password: sshPassword, hostKey, text: `${user}, by password`, changed: undefined };
  const { authorizedKeys, recovered } = await letIn(image, at('disk.raw'), root, at('id_ed25519'), signal);
  const changed = `its one change: a key in ${authorizedKeys}${recovered ? ', after its journal was replayed' : ''}`;
  return {
    user: 'root',
    privateKey: 'id_ed25519',
    hostKey,
    text: `root, by a new key in ${authorizedKeys}`,
    changed,
  };
}

function releaseName(version: string | undefined, feeds: readonly GivenFeed[]): string {
  const taken = [nextRelease, ...feeds.map(({ release }) => release)];
  return version !== undefined && releasePattern.test(version) && !taken.includes(version)
    ? version
    : 'golden';
}

function packagesText({ system: { packages } }: FoundRoot): string {
  if (packages === undefined) return 'no package system';
  return packages.installed === undefined
    ? packages.system
    : `${packages.installed} package${packages.installed === 1 ? '' : 's'} of ${packages.system}`;
}

function unknownOf({ roots, byBackup, overlapping }: FoundDisk, root: FoundRoot): string[] {
  const { ssh } = root.system;
  return [
    ...(byBackup
      ? [
          'the first copy of the GPT cannot be read, and Linux does not look at the one at the end: repair it, with gdisk DISK and its command w',
        ]
      : []),
    ...(overlapping.length === 0
      ? []
      : [`p${overlapping.join(', p')} overlap: of none of them is known what is in it`]),
    ...(ssh?.refusal === undefined
      ? []
      : [`${ssh.refusal}: sshd will refuse root; log in as somebody else with --ssh-user and --ssh-key`]),
    ...(ssh?.server === 'openssh' && !ssh.hasHostKeys
      ? ["there are no host keys in /etc/ssh: OpenSSH starts only if the image's first start makes them"]
      : []),
    ...(roots.length > 1
      ? [
          `there are ${roots.length} systems (${roots.map(({ volume }) => volumeText(volume)).join('; ')}): if they are slots of an A/B device, list them under slots, with slotContent for each release: images/README.md`,
        ]
      : []),
  ];
}
