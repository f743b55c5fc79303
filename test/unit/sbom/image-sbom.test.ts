import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { elementIri } from '../../../src/sbom/image-sbom.ts';
import { readImageSbom } from '../../../src/sbom/read-image-sbom.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { archive, openEmbedded22, openEmbedded30 } from './documents.ts';

const parts = [
  {
    name: 'busybox',
    version: '1.35.0',
    licence: 'GPL-2.0-only AND DocumentRef-recipe-all:LicenseRef-bzip2-1.0.4',
  },
  { name: 'libstdc++6', version: '11.5.0', licence: 'GPL-3.0-with-GCC-exception' },
  { name: 'tzdata', version: '2024a', licence: 'LicenseRef-PD AND BSD-3-Clause' },
];

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-image-sbom-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function read(name: string, content: string | Buffer) {
  const path = join(folder, name);
  await writeFile(path, content);
  return readImageSbom(path);
}

describe("Yocto's archive of SPDX 2.2 documents", () => {
  needPrograms('zstd');

  it('gives the packages of the image from their own documents', async () => {
    const image = await read('image.spdx.tar.zst', await archive(openEmbedded22('core-image', parts)));
    expect({ name: image.name, document: image.document }).toEqual({
      name: 'core-image',
      document: {
        name: 'core-image-20240410101010',
        iri: 'http://spdx.org/spdxdocs/core-image-20240410101010-1234',
        major: 2,
        sha1: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
      },
    });
    expect(
      image.packages.map(({ name, version, supplier, copyright }) => [name, version, supplier, copyright]),
    ).toEqual(
      parts.map(({ name, version }) => [
        name,
        version,
        { kind: 'Organization', name: 'OpenEmbedded ()' },
        undefined,
      ]),
    );
    const [busybox, gcc, tzdata] = image.packages;
    expect(busybox?.declared?.expression).toMatch(/^GPL-2\.0-only AND LicenseRef-bzip2-1\.0\.4-[0-9a-f]{8}$/);
    expect(busybox?.declared?.texts[0]?.text).toBe(
      'The text is in the SPDX document http://spdx.org/spdxdocs/recipe-all-1234 as LicenseRef-bzip2-1.0.4.',
    );
    expect(gcc?.declared?.expression).toBe('GPL-3.0-with-GCC-exception');
    expect(tzdata?.declared?.texts).toEqual([
      expect.objectContaining({ name: 'PD', text: 'Software released to the public domain' }),
    ]);
    expect(elementIri(gcc!.element)).toBe(
      'http://spdx.org/spdxdocs/libstdc++6-1234#SPDXRef-Package-libstdc++6',
    );
  });

  it('knows only the names where the image document is all there is', async () => {
    const [about = ''] = openEmbedded22('core-image', parts).values();
    const image = await read('image.spdx.json', about);
    expect(image.packages.map(({ name, version, declared }) => [name, version, declared])).toEqual(
      parts.map(({ name }) => [name, undefined, undefined]),
    );
  });

  it('is refused where a document is not the one that the image names', async () => {
    const documents = openEmbedded22('core-image', parts);
    const changed = documents.get('tzdata')?.replace('2024a', '2024b') ?? '';
    const content = await archive(new Map([...documents, ['tzdata', changed]]));
    await expect(read('image.spdx.tar.zst', content)).rejects.toMatchObject({
      code: 'sbom-invalid',
      message: expect.stringContaining('tzdata.spdx.json is not the document that core-image-2024') as string,
    });
  });

  it.each([
    [
      'another document first',
      (all: [string, string][]) => all.reverse(),
      /recipe-all, its first document, is not/,
    ],
    ['no document', () => [], /there is no \.spdx\.json in it/],
    ['no JSON', () => [['x', '{']], /x\.spdx\.json: it is not JSON/],
  ] as [string, (all: [string, string][]) => [string, string][], RegExp][])(
    'is refused with %s',
    async (_, change, message) => {
      const documents = new Map(change([...openEmbedded22('core-image', parts)]));
      await expect(read('a.spdx.tar', await archive(documents, 'none'))).rejects.toThrow(message);
    },
  );

  it('is refused where it is damaged', async () => {
    const content = await archive(openEmbedded22('core-image', parts));
    await expect(read('a.spdx.tar.zst', content.subarray(0, 200))).rejects.toMatchObject({
      code: 'sbom-invalid',
    });
  });
});

