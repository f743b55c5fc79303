import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Damage } from '../package/archive/damage.ts';
import { checksumOf } from './checksum.ts';
import { shortDigest } from './id-string.ts';
import { cpesOf, type ImageDocument, type ImagePackage, type Supplier } from './image-sbom.ts';
import { type Licence, type LicenceText, licenceOf } from './licence.ts';

const text = z.string().max(1 << 20);
const checksum = z.object({ algorithm: text, checksumValue: text });

/** The fields that are read, of SPDX 2.3's JSON schema; OpenEmbedded's documents lack some that the schema demands. */
const documentSchema = z.object({
  spdxVersion: z.string().regex(/^SPDX-2\.[23]$/),
  name: text,
  documentNamespace: text,
  documentDescribes: z.array(text).default([]),
  packages: z
    .array(
      z.object({
        SPDXID: text,
        name: text,
        versionInfo: text.optional(),
        supplier: text.optional(),
        homepage: text.optional(),
        summary: text.optional(),
        copyrightText: text.optional(),
        licenseDeclared: text.optional(),
        licenseConcluded: text.optional(),
        checksums: z.array(checksum).default([]),
        externalRefs: z.array(z.object({ referenceType: text, referenceLocator: text })).default([]),
      }),
    )
    .default([]),
  relationships: z
    .array(z.object({ spdxElementId: text, relatedSpdxElement: text, relationshipType: text }))
    .default([]),
  externalDocumentRefs: z
    .array(z.object({ externalDocumentId: text, spdxDocument: text, checksum }))
    .default([]),
  hasExtractedLicensingInfos: z
    .array(z.object({ licenseId: text, name: text.optional(), extractedText: text }))
    .default([]),
});

/** An SPDX 2.2 or 2.3 document, as far as it is read. */
export interface Spdx2Document {
  about: ImageDocument;
  content: z.output<typeof documentSchema>;
}

/** Reads the JSON of SPDX 2.2 and 2.3. Throws Damage. */
export function readSpdx2(bytes: Buffer, json: unknown): Spdx2Document {
  const { data, error } = documentSchema.safeParse(json);
  if (error !== undefined) throw new Damage(`not a document of SPDX 2.2 or 2.3: ${issueText(error)}`);
  const sha1 = createHash('sha1').update(bytes).digest('hex');
  return { about: { name: data.name, iri: data.documentNamespace, major: 2, sha1 }, content: data };
}

/** The first thing that is wrong, with its place. */
export function issueText({ issues }: z.ZodError): string {
  const [first] = issues;
  return first === undefined ? 'unknown' : `${first.path.join('.') || 'the document'}: ${first.message}`;
}

/** What the document's packages are, by their SPDXID. */
export function packagesOf(document: Spdx2Document): Map<string, ImagePackage> {
  const found = new Map<string, ImagePackage>();
  for (const one of document.content.packages) {
    const declared = licence(one.licenseDeclared, document);
    const concluded = licence(one.licenseConcluded, document);
    const supplier = supplierOf(one.supplier);
    found.set(one.SPDXID, {
      name: one.name,
      ...(one.versionInfo === undefined ? {} : { version: one.versionInfo }),
      ...(declared === undefined ? {} : { declared }),
      ...(concluded === undefined ? {} : { concluded }),
      ...(supplier === undefined ? {} : { supplier }),
      ...stated('homepage', one.homepage),
      ...stated('summary', one.summary),
      ...stated('copyright', one.copyrightText),
      checksums: one.checksums.flatMap(
        ({ algorithm, checksumValue }) => checksumOf(algorithm, checksumValue) ?? [],
      ),
      cpes: cpesOf(
        one.externalRefs
          .filter(({ referenceType }) => referenceType.endsWith('cpe23Type'))
          .map(({ referenceLocator }) => referenceLocator),
      ),
      element: { document: document.about, id: one.SPDXID },
    });
  }
  return found;
}

function stated<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  if (value === undefined || value === '' || value === 'NOASSERTION' || value === 'NONE') return {};
  return { [name]: value } as Record<Name, string>;
}

/** `Organization: OpenEmbedded ()` */
function supplierOf(value: string | undefined): Supplier | undefined {
  const [, kind, name] = /^(Organization|Person): (.+)$/.exec(value ?? '') ?? [];
  if (name === undefined || (kind !== 'Organization' && kind !== 'Person')) return undefined;
  return { kind, name };
}

function licence(expression: string | undefined, { content }: Spdx2Document): Licence | undefined {
  if (expression === undefined || expression === 'NOASSERTION') return undefined;
  if (expression === 'NONE') return { expression, texts: [] };
  return licenceOf(expression, (id) => {
    const [, reference, licenseId = id] = /^(DocumentRef-[^:]+):(.*)$/.exec(id) ?? [];
    if (reference === undefined) {
      const known = content.hasExtractedLicensingInfos.find((one) => one.licenseId === licenseId);
      return known === undefined ? undefined : textOf(licenseId, known.name, known.extractedText);
    }
    const other = content.externalDocumentRefs.find((one) => one.externalDocumentId === reference);
    if (other === undefined) return undefined;
    return textOf(
      licenseId,
      undefined,
      `The text is in the SPDX document ${other.spdxDocument} as ${licenseId}.`,
    );
  });
}

/** Another document's reference, under an id of its own: two documents may say different things with one id. */
export function textOf(id: string, name: string | undefined, content: string): LicenceText {
  const bare = id.replace(/^LicenseRef-/, '');
  const plain = bare.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, 100);
  return { id: `LicenseRef-${plain}-${shortDigest(`${id} ${content}`)}`, name: name ?? bare, text: content };
}
