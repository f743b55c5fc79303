import { commandLine } from '../core/quote.ts';
import { plainText } from '../report/text.ts';
import { type CommandLines, deviationText } from '../yocto/command-lines.ts';
import { type DeployedImage, typeName } from '../yocto/deployed-image.ts';
import type { Feed } from '../yocto/feeds.ts';

/** An image with how it is booted, or why it cannot be. */
export interface ListedImage extends Omit<DeployedImage, 'boot'> {
  /** Path of its qemuboot.conf. */
  qemuboot: string;
  boot?: ListedBoot;
  refused?: string;
}

/** How an image is booted, and whether its disk is unpacked first. */
export interface ListedBoot extends CommandLines {
  unpack: boolean;
}

interface ListedMachine {
  name: string;
  images: readonly ListedImage[];
  feeds: readonly Feed[];
  feedOrderKnown: boolean;
}

/** A deploy folder for people: paths relative to it, except in command lines. */
export function yoctoText(root: string, machines: readonly ListedMachine[]): string {
  const short = (path: string) => path.replaceAll(`${root}/`, '');
  const lines = machines.flatMap(({ name, images, feeds, feedOrderKnown }) => [
    ...images.flatMap((image) => [`${image.name} for ${name}`, ...imageLines(image, short), '']),
    ...(feeds.length === 0 ? [] : [...feedLines(name, feeds, feedOrderKnown, short), '']),
  ]);
  return [`${root}:`, '', ...lines].map(printable).join('\n');
}

function imageLines(image: ListedImage, short: (path: string) => string): string[] {
  const { qemuboot, kernel, rootfs, manifest, testData, problems, boot, refused } = image;
  const distribution = [testData?.distribution, testData?.version].filter((word) => word !== undefined);
  return [
    `  described in  ${short(qemuboot)}`,
    ...(distribution.length === 0 ? [] : [`  distribution  ${distribution.join(' ')}`]),
    ...(kernel === undefined ? [] : [`  kernel        ${short(kernel)}`]),
    ...rootfs.map((one) => `  ${typeName(one).padEnd(12)}  ${short(one.path)}`),
    ...(manifest === undefined
      ? []
      : [`  packages      ${manifest.packages.length}, in ${short(manifest.path)}`]),
    ...problems.map((problem) => `  problem: ${short(problem)}`),
    ...(refused === undefined ? [] : [`  brownout cannot boot it: ${short(refused)}`]),
    ...(boot === undefined ? [] : bootLines(boot)),
  ];
}

function bootLines({ program, runqemu, brownout, deviations, unpack }: ListedBoot): string[] {
  const command = (words: readonly string[]) => `    ${commandLine([program, ...words])}`;
  return [
    '  runqemu would start (slirp nographic):',
    command(runqemu),
    "  brownout would start (RUN is the run's own folder, 2222 stands for a free port):",
    command(brownout),
    ...(unpack ? ['  after unpacking the disk'] : []),
    '  what differs, and why:',
    ...deviations.map((deviation) => `    ${deviationText(deviation)}`),
  ];
}

function feedLines(
  machine: string,
  feeds: readonly Feed[],
  known: boolean,
  short: (path: string) => string,
): string[] {
  const order = known ? 'the last one preferred' : 'the last one preferred; no .testdata.json says so';
  return [
    `package feeds of ${machine} (${order})`,
    ...feeds.map(({ folder, packages, index }) => {
      const found =
        index === undefined
          ? 'no index: run bitbake package-index, or brownout feed index'
          : `index ${short(index)}`;
      return `  ${short(folder)}  ${packages} packages, ${found}`;
    }),
  ];
}

/** A line as a terminal may show it. */
function printable(line: string): string {
  return plainText(line).replaceAll('\n', ' ');
}
