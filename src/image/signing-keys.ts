import { join } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { faultLines } from '../document/parse.ts';
import { readText } from '../document/read.ts';
import { openSigner } from '../feed/sign-release.ts';
import { bundleFormats } from './bundles/index.ts';
import type { ImageDescription } from './description.ts';

/**
 * Looks whether what an image's releases are signed with can sign, before anything is fetched or made. Throws ScenarioError
 * `signing-key` with the line and column of the key.
 */
export async function assertSigningKeys(
  description: ImageDescription,
  imagesRoot: string,
  name: string,
): Promise<void> {
  const at = (file: string) => join(imagesRoot, 'keys', file);
  if ('bundles' in description) {
    const { formats, ...files } = description.bundles;
    const signer = { certificate: at(files.certificate), key: at(files.key) };
    const isCertificate = (message: string) => message.startsWith(signer.certificate);
    for (const format of formats)
      await placed(
        join(imagesRoot, name),
        (message) => ['bundles', isCertificate(message) ? 'certificate' : 'key'],
        async () => bundleFormats[format].assertSigner?.(signer),
      );
    return;
  }
  const [place, file] =
    'ostree' in description
      ? [['ostree', 'key'], description.ostree.key]
      : [['feed', 'sign'], 'feed' in description ? description.feed.sign : undefined];
  if (file !== undefined)
    await placed(
      join(imagesRoot, name),
      () => place,
      () => openSigner(at(file)),
    );
}

/** Does it; of what is wrong with a key the message begins with where the image.yaml in `folder` names it. */
async function placed(
  folder: string,
  placeOf: (message: string) => readonly string[],
  look: () => Promise<unknown>,
): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    const { message, hint } = error;
    const path = join(folder, 'image.yaml');
    const lines = faultLines(await readText(path), path, [{ path: placeOf(message), message }]);
    throw new ScenarioError('signing-key', lines, { cause: error, ...(hint === undefined ? {} : { hint }) });
  }
}
