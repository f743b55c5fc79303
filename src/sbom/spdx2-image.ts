import { Damage } from '../package/archive/damage.ts';
import type { ImagePackage, ImageSbom } from './image-sbom.ts';
import { packagesOf, type Spdx2Document } from './spdx2-document.ts';

/** Where an image's document keeps a package: in itself, or in another document. */
export interface ContainedPackage {
  /** SPDXID of the package. */
  id: string;
  /** Undefined where it is in the same document. */
  other: Spdx2Document['content']['externalDocumentRefs'][number] | undefined;
}

/**
 * The packages that are installed in the image: those that the described package CONTAINS. OpenEmbedded's image
 * document describes none (create-spdx-2.2.bbclass, `combine_spdx`): there the one that contains others is the image.
 * Where nothing contains anything, every package but the described one is installed.
 */
export function containedPackages({ content }: Spdx2Document): {
  root: string | undefined;
  contained: ContainedPackage[];
} {
  const local = new Set(content.packages.map(({ SPDXID }) => SPDXID));
  const described = new Set(
    [
      ...content.documentDescribes,
      ...content.relationships
        .filter(
          ({ relationshipType, spdxElementId }) =>
            relationshipType === 'DESCRIBES' && spdxElementId === 'SPDXRef-DOCUMENT',
        )
        .map(({ relatedSpdxElement }) => relatedSpdxElement),
    ].filter((id) => local.has(id)),
  );
  const within = content.relationships.filter(
    ({ relationshipType, spdxElementId }) =>
      relationshipType === 'CONTAINS' &&
      (described.size === 0 ? local.has(spdxElementId) : described.has(spdxElementId)),
  );
  const references = new Map(content.externalDocumentRefs.map((one) => [one.externalDocumentId, one]));
  const contained = within.flatMap(({ relatedSpdxElement: element }): ContainedPackage[] => {
    const [, reference = '', id = element] = /^(DocumentRef-[^:]+):(.*)$/.exec(element) ?? [];
    const other = references.get(reference);
    if (reference === '') return local.has(id) ? [{ id, other: undefined }] : [];
    if (other === undefined) throw new Damage(`${reference} is none of its externalDocumentRefs`);
    return [{ id, other }];
  });
  const root = [...described][0] ?? within[0]?.spdxElementId;
  if (contained.length > 0) return { root, contained };
  const all = [...local].filter((id) => !described.has(id) || local.size === described.size);
  return { root, contained: all.map((id) => ({ id, other: undefined })) };
}

/**
 * What an image's document says, with the documents that it names, by their namespace. A package whose document is not
 * there is known by the name in its id (`SPDXRef-Package-busybox`) only.
 */
export function spdx2Image(image: Spdx2Document, others: ReadonlyMap<string, Spdx2Document>): ImageSbom {
  const { root, contained } = containedPackages(image);
  const own = packagesOf(image);
  const books = new Map<string, Map<string, ImagePackage>>();
  const packages = contained.flatMap(({ id, other }): ImagePackage[] => {
    const document = other === undefined ? image : others.get(other.spdxDocument);
    if (document === undefined && other !== undefined) {
      const sha1 = other.checksum.algorithm === 'SHA1' ? other.checksum.checksumValue : undefined;
      const name = id.replace(/^SPDXRef-Package-/, '');
      const about = { name, iri: other.spdxDocument, major: 2, sha1 } as const;
      return [{ name, checksums: [], cpes: [], element: { document: about, id } }];
    }
    if (document === undefined) return [];
    let book = document === image ? own : books.get(document.about.iri);
    if (book === undefined) {
      book = packagesOf(document);
      books.set(document.about.iri, book);
    }
    const found = book.get(id);
    if (found === undefined) throw new Damage(`${document.about.name} has no package ${id}`);
    return [found];
  });
  const name = own.get(root ?? '')?.name ?? image.about.name;
  return { name, document: image.about, packages };
}
