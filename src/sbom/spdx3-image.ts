import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Damage } from '../package/archive/damage.ts';
import { checksumOf } from './checksum.ts';
import {
  cpesOf,
  type ImageDocument,
  type ImagePackage,
  type ImageSbom,
  type Supplier,
} from './image-sbom.ts';
import { type Licence, licenceOf } from './licence.ts';
import { issueText, textOf } from './spdx2-document.ts';
import { type VexKind, type VexStatement, vexKinds, vexTexts } from './vex.ts';

const text = z.string().max(1 << 20);
/** A link, or the element itself where a writer nests them. */
const link = z.union([text, z.object({ spdxId: text }).transform(({ spdxId }) => spdxId)]);
const hash = z.object({ algorithm: text, hashValue: text });
const identifier = z.object({ externalIdentifierType: text, identifier: text });

/** The elements that are read, and their properties that are, by `type`: SPDX 3.0.1, JSON-LD serialisation. */
const schemas = {
  SpdxDocument: z.object({ spdxId: text, name: text.optional(), rootElement: z.array(link).default([]) }),
  software_Sbom: z.object({ spdxId: text, rootElement: z.array(link).default([]) }),
  software_Package: z.object({
    spdxId: text,
    name: text.default(''),
    summary: text.optional(),
    suppliedBy: link.optional(),
    software_packageVersion: text.optional(),
    software_homePage: text.optional(),
    software_copyrightText: text.optional(),
    software_primaryPurpose: text.optional(),
    verifiedUsing: z.array(z.unknown()).default([]),
    externalIdentifier: z.array(z.unknown()).default([]),
  }),
  relationship: z.object({ from: link, relationshipType: text, to: z.array(link) }),
  vulnerability: z.object({
    spdxId: text,
    name: text.optional(),
    externalIdentifier: z.array(z.unknown()).default([]),
  }),
  vex: z.object({
    from: link,
    relationshipType: z.enum(Object.keys(vexKinds) as [VexKind, ...VexKind[]]),
    to: z.array(link),
    security_vexVersion: text.optional(),
    security_statusNotes: text.optional(),
    security_impactStatement: text.optional(),
    security_justificationType: text.optional(),
    security_actionStatement: text.optional(),
  }),
  agent: z.object({ spdxId: text, type: text, name: text.optional() }),
  simplelicensing_LicenseExpression: z.object({
    spdxId: text,
    simplelicensing_licenseExpression: text,
    simplelicensing_customIdToUri: z.array(z.object({ key: text, value: text.default('') })).default([]),
  }),
  simplelicensing_SimpleLicensingText: z.object({
    spdxId: text,
    name: text.optional(),
    simplelicensing_licenseText: text,
  }),
};

type Element<Name extends keyof typeof schemas> = z.output<(typeof schemas)[Name]>;

const typeOf = z.object({ type: z.string() });
const graphOf = z.object({ '@context': z.string(), '@graph': z.array(z.unknown()) });

/** The elements of a graph that matter, by their id. */
class Graph {
  readonly roots = new Set<string>();
  readonly packages = new Map<string, Element<'software_Package'>>();
  readonly relationships: Element<'relationship'>[] = [];
  readonly agents = new Map<string, Element<'agent'>>();
  readonly expressions = new Map<string, Element<'simplelicensing_LicenseExpression'>>();
  readonly texts = new Map<string, Element<'simplelicensing_SimpleLicensingText'>>();
  readonly vulnerabilities = new Map<string, Element<'vulnerability'>>();
  readonly vex: Element<'vex'>[] = [];
  document: Element<'SpdxDocument'> | undefined;

  constructor(elements: readonly unknown[]) {
    for (const [index, element] of elements.entries()) {
      const { data } = typeOf.safeParse(element);
      if (data !== undefined) this.add(data.type, element, `@graph.${index}`);
    }
  }

