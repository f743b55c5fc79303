import { spdx3Algorithm } from './checksum.ts';
import { type DocumentFacts, documentId, namespaceOf, systemId, withIds } from './document.ts';
import { idString, shortDigest } from './id-string.ts';
import { elementIri, type ImageElement, type Supplier } from './image-sbom.ts';
import type { Licence } from './licence.ts';
import { commentOf, sourceInfoOf } from './package-text.ts';
import type { SystemPackage, SystemSbom } from './system-sbom.ts';
import { otherBuildComment, type VexStatement, vexKinds } from './vex.ts';

/** One object of the graph. */
type Element = Readonly<Record<string, unknown>> & { type: string; spdxId: string };

const version = '3.0.1';
const creationInfo = '_:creationInfo';

/**
 * A system as a document of SPDX 3.0.1 (JSON-LD; its JSON schema): a `deployed` Sbom whose root, the system, contains its
 * packages. An image's document is amended by this one; its packages are copied to those that are the same, and have
 * others for variants. What lies in other documents is imported by its IRI (one of SPDX 2 is its namespace, `#` and id).
 */
export function spdx301(sbom: SystemSbom, facts: DocumentFacts): object {
  const graph = new Graph(namespaceOf(sbom, facts, version));
  const system = graph.add('software_Package', systemId, {
    name: sbom.name,
    software_primaryPurpose: 'operatingSystem',
  });
  const packages = withIds(sbom.packages).map(([id, one]) => graph.addPackage(id, one));
  if (packages.length > 0) graph.relate(system, 'contains', packages, { completeness: 'complete' });
  const document = graph.iri(documentId);
  if (sbom.image !== undefined) {
    const image = { document: sbom.image, id: sbom.image.major === 3 ? sbom.image.iri : documentId };
    graph.relate(graph.import(image), 'amendedBy', [document]);
  }
  const elements = graph.elements.map(({ spdxId }) => spdxId);
  const hasVex = sbom.packages.some(({ vex = [] }) => vex.length > 0);
  const profiles = {
    profileConformance: ['core', 'software', 'simpleLicensing', ...(hasVex ? ['security'] : [])],
  };
  const deployed = graph.add('software_Sbom', 'SPDXRef-Sbom', {
    name: sbom.name,
    ...profiles,
    software_sbomType: ['deployed'],
    rootElement: [system],
    element: elements,
  });
  const agent = graph.add('SoftwareAgent', 'SPDXRef-Agent', { name: facts.tool });
  const dataLicense = graph.licence({ expression: 'CC0-1.0', texts: [] });
  const imports = graph.imports.length === 0 ? {} : { import: graph.imports };
  graph.add('SpdxDocument', documentId, {
    name: sbom.name,
    ...profiles,
    dataLicense,
    ...imports,
    rootElement: [deployed],
    element: graph.elements.map(({ spdxId }) => spdxId),
  });
  const about = { type: 'CreationInfo', '@id': creationInfo, specVersion: version, created: facts.created };
  return {
    '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
    '@graph': [{ ...about, createdBy: [agent] }, ...graph.elements],
  };
}

/** The elements of a document while it grows. */
class Graph {
  readonly elements: Element[] = [];
  readonly imports: object[] = [];
  private readonly namespace: string;
  private readonly added = new Set<string>();

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  iri(id: string): string {
    return `${this.namespace}#${id}`;
  }

  /** Adds an element, once; returns its IRI. */
  add(type: string, id: string, properties: object): string {
    const spdxId = this.iri(id);
    if (!this.added.has(spdxId)) this.elements.push({ type, spdxId, creationInfo, ...properties });
    this.added.add(spdxId);
    return spdxId;
  }

  relate(from: string, relationshipType: string, to: readonly string[], more: object = {}): void {
    const id = `SPDXRef-Relationship-${relationshipType}-${shortDigest(`${from} ${to.join(' ')}`)}`;
    this.add('Relationship', `${id}-${this.elements.length}`, { from, relationshipType, to, ...more });
  }

