import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { compress } from '../../../src/package/archive/compression.ts';
import { packTar } from '../../../src/package/archive/tar.ts';

/** A package as a made-up image has it. */
export interface ImagePart {
  name: string;
  version: string;
  licence: string;
}

const prefix = 'http://spdx.org/spdxdocs';
const creationInfo = {
  created: '2024-04-10T10:10:10Z',
  creators: ['Tool: OpenEmbedded Core create-spdx.bbclass'],
};

function document(name: string, more: object): string {
  return JSON.stringify({
    spdxVersion: 'SPDX-2.2',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `${prefix}/${name}-1234`,
    creationInfo,
    ...more,
  });
}

function reference(id: string, name: string, content: string) {
  const checksumValue = createHash('sha1').update(content).digest('hex');
  return {
    externalDocumentId: `DocumentRef-${id}`,
    spdxDocument: `${prefix}/${name}-1234`,
    checksum: { algorithm: 'SHA1', checksumValue },
  };
}

const noAssertion = {
  downloadLocation: 'NOASSERTION',
  packageSupplier: 'NOASSERTION',
  licenseConcluded: 'NOASSERTION',
  copyrightText: 'NOASSERTION',
};

/** The documents in the archive that OpenEmbedded's create-spdx writes up to scarthgap, by name, the image's first. */
export function openEmbedded22(image: string, parts: readonly ImagePart[]): Map<string, string> {
  const recipe = document('recipe-all', { packages: [] });
  const found = new Map<string, string>();
  for (const { name, version, licence } of parts) {
    const content = document(name, {
      externalDocumentRefs: [reference('recipe-all', 'recipe-all', recipe)],
      packages: [
        {
          ...noAssertion,
          SPDXID: `SPDXRef-Package-${name}`,
          name,
          versionInfo: version,
          supplier: 'Organization: OpenEmbedded ()',
          licenseDeclared: licence,
          packageVerificationCode: {
            packageVerificationCodeValue: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
          },
          hasFiles: [`SPDXRef-PackagedFile-${name}-1`],
        },
      ],
      files: [{ SPDXID: `SPDXRef-PackagedFile-${name}-1`, fileName: `usr/bin/${name}`, checksums: [] }],
      hasExtractedLicensingInfos: [
        { licenseId: 'LicenseRef-PD', name: 'PD', extractedText: 'Software released to the public domain' },
      ],
      relationships: [
        {
          spdxElementId: 'SPDXRef-DOCUMENT',
          relationshipType: 'DESCRIBES',
          relatedSpdxElement: `SPDXRef-Package-${name}`,
        },
      ],
    });
    found.set(name, content);
  }
  const id = `SPDXRef-Image-${image}-20240410101010`;
  const about = document(`${image}-20240410101010`, {
    externalDocumentRefs: [...found].map(([name, content]) => reference(name, name, content)),
    packages: [{ ...noAssertion, SPDXID: id, name: image, versionInfo: '1.0' }],
    relationships: parts.map(({ name }) => ({
      spdxElementId: id,
      relationshipType: 'CONTAINS',
      relatedSpdxElement: `DocumentRef-${name}:SPDXRef-Package-${name}`,
    })),
  });
  return new Map([[`${image}-20240410101010`, about], ...found, ['recipe-all', recipe]]);
}

