import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../core/digest.ts';
import { tryVariables } from '../../model/boot-variables.ts';
import { cpioHead, cpioPadding, cpioSum, cpioTrailer } from '../../package/archive/cpio.ts';
import type { BundleFormat, BundleInputs } from './bundle-format.ts';
import { assertCmsSigner, signCms } from './cms.ts';
import { description, lookAtSwu } from './look-at-swu.ts';

/** How SWUpdate is to write the image of a bundle. */
interface SwuOptions {
  /** Whether the image goes to the slot while it is read (`installed-directly`), instead of after it was verified. */
  direct: boolean;
}

const imageName = 'rootfs.ext4.zst';
/** The only software collection; it has one mode for each slot, which bears the slot's name. */
const software = 'stable';
const regularFile = 0o100644;
const blockBytes = 512;

/**
 * An update of SWUpdate (2024.12, doc/source/sw-description.rst and swupdate-images.rst): a cpio archive with checksums,
 * of a description, its CMS signature, and the image, whose SHA-256 the description has. Its bytes depend on the inputs
 * only.
 */
export function swuBundle({ direct }: SwuOptions): BundleFormat {
  return {
    extension: 'swu',
    async make(given) {
      const { tools, build, image, imageSha256, certificate, key, unsigned, epoch } = given;
      const signer = [sha256(await readFile(certificate)), sha256(await readFile(key))];
      const compressed = await compress({ tools, build, image, imageSha256 });
      const content = await readFile(compressed);
      const text = swDescription({ ...given, direct, imageSha256: sha256(content) });
      const inputs = {
        ...{ step: 1, text, signer, epoch, tools: tools.key },
        ...(unsigned === true ? { unsigned } : {}),
      };
      const folder = await build.run('swu', inputs, async (out) => {
        const place = join(out, description);
        await writeFile(place, text);
        const signature = await signCms(tools, place, true, { certificate, key });
        await rm(place);
        const files = [
          { name: description, content: Buffer.from(text) },
          ...(unsigned === true ? [] : [{ name: `${description}.sig`, content: signature }]),
          { name: imageName, content },
        ];
        await writeFile(join(out, 'update.swu'), swuArchive(files, epoch));
      });
      return join(folder, 'update.swu');
    },
    lookAt: lookAtSwu,
    assertSigner: assertCmsSigner,
    metadataAt: (bundle) => bundle.indexOf('software ='),
  };
}

/** Both kinds of bundles have the same image in them. */
async function compress({
  tools,
  build,
  image,
  imageSha256,
}: Pick<BundleInputs, 'tools' | 'build' | 'image' | 'imageSha256'>): Promise<string> {
  const folder = await build.run('zstd', { step: 1, imageSha256, tools: tools.key }, async (out) => {
    await tools.run('usr/bin/zstd', ['-q', '-6', '--single-thread', '-o', join(out, imageName), image]);
  });
  return join(folder, imageName);
}

/** The description of an update in libconfig's syntax. */
export function swDescription({
  compatible,
  version,
  slots,
  direct,
  imageSha256,
}: Pick<BundleInputs, 'compatible' | 'version' | 'slots' | 'imageSha256'> & SwuOptions): string {
  const modes = slots.map(({ name, root }) => {
    const variables = Object.entries(tryVariables(name)).map(
      ([variable, value]) => `        { name = "${variable}"; value = "${value}"; }`,
    );
    return [
      `    ${name} = {`,
      '      images = ( {',
      `        filename = "${imageName}";`,
      '        type = "raw";',
      '        compressed = "zstd";',
      `        device = "${root}";`,
      `        sha256 = "${imageSha256}";`,
      ...(direct ? ['        installed-directly = true;'] : []),
      '      } );',
      '      bootenv = (',
      variables.join(',\n'),
      '      );',
      '    };',
    ].join('\n');
  });
  return [
    'software = {',
    `  version = "${version}";`,
    `  hardware-compatibility = [ "${compatible}" ];`,
    `  ${software} = {`,
    ...modes,
    '  };',
    '};',
    '',
  ].join('\n');
}

/** The archive in the form that SWUpdate reads: "newc" with checksums, filled up to whole blocks as GNU cpio does. */
export function swuArchive(files: readonly { name: string; content: Uint8Array }[], seconds: number): Buffer {
  const parts = files.flatMap(({ name, content }, i) => [
    cpioHead({
      name,
      inode: i + 1,
      mode: regularFile,
      links: 1,
      seconds,
      bytes: content.length,
      sum: cpioSum(content),
    }),
    content,
    cpioPadding(content.length),
  ]);
  const archive = Buffer.concat([...parts, cpioTrailer({ sums: true })]);
  return Buffer.concat([archive, Buffer.alloc(-archive.length & (blockBytes - 1))]);
}