  private add(type: string, element: unknown, where: string): void {
    switch (type) {
      case 'SpdxDocument':
        this.document = read('SpdxDocument', element, where);
        for (const id of this.document.rootElement) this.roots.add(id);
        break;
      case 'software_Sbom':
        for (const id of read('software_Sbom', element, where).rootElement) this.roots.add(id);
        break;
      case 'software_Package':
        keep(this.packages, read('software_Package', element, where));
        break;
      case 'Relationship':
      case 'LifecycleScopedRelationship':
        this.relationships.push(read('relationship', element, where));
        break;
      case 'security_Vulnerability':
        keep(this.vulnerabilities, read('vulnerability', element, where));
        break;
      case vexKinds.fixedIn.type:
      case vexKinds.affects.type:
      case vexKinds.doesNotAffect.type:
      case vexKinds.underInvestigationFor.type:
        this.vex.push(read('vex', element, where));
        break;
      case 'Organization':
      case 'Person':
        keep(this.agents, read('agent', element, where));
        break;
      case 'simplelicensing_LicenseExpression':
        keep(this.expressions, read('simplelicensing_LicenseExpression', element, where));
        break;
      case 'simplelicensing_SimpleLicensingText':
        keep(this.texts, read('simplelicensing_SimpleLicensingText', element, where));
        break;
    }
  }
}

function keep<T extends { spdxId: string }>(map: Map<string, T>, element: T): void {
  map.set(element.spdxId, element);
}

function read<Name extends keyof typeof schemas>(name: Name, element: unknown, where: string): Element<Name> {
  const { data, error } = schemas[name].safeParse(element);
  if (error !== undefined) throw new Damage(`${where}: not of SPDX 3.0: ${issueText(error)}`);
  return data as Element<Name>;
}

/**
 * What an SPDX 3.0 document says is installed: the packages that a root element `contains`, or those to install that
 * went into the build of a root element, which is how OpenEmbedded has it (oe/spdx30_tasks.py, `create_rootfs_spdx`);
 * where there are neither, every package to install. Throws Damage.
 */
export function spdx3Image(bytes: Buffer, json: unknown): ImageSbom {
  const { data, error } = graphOf.safeParse(json);
  if (error !== undefined || !data['@context'].startsWith('https://spdx.org/rdf/3.0'))
    throw new Damage('not a document of SPDX 3.0: it has not its @context and @graph');
  const graph = new Graph(data['@graph']);
  if (graph.document === undefined) throw new Damage('there is no SpdxDocument in it');
  const { spdxId, name = 'image' } = graph.document;
  const sha1 = createHash('sha1').update(bytes).digest('hex');
  const document: ImageDocument = { name, iri: spdxId, major: 3, sha1 };
  const licences = licencesOf(graph);
  const installed = installedIds(graph);
  const vex = vexOf(graph);
  const packages = [...graph.packages.values()]
    .filter((one) => installed.has(one.spdxId))
    .map((one) => ({
      ...imagePackage(one, graph, licences.get(one.spdxId), document),
      ...vex.get(one.spdxId),
    }));
  const root = [...graph.roots].map((id) => graph.packages.get(id)?.name).find((one) => one !== undefined);
  return { name: root ?? name, document, packages };
}

function installedIds({ roots, packages, relationships }: Graph): Set<string> {
  const builds = new Set<string>();
  for (const { from, relationshipType, to } of relationships)
    if (relationshipType === 'hasOutput' && to.some((id) => roots.has(id))) builds.add(from);
  const toInstall = (id: string) => packages.get(id)?.software_primaryPurpose === 'install';
  const found = relationships.flatMap(({ from, relationshipType, to }) => {
    if (relationshipType === 'contains' && roots.has(from)) return to.filter((id) => packages.has(id));
    return relationshipType === 'hasInput' && builds.has(from) ? to.filter(toInstall) : [];
  });
  return new Set(found.length > 0 ? found : [...packages.keys()].filter(toInstall));
}

