import { z } from 'zod';
import { messageOf, ScenarioError } from '../core/errors.ts';
import { parseStored } from '../core/stored.ts';
import { readText } from '../document/read.ts';

const variables = z.looseObject({
  DISTRO: z.string().optional(),
  DISTRO_VERSION: z.string().optional(),
  PACKAGE_ARCHS: z.string().optional(),
  IMAGE_FEATURES: z.string().optional(),
});

/** What an image's `.testdata.json` says of the build. */
export interface TestData {
  /** `poky` and `5.0.4`; undefined where the file does not say. */
  distribution: string | undefined;
  version: string | undefined;
  /** Architectures of packages, the least specific first; empty where the file does not say. */
  architectures: string[];
  /** IMAGE_FEATURES, such as `debug-tweaks`; undefined where the file does not say. */
  features: string[] | undefined;
}

/**
 * Reads a `.testdata.json`: every variable of the build, by its name (openembedded-core's write_image_test_data).
 * Throws ScenarioError `document-unreadable` and `yocto-invalid`.
 */
export async function readTestData(path: string): Promise<TestData> {
  const text = await readText(path);
  try {
    const { DISTRO, DISTRO_VERSION, PACKAGE_ARCHS = '', IMAGE_FEATURES } = parseStored(text, variables);
    return {
      distribution: DISTRO,
      version: DISTRO_VERSION,
      architectures: wordsIn(PACKAGE_ARCHS),
      features: IMAGE_FEATURES === undefined ? undefined : wordsIn(IMAGE_FEATURES),
    };
  } catch (cause) {
    const message = `${path} does not hold the variables of a build: ${messageOf(cause)}`;
    throw new ScenarioError('yocto-invalid', message, { cause });
  }
}

function wordsIn(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
