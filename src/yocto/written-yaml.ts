import type { MachineName } from '../model/machine.ts';
import { oneLine } from '../report/text.ts';
import { schemaLine } from '../scenario/editor-schema.ts';
import { deviationText } from './command-lines.ts';
import type { DescribedMachine } from './described-machine.ts';

/** How brownout is to log in; paths are absolute. */
export interface InitSsh {
  user: string;
  /** A private key; without one the empty password. */
  key?: string | undefined;
  hostKeySha256?: string | undefined;
}

/** What is written about an image. */
export interface Written {
  /** The recipe's name: `core-image-minimal`. */
  image: string;
  machineName: MachineName;
  /** What the scenario is called. */
  name: string;
  /** Where it comes from, for people. */
  origin: string;
  /** What the device leaves the factory with. */
  release: string;
  machine: DescribedMachine;
  ssh: InitSsh;
  /** Names of files beside the image.yaml. */
  files: { rootfs: string; kernel: string; firmware: string };
}

/** The release that the written update makes of the first. */
export const nextRelease = 'next';

/** The text of an image.yaml. */
export function imageYaml({ image, machineName, origin, release, machine, ssh, files }: Written): string {
  const { kernel, bios, options, memoryMiB, deviations } = machine;
  const firstCode =
    kernel !== undefined
      ? ['    kernel:', `      image: ${text(files.kernel)}`, `      arguments: ${text(kernel.arguments)}`]
      : bios !== undefined
        ? [`    firmware: { attach: bios, code: ${text(files.firmware)} }`]
        : [
            '    # The disk boots by itself, from the firmware that QEMU brings: SeaBIOS.',
            '    firmware: builtin',
          ];
  return lines([
    `# ${oneLine(origin)}`,
    '#',
    '# The machine is the one that "runqemu slirp nographic" starts, but for these differences (RUN: the folder of a run):',
    ...deviations.map((one) => `# - ${oneLine(deviationText(one), 2000)}`),
    `description: ${text(image)}`,
    'prebuilt:',
    `  ${machineName}:`,
    ...firstCode,
    `    memoryMiB: ${memoryMiB}`,
    '    machineOptions:',
    ...options.map((option) => `      - ${text(option)}`),
    '    disks: [{ id: main, attach: machine }]',
    ...sshLines(ssh),
    '    releases:',
    `      ${text(release)}:`,
    `        factory: { main: ${text(files.rootfs)} }`,
    `      ${nextRelease}:`,
    '        bundles: { script: update.sh }',
  ]);
}

function sshLines({ user, key, hostKeySha256 }: InitSsh): string[] {
  const secret = key === undefined ? 'password: ""' : `privateKey: ${text(key)}`;
  const known = hostKeySha256 === undefined ? '' : `, hostKeySha256: ${text(hostKeySha256)}`;
  const first =
    '    # The device makes its host keys itself: the first that it shows counts, as long as it is on the bench.';
  return [
    ...(hostKeySha256 === undefined ? [first] : []),
    `    ssh: { user: ${text(user)}, ${secret}${known} }`,
  ];
}

/** What a written scenario is about. */
export interface ScriptedScenario extends Pick<Written, 'name' | 'machineName' | 'release'> {
  /** How update.sh gets to the device and is run (default: by wget). */
  install?: string;
  /** Further lines of `expect`. */
  expect?: readonly string[];
}

/** The text of a scenario that runs as it is. */
export function scenarioYaml({
  name,
  machineName,
  release,
  install = 'wget -q -O /tmp/update.sh "$BUNDLE_URL" && sh -e /tmp/update.sh',
  expect = [],
}: ScriptedScenario): string {
  const both = `[${text(release)}, ${nextRelease}]`;
  return lines([
    schemaLine,
    '# A beginning: update.sh stands for the update that you test.',
    '#   brownout run scenario.yaml --power-cuts none    boots, updates and boots again',
    '#   brownout run scenario.yaml --power-cuts all     and decides every power cut on the way',
    `name: ${text(name)}`,
    `machines: [${machineName}]`,
    'image: ./',
    'agent:',
    '  name: script',
    '  bundle: script',
    `  install: ${install}`,
    `releases: ${both}`,
    "# The owner's files, which every update and every cut must leave alone. Add what your device must not lose, such as",
    '# its host keys (/etc/dropbear/dropbear_rsa_host_key).',
    'provision:',
    '  - write: { path: /etc/brownout-owner, content: "gateway-7\\n" }',
    'checks:',
    '  - name: version',
    '    run: |',
    `      version=$(cat /etc/brownout-release 2>/dev/null || echo ${release})`,
    '      echo "$version"',
    '      case " $ALLOWED_RELEASES " in *" $version "*) ;; *) exit 1 ;; esac',
    'expect:',
    '  # There are no slots whose bytes could be compared: the check above tells the releases apart.',
    '  release: unchecked',
    ...expect.map((line) => `  ${line}`),
  ]);
}

/** The update that the scenario begins with. */
export const updateScript = lines([
  '# Runs on the device, and makes it what the scenario calls "next". Put your own update here: opkg, swupdate, ...',
  '# This one is whole or not there, whenever the power fails: written beside, flushed, renamed, flushed.',
  `echo ${nextRelease} > /etc/brownout-release.new`,
  'sync',
  'mv /etc/brownout-release.new /etc/brownout-release',
  'sync',
]);

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}

/** A double-quoted scalar: every JSON string is one (YAML 1.2.2, section 1.2). */
function text(value: string): string {
  return JSON.stringify(value);
}