/** What is said of vulnerabilities, by the package that it is said of. */
function vexOf({ vex, vulnerabilities }: Graph): Map<string, { vex: VexStatement[] }> {
  const found = new Map<string, { vex: VexStatement[] }>();
  for (const { from, relationshipType: kind, to, ...others } of vex) {
    const texts = Object.fromEntries(
      vexTexts.flatMap((name) => (others[name] === undefined ? [] : [[name, others[name]] as const])),
    );
    const statement = { kind, vulnerability: vulnerabilityName(from, vulnerabilities.get(from)), texts };
    for (const id of to) {
      const known = found.get(id);
      if (known === undefined) found.set(id, { vex: [statement] });
      else known.vex.push(statement);
    }
  }
  return found;
}

function vulnerabilityName(id: string, found: Element<'vulnerability'> | undefined): string {
  const cve = (found?.externalIdentifier ?? []).flatMap((value) => {
    const { data } = identifier.safeParse(value);
    return data?.externalIdentifierType === 'cve' ? [data.identifier] : [];
  })[0];
  return cve ?? found?.name ?? /[^/#]*$/.exec(id)?.[0] ?? id;
}

interface Licences {
  declared?: Licence;
  concluded?: Licence;
}

function licencesOf(graph: Graph): Map<string, Licences> {
  const found = new Map<string, Licences>();
  for (const { from, relationshipType, to } of graph.relationships) {
    const declares = relationshipType === 'hasDeclaredLicense';
    if (!declares && relationshipType !== 'hasConcludedLicense') continue;
    // Several would mean all of them at once; nobody writes that of a package.
    const licence = to.length === 1 ? licenceAt(to[0] ?? '', graph) : undefined;
    if (licence === undefined) continue;
    found.set(from, { ...found.get(from), ...(declares ? { declared: licence } : { concluded: licence }) });
  }
  return found;
}

function licenceAt(id: string, { expressions, texts }: Graph): Licence | undefined {
  if (/(^expandedlicensing_NoneLicense|\/Licensing\/None(License)?)$/.test(id))
    return { expression: 'NONE', texts: [] };
  const found = expressions.get(id);
  if (found === undefined) return undefined;
  const { simplelicensing_licenseExpression: expression, simplelicensing_customIdToUri: custom } = found;
  if (expression === 'NOASSERTION') return undefined;
  if (expression === 'NONE') return { expression, texts: [] };
  return licenceOf(expression, (reference) => {
    const uri = custom.find(({ key }) => key === reference)?.value;
    const known = texts.get(uri ?? '');
    return known === undefined ? undefined : textOf(reference, known.name, known.simplelicensing_licenseText);
  });
}

function imagePackage(
  one: Element<'software_Package'>,
  { agents }: Graph,
  licences: Licences | undefined,
  document: ImageDocument,
): ImagePackage {
  const agent = agents.get(one.suppliedBy ?? '');
  const supplier: Supplier | undefined =
    agent?.name === undefined
      ? undefined
      : { kind: agent.type === 'Person' ? 'Person' : 'Organization', name: agent.name };
  return {
    name: one.name,
    ...(one.software_packageVersion === undefined ? {} : { version: one.software_packageVersion }),
    ...licences,
    ...(supplier === undefined ? {} : { supplier }),
    ...(one.software_homePage === undefined ? {} : { homepage: one.software_homePage }),
    ...(one.summary === undefined ? {} : { summary: one.summary }),
    ...(one.software_copyrightText === undefined ? {} : { copyright: one.software_copyrightText }),
    checksums: one.verifiedUsing.flatMap((value) => {
      const { data } = hash.safeParse(value);
      return data === undefined ? [] : (checksumOf(data.algorithm, data.hashValue) ?? []);
    }),
    cpes: cpesOf(
      one.externalIdentifier.flatMap((value) => {
        const { data } = identifier.safeParse(value);
        return data?.externalIdentifierType === 'cpe23' ? [data.identifier] : [];
      }),
    ),
    element: { document, id: one.spdxId },
  };
}
