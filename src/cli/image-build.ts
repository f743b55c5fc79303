import { basename, dirname } from 'node:path';
import { assertHost } from '../host/check.ts';
import { buildImage } from '../image/build.ts';
import { bootFiles } from '../image/manifest.ts';
import type { ImageManifest } from '../model/image.ts';
import { durationText } from '../report/text.ts';
import { type AddCommand, examples, type OptionsOf, type Parent, type Surroundings } from './command.ts';
import { exitCodes } from './exit-code.ts';
import { type ImagePlace, imageMachines, imagePlaces, lackOf } from './image-names.ts';
import { machineName } from './values.ts';

const command = (image: Parent) =>
  image
    .command('build')
    .summary('build images from their image.yaml and lock file, where the cache does not have them')
    .argument(
      '[image...]',
      'names of folders below images/, or paths with a "/" of folders with an image.yaml',
    )
    .option('--all', 'every image whose packages are at hand')
    .option(
      '--machine <machine>',
      'only for this machine (default: all that the image is made for)',
      machineName,
    )
    .option('--frozen', 'refuse to replace a locked package version that the mirror no longer has')
    .option('--json', 'print what was built, with digests, as JSON')
    .addHelpText(
      'after',
      examples(
        'brownout image build rauc-ab',
        'brownout image build ./gateway',
        'brownout image build --all --frozen --json',
      ),
    );

type Options = OptionsOf<typeof command>;

/** `brownout image build` */
export const addImageBuild: AddCommand = (image, surroundings, finish) => {
  command(image).action(async (names, options) => finish(await build(options, names, surroundings)));
};

async function build(
  options: Options,
  operands: readonly string[],
  { streams, interruption }: Surroundings,
): Promise<number> {
  const progress = options.json === true ? streams.stderr : streams.stdout;
  const places: ImagePlace[] = [];
  for (const place of await imagePlaces(operands, options.all === true)) {
    const lack = operands.length === 0 ? await lackOf(place) : undefined;
    if (lack === undefined) places.push(place);
    else progress.write(`[${place.name}] left out: ${lack}\n`);
  }
  const wanted = (
    await Promise.all(
      places.map(async ({ name, imagesRoot }) =>
        (await imageMachines(name, imagesRoot)).map((machine) => ({ name, imagesRoot, machine })),
      ),
    )
  ).flat();
  const chosen = wanted.filter(({ machine }) => options.machine === undefined || machine === options.machine);
  if (chosen.length === 0) {
    streams.stderr.write(
      `nothing was built: ${places.map(({ name }) => name).join(', ')} is not made for ${options.machine ?? 'any machine'}\n`,
    );
    return exitCodes.nothing;
  }
  await assertHost({ purposes: ['image'] }, streams.environment);
  const results = await Promise.allSettled(
    chosen.map(async ({ name, imagesRoot, machine }) => {
      const started = performance.now();
      const onNotice = (text: string) => progress.write(`[${name} ${machine}] ${text}\n`);
      const manifest = await buildImage({
        name,
        imagesRoot,
        machine,
        frozen: options.frozen === true,
        signal: interruption.signal,
        onNotice,
      });
      onNotice(`ready after ${durationText((performance.now() - started) / 1000)}: ${folderOf(manifest)}`);
      return manifest;
    }),
  );
  const manifests = results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
  if (options.json === true) streams.stdout.write(`${JSON.stringify(manifests.map(digests), null, 2)}\n`);
  return exitCodes.passed;
}

/** The files' digests in a form that two builds can be compared by: no paths, sorted by name. */
function digests({ name, machine, key, boot, releases }: ImageManifest): object {
  const files = Object.values(releases).flatMap(({ version, factory, bundles }) => [
    ...Object.entries(factory ?? {}).map(([disk, file]) => [`${version}/disk/${disk}`, file.sha256] as const),
    ...Object.entries(bundles).map(([format, file]) => [`${version}/bundle/${format}`, file.sha256] as const),
  ]);
  return {
    name,
    machine,
    key,
    sha256: {
      ...Object.fromEntries(bootFiles(boot).map(({ path, sha256 }) => [basename(path), sha256])),
      ...Object.fromEntries(files.sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function folderOf({ boot }: ImageManifest): string {
  return dirname(bootFiles(boot)[0]?.path ?? '');
}
