import { guestEpoch } from '../model/device-clock.ts';
import type { MachineName } from '../model/machine.ts';
import { oneLine } from '../report/text.ts';
import { schemaLine } from '../scenario/editor-schema.ts';
import { nextRelease, scenarioYaml } from '../yocto/written-yaml.ts';
import type { FoundSystem } from './found-system.ts';
import type { TakenBoot } from './take-boot.ts';

/** How brownout is to log in. */
export type GoldenLogin = {
  user: string;
  /** The host key that the device will show, where it brings one. */
  hostKey: string | undefined;
  /** For people. */
  text: string;
  /** What was changed on the disk for it. */
  changed: string | undefined;
} & ({ privateKey: string } | { password: string });

/** A release that devices come to by a package feed. */
export interface GivenFeed {
  release: string;
  folder: string;
}

/** What is written about a golden master. */
export interface Written {
  /** Whose disk it is: path, format and SHA-256. */
  origin: string;
  machine: MachineName;
  release: string;
  system: FoundSystem;
  /** Paths are absolute. */
  feeds: readonly GivenFeed[];
  /** Feeds that apt would refuse, since nobody has signed them. */
  unsigned: readonly GivenFeed[];
  /** The date of the newest feed of apt, where one says. */
  newest: Date | undefined;
  boot: TakenBoot;
  login: GoldenLogin;
  volumes: readonly string[];
}

/** Debian with systemd needs more than the 256 MiB of Yocto's machines. */
const memoryMiB = 512;

/** The text of an image.yaml. */
export function imageYaml({
  origin,
  machine,
  release,
  system,
  feeds,
  boot,
  login,
  volumes,
}: Written): string {
  const vars = boot.kind === 'firmware' && boot.vars !== undefined ? boot.vars : undefined;
  const flash = vars === undefined ? '' : ', { id: vars, attach: pflash, cache: writethrough }';
  return lines([
    `# ${oneLine(system.name)}, imported from ${oneLine(origin, 1000)}`,
    ...(login.changed === undefined ? [] : [`# disk.raw is a copy; ${login.changed}`]),
    ...volumes.map((one) => `#   ${oneLine(one)}`),
    `description: ${text(oneLine(system.name))}`,
    'prebuilt:',
    `  ${machine}:`,
    `    # ${oneLine(boot.text)}`,
    ...bootLines(boot),
    `    memoryMiB: ${memoryMiB}`,
    `    disks: [{ id: main }${flash}]`,
    ...(login.hostKey === undefined
      ? ['    # The first host key that a device shows counts, as long as it is on the bench.']
      : []),
    `    ssh: ${loginText(login)}`,
    '    releases:',
    `      ${text(release)}:`,
    `        factory: { main: disk.raw${vars === undefined ? '' : `, vars: ${vars}`} }`,
    ...(feeds.length === 0
      ? [`      ${nextRelease}:`, '        bundles: { script: update.sh }']
      : [
          '        packages: packages.json',
          ...feeds.map((feed) => `      ${text(feed.release)}: { feed: ${text(feed.folder)} }`),
        ]),
  ]);
}

function bootLines(boot: TakenBoot): string[] {
  if (boot.kind === 'builtin') return ['    firmware: builtin'];
  if (boot.kind === 'firmware') return [`    firmware: { attach: ${boot.attach}, code: ${boot.code} }`];
  return [
    '    kernel:',
    `      image: ${boot.image}`,
    ...(boot.initrd === undefined ? [] : [`      initrd: ${boot.initrd}`]),
    `      arguments: ${text(boot.arguments)}`,
  ];
}

function loginText(login: GoldenLogin): string {
  const secret =
    'password' in login ? `password: ${text(login.password)}` : `privateKey: ${text(login.privateKey)}`;
  const known = login.hostKey === undefined ? '' : `, hostKeySha256: ${text(login.hostKey)}`;
  return `{ user: ${text(login.user)}, ${secret}${known} }`;
}

/** The text of a scenario that runs as it is: by a script, or from the feeds by apt or opkg. */
export function scenarioText({ machine, release, system, feeds, unsigned, newest }: Written): string {
  const name = `${oneLine(system.name)} is updated`;
  if (feeds.length === 0)
    return scenarioYaml({
      ...{ name, machineName: machine, release, expect: patience },
      ...(system.packages?.system === 'dpkg' ? { install: aptsDownload } : {}),
    });
  const agent = system.packages?.system === 'opkg' ? 'opkg' : 'apt';
  return lines([
    schemaLine,
    '#   brownout run scenario.yaml --power-cuts none    boots, updates and boots again',
    '#   brownout run scenario.yaml --power-cuts all     and decides every power cut on the way',
    `name: ${text(name)}`,
    `machines: [${machine}]`,
    'image: ./',
    ...(unsigned.length === 0
      ? [`agent: ${agent}`]
      : [
          '# Nobody has signed the feed: sign it (brownout feed index --sign), and have apt look at that again (agent: apt).',
          `agent: { name: ${agent}, trusted: true }`,
        ]),
    ...clockLines(newest),
    `releases: [${[release, ...feeds.map((feed) => feed.release)].map(text).join(', ')}]`,
    "# The owner's files, which every update and every cut must leave alone.",
    'provision:',
    '  - write: { path: /etc/brownout-owner, content: "gateway-7\\n" }',
    'powerCuts: { during: [install] }',
    'expect:',
    `  # ${agent} is not atomic: what its documentation says of a device that was cut off must lead to the new release.`,
    '  outcomes: unchecked',
    '  installs: { within: 10m }',
    ...patience.map((line) => `  ${line}`),
  ]);
}

/** The day after the newest feed, where that is later than the date of all guests. */
function clockLines(newest: Date | undefined): string[] {
  if (newest === undefined || newest < new Date(`${guestEpoch}Z`)) return [];
  const after = new Date(newest);
  after.setUTCDate(after.getUTCDate() + 1);
  return [
    `# apt takes no feed of a later day than the device's clock, which says ${guestEpoch.slice(0, 10)} where nobody says another.`,
    `clock: { start: ${after.toISOString().slice(0, 10)}T00:00:00 }`,
  ];
}

/** A system with many services takes its time, more so at its first start. */
const patience = ['boots: { within: 5m, first: 10m }'];
/** A small Debian has neither wget nor curl, but apt brings a program for it. */
const aptsDownload =
  '/usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "$BUNDLE_URL" /tmp/update.sh >/dev/null && sh -e /tmp/update.sh';

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}

/** A double-quoted scalar: every JSON string is one (YAML 1.2.2, section 1.2). */
function text(value: string): string {
  return JSON.stringify(value);
}
