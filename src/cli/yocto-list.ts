import { BrownoutError } from '../core/errors.ts';
import { commandLines, shownNeeds } from '../yocto/command-lines.ts';
import { readDeployFolder } from '../yocto/deploy-folder.ts';
import { bootPlan, type DeployedImage } from '../yocto/deployed-image.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { type ListedBoot, type ListedImage, yoctoText } from './yocto-text.ts';

const command = (yocto: Parent) =>
  yocto
    .command('list')
    .summary('list the images and package feeds in the deploy folder of a Yocto build')
    .description(
      'Lists what a Yocto build left for each machine: images with their kernels and disks, and package feeds, in the ' +
        'order in which a package manager prefers them. For each image it prints with which command line runqemu ' +
        '(slirp nographic) would start QEMU, with which brownout would, and why they differ. Nothing is started.',
    )
    .argument('<folder>', 'DEPLOY_DIR (tmp/deploy), or the folder of one machine (tmp/deploy/images/MACHINE)')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples('brownout yocto list build/tmp/deploy'));

type Options = OptionsOf<typeof command>;

/** `brownout yocto list` */
export const addYoctoList: AddCommand = (yocto, surroundings, finish) => {
  command(yocto).action(async (folder, options) => finish(await list(folder, options, surroundings)));
};

async function list(path: string, { json }: Options, { streams }: Surroundings): Promise<number> {
  const { root, machines } = await readDeployFolder(path);
  const listed = machines.map(({ name, images, feeds, feedOrderKnown }) => ({
    name,
    images: images.map(describe),
    feeds,
    feedOrderKnown,
  }));
  if (json === true) streams.stdout.write(`${JSON.stringify({ root, machines: listed }, null, 2)}\n`);
  else streams.stdout.write(yoctoText(root, listed));
  return exitCodes.passed;
}

/** What is printed of an image; one that cannot be booted does not hide the others. */
function describe(image: DeployedImage): ListedImage {
  const { boot, ...files } = image;
  try {
    return { ...files, qemuboot: boot.path, boot: bootOf(image) };
  } catch (error) {
    if (!(error instanceof BrownoutError)) throw error;
    return { ...files, qemuboot: boot.path, refused: error.message };
  }
}

/** The command lines, with names in place of what only a run knows. */
function bootOf(image: DeployedImage): ListedBoot {
  const { files, source } = bootPlan(image);
  const lines = commandLines({ boot: image.boot, files, own: shownNeeds });
  return { unpack: source.compression !== 'none', ...lines };
}