describe("Yocto's SPDX 3.0 document", () => {
  it('gives what went into the root file system, and nothing else', async () => {
    const json = openEmbedded30('core-image', [
      { ...parts[0]!, licence: 'GPL-2.0-only' },
      parts[2]!,
      { name: 'closed', version: '1', licence: 'NONE' },
    ]);
    const image = await read('image.spdx.json', JSON.stringify(json));
    expect(image).toMatchObject({ name: 'core-image', document: { major: 3, name: 'core-image-doc' } });
    const [busybox, tzdata, closed] = image.packages;
    expect(busybox).toEqual({
      name: 'busybox',
      version: '1.35.0',
      concluded: { expression: 'GPL-2.0-only', texts: [] },
      supplier: { kind: 'Organization', name: 'OpenEmbedded ()' },
      homepage: 'https://example.com/busybox',
      summary: 'The busybox',
      checksums: [],
      cpes: ['cpe:2.3:*:*:busybox:1.35.0:*:*:*:*:*:*:*'],
      element: {
        document: image.document,
        id: 'http://spdx.org/spdxdocs/core-image-5678/unihash/package/busybox',
      },
    });
    expect(tzdata?.concluded?.texts).toEqual([
      expect.objectContaining({ name: 'PD', text: 'Software released to the public domain' }),
    ]);
    expect(closed?.concluded).toEqual({ expression: 'NONE', texts: [] });
    expect(image.packages).toHaveLength(3);
  });
});

describe("another tool's SPDX", () => {
  const about = { spdxVersion: 'SPDX-2.3', name: 'scan', documentNamespace: 'https://example.com/scan' };
  const packages = ['root', 'a', 'b'].map((name) => ({
    SPDXID: `SPDXRef-${name}`,
    name,
    versionInfo: '1-r0',
    checksums: [
      { algorithm: 'SHA256', checksumValue: 'AB'.repeat(32) },
      { algorithm: 'RUBBISH', checksumValue: '1' },
    ],
  }));
  const describes = {
    spdxElementId: 'SPDXRef-DOCUMENT',
    relationshipType: 'DESCRIBES',
    relatedSpdxElement: 'SPDXRef-root',
  };

  it.each([
    ['what the described package contains', [describes, contains('SPDXRef-root', 'SPDXRef-b')], ['b']],
    ['everything but the described package', [describes], ['a', 'b']],
    ['everything', [], ['root', 'a', 'b']],
  ])('is %s', async (_, relationships, names) => {
    const image = await read('scan.json', JSON.stringify({ ...about, packages, relationships }));
    expect(image.packages.map(({ name }) => name)).toEqual(names);
    expect(image.packages[0]?.checksums).toEqual([{ algorithm: 'SHA256', value: 'ab'.repeat(32) }]);
  });

  it.each([
    [
      'an old version',
      { ...about, spdxVersion: 'SPDX-2.1' },
      /not a document of SPDX 2\.2 or 2\.3: spdxVersion/,
    ],
    ['no namespace', { ...about, documentNamespace: undefined }, /: documentNamespace: /],
    ['no package', about, /it names no installed package/],
    ['a list', [], /not a document of SPDX 2\.2 or 2\.3/],
    ['another context', { '@context': 'https://schema.org', '@graph': [] }, /not a document of SPDX 3\.0/],
    [
      'no SpdxDocument',
      { '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld', '@graph': [] },
      /there is no SpdxDocument in it/,
    ],
    [
      'a package that is none',
      {
        '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
        '@graph': [{ type: 'software_Package', spdxId: 1 }],
      },
      /@graph\.0: not of SPDX 3\.0: spdxId/,
    ],
  ])('is refused with %s', async (_, json, message) => {
    const refused = read('scan.json', JSON.stringify(json));
    await expect(refused).rejects.toMatchObject({ code: 'sbom-invalid', kind: 'scenario' });
    await expect(refused).rejects.toThrow(message);
  });

  it('is refused where it is not there', async () => {
    await expect(readImageSbom(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'sbom-unreadable' });
    await expect(readImageSbom(join(folder, 'none.tar.zst'))).rejects.toMatchObject({
      code: 'sbom-unreadable',
    });
  });
});

function contains(spdxElementId: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType: 'CONTAINS', relatedSpdxElement };
}
