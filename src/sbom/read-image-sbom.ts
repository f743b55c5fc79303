import { ScenarioError } from '../core/errors.ts';
import { chunks, collect, openSource } from '../package/archive/byte-source.ts';
import { compressionOf, decompress } from '../package/archive/compression.ts';
import { Damage, within } from '../package/archive/damage.ts';
import { limits } from '../package/archive/limits.ts';
import { readTar } from '../package/archive/tar.ts';
import { bounds } from './bounds.ts';
import type { ImageSbom } from './image-sbom.ts';
import { readBytes, unreadable } from './read-text.ts';
import { readSpdx2, type Spdx2Document } from './spdx2-document.ts';
import { containedPackages, spdx2Image } from './spdx2-image.ts';
import { spdx3Image } from './spdx3-image.ts';

/**
 * Reads what an image's SPDX says is installed in it: a JSON document of SPDX 2.2, 2.3 or 3.0.x, or OpenEmbedded's
 * archive of SPDX 2.2 documents (`IMG.spdx.tar.zst`). Throws ScenarioError `sbom-unreadable` or `sbom-invalid`.
 */
export async function readImageSbom(path: string, signal?: AbortSignal): Promise<ImageSbom> {
  try {
    const image = /\.tar(\.[^./]+)?$/.test(path)
      ? await fromArchive(path, signal)
      : await fromFile(path, signal);
    if (image.packages.length > bounds.packages) throw new Damage(`more than ${bounds.packages} packages`);
    if (image.packages.length === 0) throw new Damage('it names no installed package');
    return image;
  } catch (cause) {
    if (!(cause instanceof Damage)) throw cause;
    throw new ScenarioError('sbom-invalid', `${path}: ${cause.message}`, {
      cause,
      hint: "expected the image's SPDX: a .spdx.json of SPDX 2.2, 2.3 or 3.0, or a .spdx.tar.zst of Yocto",
    });
  }
}

async function fromFile(path: string, signal: AbortSignal | undefined): Promise<ImageSbom> {
  const bytes = await readBytes(path, bounds.documentBytes, signal);
  const json = parseJson(bytes);
  if (typeof json === 'object' && json !== null && '@context' in json) return spdx3Image(bytes, json);
  return spdx2Image(readSpdx2(bytes, json), new Map());
}

/**
 * OpenEmbedded's archive has the image's document first, then every document that it names, as `NAME.spdx.json`, where
 * the reference to it is `DocumentRef-NAME` (create-spdx-2.2.bbclass, `combine_spdx`). Recipes' documents, the larger
 * part by far, are passed over.
 */
async function fromArchive(path: string, signal: AbortSignal | undefined): Promise<ImageSbom> {
  await using source = await openSource(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const tar = decompress(compressionOf(path), chunks(source), limits.dataBytes, signal);
  let image: Spdx2Document | undefined;
  const wanted = new Map<string, { namespace: string; sha1: string | undefined }>();
  const others = new Map<string, Spdx2Document>();
  for await (const { path: member, type, content } of readTar(tar)) {
    const name = /^\/(.*)\.spdx\.json$/.exec(member)?.[1];
    if (type !== 'file' || name === undefined) continue;
    const expected = wanted.get(name);
    if (image !== undefined && expected === undefined) continue;
    const document = await within(member.slice(1), async () => {
      const bytes = await collect(content, bounds.documentBytes);
      return readSpdx2(bytes, parseJson(bytes));
    });
    if (expected === undefined) {
      image = document;
      for (const { other } of containedPackages(image).contained)
        if (other !== undefined)
          wanted.set(other.externalDocumentId.replace(/^DocumentRef-/, ''), {
            namespace: other.spdxDocument,
            sha1: other.checksum.algorithm === 'SHA1' ? other.checksum.checksumValue : undefined,
          });
      continue;
    }
    if (
      document.about.iri !== expected.namespace ||
      document.about.sha1 !== (expected.sha1 ?? document.about.sha1)
    )
      throw new Damage(
        `${member.slice(1)} is not the document that ${image?.about.name ?? 'the image'} names: its namespace or SHA-1 differs`,
      );
    others.set(document.about.iri, document);
  }
  if (image === undefined) throw new Damage('there is no .spdx.json in it');
  if (wanted.size === 0) throw new Damage(`${image.about.name}, its first document, is not that of an image`);
  return spdx2Image(image, others);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new Damage('it is not JSON', { cause });
  }
}