  /** The IRI of another document's element, which this document says that it does not hold. */
  import(element: ImageElement): string {
    const externalSpdxId = elementIri(element);
    const { sha1 } = element.document;
    const verifiedUsing = sha1 === undefined ? {} : { verifiedUsing: [hash('sha1', sha1)] };
    if (!this.added.has(externalSpdxId))
      this.imports.push({ type: 'ExternalMap', externalSpdxId, ...verifiedUsing });
    this.added.add(externalSpdxId);
    return externalSpdxId;
  }

  addPackage(id: string, one: SystemPackage): string {
    const { installed, purl, declared, concluded, supplier, homepage, summary, copyright, checksums, cpes } =
      one;
    const sourceInfo = sourceInfoOf(one);
    const iri = this.add('software_Package', id, {
      name: installed.name,
      comment: commentOf(one),
      software_packageVersion: installed.version,
      software_primaryPurpose: 'install',
      ...(supplier === undefined ? {} : { suppliedBy: this.supplier(supplier) }),
      ...(homepage === undefined ? {} : { software_homePage: homepage }),
      ...(summary === undefined ? {} : { summary }),
      ...(copyright === undefined ? {} : { software_copyrightText: copyright }),
      ...(sourceInfo === undefined ? {} : { software_sourceInfo: sourceInfo }),
      ...(purl === undefined ? {} : { software_packageUrl: purl }),
      ...(checksums.length === 0
        ? {}
        : { verifiedUsing: checksums.map((checksum) => hash(spdx3Algorithm(checksum), checksum.value)) }),
      ...(cpes.length === 0
        ? {}
        : {
            externalIdentifier: cpes.map((identifier) => ({
              type: 'ExternalIdentifier',
              externalIdentifierType: 'cpe23',
              identifier,
            })),
          }),
    });
    if (declared !== undefined) this.relate(iri, 'hasDeclaredLicense', [this.licence(declared)]);
    if (concluded !== undefined) this.relate(iri, 'hasConcludedLicense', [this.licence(concluded)]);
    this.relateToImage(iri, one);
    for (const statement of one.vex ?? []) this.addVex(iri, statement);
    return iri;
  }

  private relateToImage(iri: string, { image }: SystemPackage): void {
    if (image === undefined) return;
    const theirs = this.import(image.element);
    this.relate(theirs, image.relation === 'same' ? 'copiedTo' : 'hasVariant', [iri]);
  }

  private addVex(iri: string, { kind, vulnerability, texts, isOfOtherBuild }: VexStatement): void {
    const identifier = {
      type: 'ExternalIdentifier',
      externalIdentifierType: 'cve',
      identifier: vulnerability,
    };
    const from = this.add('security_Vulnerability', `SPDXRef-Vulnerability-${idString(vulnerability)}`, {
      name: vulnerability,
      ...(/^CVE-\d{4}-\d+$/.test(vulnerability) ? { externalIdentifier: [identifier] } : {}),
    });
    const id = `SPDXRef-Vex-${kind}-${shortDigest(`${from} ${iri}`)}-${this.elements.length}`;
    const action = kind === 'affects' ? { security_actionStatement: 'Not stated.' } : {};
    this.add(vexKinds[kind].type, id, {
      from,
      relationshipType: kind,
      to: [iri],
      ...action,
      ...texts,
      ...(isOfOtherBuild === true ? { comment: otherBuildComment } : {}),
    });
  }

  private supplier({ kind, name }: Supplier): string {
    return this.add(kind, `SPDXRef-${kind}-${idString(name)}`, { name });
  }

  /** The IRI of a licence; that there is none is an individual that every document knows. */
  licence({ expression, texts }: Licence): string {
    if (expression === 'NONE') return 'expandedlicensing_NoneLicense';
    const custom = texts.map(({ id, name, text }) => ({
      type: 'DictionaryEntry',
      key: id,
      value: this.add('simplelicensing_SimpleLicensingText', `SPDXRef-LicenseText-${id}`, {
        name,
        simplelicensing_licenseText: text,
      }),
    }));
    return this.add('simplelicensing_LicenseExpression', `SPDXRef-License-${idString(expression)}`, {
      simplelicensing_licenseExpression: expression,
      ...(custom.length === 0 ? {} : { simplelicensing_customIdToUri: custom }),
    });
  }
}

function hash(algorithm: string, hashValue: string): object {
  return { type: 'Hash', algorithm, hashValue };
}
