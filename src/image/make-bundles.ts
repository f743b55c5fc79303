import type { FileRef } from '../model/image.ts';
import type { BundleFormat, BundleInputs } from './bundles/bundle-format.ts';
import { type MakeOptions, output } from './workshop.ts';

/** Puts a release's bundles into the image's `bundles` folder, in each of the wanted formats. */
export async function makeBundles<Name extends string>(
  place: Pick<MakeOptions, 'out' | 'build'>,
  wanted: readonly Name[],
  formats: Readonly<Record<Name, BundleFormat>>,
  inputs: BundleInputs,
): Promise<Record<string, FileRef>> {
  const bundles: Record<string, FileRef> = {};
  for (const name of wanted) {
    const { extension, make } = formats[name];
    const path = `bundles/${inputs.version}-${name}.${extension}`;
    bundles[name] = await output(place, await make(inputs), path);
  }
  return bundles;
}