/** The archive itself. */
export async function archive(
  documents: ReadonlyMap<string, string>,
  compression: 'zst' | 'gz' | 'none' = 'zst',
): Promise<Buffer> {
  const entries = [...documents].map(([name, content]) => ({
    path: `${name}.spdx.json`,
    type: 'file' as const,
    mode: 0o644,
    content: Buffer.from(content),
  }));
  return compress(compression, await bytesOf(packTar(entries, 0)));
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** The document that OpenEmbedded's create-spdx-3.0 writes: `licence` as a concluded one, `PD` a text of its own. */
export function openEmbedded30(image: string, parts: readonly ImagePart[]): object {
  const base = `${prefix}/${image}-5678`;
  const id = (...words: string[]) => [base, 'unihash', ...words].join('/');
  const info = '_:CreationInfo1';
  const element = (type: string, words: string[], more: object) => ({
    type,
    spdxId: id(...words),
    creationInfo: info,
    ...more,
  });
  const relate = (
    name: string,
    type: string,
    from: string,
    relationshipType: string,
    to: string[],
    more = {},
  ) => element(type, ['relationship', name], { from, relationshipType, to, ...more });
  const ids = parts.map(({ name }) => id('package', name));
  const build = { scope: 'build' };
  return {
    '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
    '@graph': [
      {
        type: 'CreationInfo',
        '@id': info,
        created: '2024-11-10T10:10:10Z',
        createdBy: [id('agent')],
        specVersion: '3.0.1',
      },
      element('SpdxDocument', ['document'], { name: `${image}-doc`, rootElement: [id('sbom')] }),
      element('software_Sbom', ['sbom'], { name: image, rootElement: [id('rootfs')] }),
      element('Organization', ['agent'], { name: 'OpenEmbedded ()' }),
      element('software_Package', ['rootfs'], { name: image, software_primaryPurpose: 'archive' }),
      element('build_Build', ['build'], { build_buildType: 'http://openembedded.org/bitbake' }),
      relate('1', 'LifecycleScopedRelationship', id('build'), 'hasOutput', [id('rootfs')], build),
      relate('2', 'LifecycleScopedRelationship', id('build'), 'hasInput', ids, build),
      relate('3', 'LifecycleScopedRelationship', id('sdk'), 'hasInput', [id('package', 'x-dev')], build),
      element('software_Package', ['source', 'tarball'], {
        name: 'x.tar.gz',
        software_primaryPurpose: 'source',
      }),
      element('software_Package', ['package', 'x-dev'], {
        name: 'x-dev',
        software_primaryPurpose: 'install',
      }),
      element('simplelicensing_SimpleLicensingText', ['license-text', 'PD'], {
        name: 'PD',
        simplelicensing_licenseText: 'Software released to the public domain',
      }),
      ...parts.flatMap(({ name, version, licence }) => [
        element('software_Package', ['package', name], {
          name,
          software_packageVersion: version,
          software_primaryPurpose: 'install',
          suppliedBy: id('agent'),
          software_homePage: `https://example.com/${name}`,
          summary: `The ${name}`,
          externalIdentifier: [
            {
              type: 'ExternalIdentifier',
              externalIdentifierType: 'cpe23',
              identifier: `cpe:2.3:*:*:${name}:${version}:*:*:*:*:*:*:*`,
            },
          ],
        }),
        element('simplelicensing_LicenseExpression', ['license', name], {
          simplelicensing_licenseExpression: licence,
          simplelicensing_customIdToUri: [
            { type: 'DictionaryEntry', key: 'LicenseRef-PD', value: id('license-text', 'PD') },
          ],
        }),
        relate(`4-${name}`, 'Relationship', id('package', name), 'hasConcludedLicense', [
          id('license', name),
        ]),
      ]),
    ],
  };
}

/** The same with what OpenEmbedded says of vulnerabilities (oe/sbom30.py, `new_vex_patched_relationship` and others). */
export function withVex(document: object): object {
  const graph = (document as { '@graph': { spdxId?: string; creationInfo?: string }[] })['@graph'];
  const find = (name: string) =>
    graph.find(({ spdxId }) => spdxId?.endsWith(`/package/${name}`))?.spdxId ?? '';
  const cve = (name: string) => `http://spdx.org/spdxdocs/vulnerability/${name}`;
  const common = { creationInfo: '_:CreationInfo1' };
  const vulnerability = (name: string) => ({
    ...common,
    type: 'security_Vulnerability',
    spdxId: cve(name),
    externalIdentifier: [{ type: 'ExternalIdentifier', externalIdentifierType: 'cve', identifier: name }],
  });
  const vex = (kind: string, relationshipType: string, name: string, to: string[], more: object = {}) => ({
    ...common,
    type: `security_Vex${kind}VulnAssessmentRelationship`,
    spdxId: `http://spdx.org/spdxdocs/vex/${kind}/${name}/${to.join('-')}`,
    from: cve(name),
    relationshipType,
    to: to.map(find),
    security_vexVersion: '1.0.0',
    ...more,
  });
  return {
    ...document,
    '@graph': [
      ...graph,
      vulnerability('CVE-2023-1'),
      vulnerability('CVE-2023-2'),
      vex('Fixed', 'fixedIn', 'CVE-2023-1', ['busybox', 'tzdata', 'libstdc++6']),
      vex('NotAffected', 'doesNotAffect', 'CVE-2023-2', ['busybox'], {
        security_impactStatement: 'not on Linux',
      }),
      vex('Affected', 'affects', 'CVE-2023-2', ['removed'], { security_actionStatement: 'none' }),
    ],
  };
}
