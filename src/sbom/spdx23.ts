import type { DocumentFacts } from './document.ts';
import { documentId, namespaceOf, systemId, withIds } from './document.ts';
import { idString } from './id-string.ts';
import type { ImageDocument, ImageElement, Supplier } from './image-sbom.ts';
import type { LicenceText } from './licence.ts';
import { commentOf, sourceInfoOf } from './package-text.ts';
import type { SystemPackage, SystemSbom } from './system-sbom.ts';
import { vexText } from './vex.ts';

interface Relationship {
  spdxElementId: string;
  relationshipType: string;
  relatedSpdxElement: string;
}

/**
 * A system as a document of SPDX 2.3 (its JSON schema, `spdx-schema.json`): the document describes the system, which
 * contains its packages. An image's document of SPDX 2 is amended by this one, and packages are copies or variants of
 * those in it; one of SPDX 3, whose ids SPDX 2 cannot say, is only named.
 */
export function spdx23(sbom: SystemSbom, facts: DocumentFacts): object {
  const packages = withIds(sbom.packages);
  const references = new References();
  const relationships: Relationship[] = [
    { spdxElementId: documentId, relationshipType: 'DESCRIBES', relatedSpdxElement: systemId },
  ];
  if (sbom.image !== undefined) {
    const image = references.to({ document: sbom.image, id: documentId });
    if (image !== undefined)
      relationships.push({
        spdxElementId: documentId,
        relationshipType: 'AMENDS',
        relatedSpdxElement: image,
      });
  }
  for (const [id, { image }] of packages) {
    relationships.push({ spdxElementId: systemId, relationshipType: 'CONTAINS', relatedSpdxElement: id });
    const theirs = image === undefined ? undefined : references.to(image.element);
    if (image === undefined || theirs === undefined) continue;
    const relationshipType = image.relation === 'same' ? 'COPY_OF' : 'VARIANT_OF';
    relationships.push({ spdxElementId: id, relationshipType, relatedSpdxElement: theirs });
  }
  const texts = licenceTexts(sbom.packages);
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: documentId,
    name: sbom.name,
    documentNamespace: namespaceOf(sbom, facts, 'SPDX-2.3'),
    creationInfo: {
      created: facts.created,
      creators: [`Tool: ${facts.tool}`],
      comment: `Made from the record of installed packages.${builtOn(sbom.image)}`,
    },
    ...(references.documents.length === 0 ? {} : { externalDocumentRefs: references.documents }),
    packages: [
      {
        SPDXID: systemId,
        name: sbom.name,
        downloadLocation: 'NOASSERTION',
        filesAnalyzed: false,
        primaryPackagePurpose: 'OPERATING_SYSTEM',
        licenseConcluded: 'NOASSERTION',
        licenseDeclared: 'NOASSERTION',
        copyrightText: 'NOASSERTION',
      },
      ...packages.map(([id, one]) => packageObject(id, one, facts)),
    ],
    ...(texts.length === 0
      ? {}
      : {
          hasExtractedLicensingInfos: texts.map(({ id, name, text }) => ({
            licenseId: id,
            name,
            extractedText: text,
          })),
        }),
    relationships,
  };
}

function builtOn(image: ImageDocument | undefined): string {
  return image?.major === 3 ? ` Built on the SPDX 3 document ${image.iri}.` : '';
}

function packageObject(id: string, one: SystemPackage, { created, tool }: DocumentFacts): object {
  const { installed, purl, declared, concluded, supplier, homepage, summary, copyright, checksums, cpes } =
    one;
  const { vex = [] } = one;
  // SPDX 2.3 has no words for what is said of a vulnerability.
  const annotations = vex.map((statement) => ({
    annotationDate: created,
    annotationType: 'OTHER',
    annotator: `Tool: ${tool}`,
    comment: vexText(statement),
  }));
  const sourceInfo = sourceInfoOf(one);
  const externalRefs = [
    ...(purl === undefined ? [] : [['PACKAGE-MANAGER', 'purl', purl]]),
    ...cpes.map((cpe) => ['SECURITY', 'cpe23Type', cpe]),
  ].map(([referenceCategory, referenceType, referenceLocator]) => ({
    referenceCategory,
    referenceType,
    referenceLocator,
  }));
  return {
    SPDXID: id,
    name: installed.name,
    versionInfo: installed.version,
    ...(supplier === undefined ? {} : { supplier: supplierText(supplier) }),
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    ...(checksums.length === 0
      ? {}
      : { checksums: checksums.map(({ algorithm, value }) => ({ algorithm, checksumValue: value })) }),
    ...(homepage === undefined ? {} : { homepage }),
    ...(sourceInfo === undefined ? {} : { sourceInfo }),
    licenseConcluded: concluded?.expression ?? 'NOASSERTION',
    licenseDeclared: declared?.expression ?? 'NOASSERTION',
    copyrightText: copyright ?? 'NOASSERTION',
    ...(summary === undefined ? {} : { summary }),
    comment: commentOf(one),
    ...(externalRefs.length === 0 ? {} : { externalRefs }),
    ...(annotations.length === 0 ? {} : { annotations }),
  };
}

function supplierText({ kind, name }: Supplier): string {
  return `${kind}: ${name}`;
}

function licenceTexts(packages: readonly SystemPackage[]): LicenceText[] {
  const found = new Map<string, LicenceText>();
  for (const { declared, concluded } of packages)
    for (const licence of [declared, concluded])
      for (const text of licence?.texts ?? []) found.set(text.id, text);
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The other documents that this one speaks of (clause 6.6). */
class References {
  readonly documents: object[] = [];
  private readonly ids = new Map<string, string>();

  /** How an element of another document is called here; undefined where SPDX 2 has no words for it. */
  to({ document, id }: ImageElement): string | undefined {
    const { name, iri, major, sha1 } = document;
    if (sha1 === undefined) return undefined;
    let reference = this.ids.get(iri);
    if (reference === undefined) {
      reference = `DocumentRef-${idString(name)}-${this.ids.size}`;
      this.ids.set(iri, reference);
      this.documents.push({
        externalDocumentId: reference,
        spdxDocument: iri,
        checksum: { algorithm: 'SHA1', checksumValue: sha1 },
      });
    }
    return major === 2 ? `${reference}:${id}` : undefined;
  }
}
