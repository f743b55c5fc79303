import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InstalledPackage } from '../../../src/model/software.ts';
import { compress } from '../../../src/package/archive/compression.ts';
import { type FactBook, withFacts } from '../../../src/sbom/facts.ts';
import { readFeedFacts } from '../../../src/sbom/feed-facts.ts';
import type { ImageSbom } from '../../../src/sbom/image-sbom.ts';
import { readImageSbom } from '../../../src/sbom/read-image-sbom.ts';
import { spdx23 } from '../../../src/sbom/spdx23.ts';
import { spdx301 } from '../../../src/sbom/spdx301.ts';
import { describeSystem, type SystemFacts } from '../../../src/sbom/system-sbom.ts';
import { anyCharacter } from '../../support/any-character.ts';
import { testData } from '../../support/data.ts';
import { needPrograms } from '../../support/host-programs.ts';
import { spdxSchemas } from '../../support/spdx-schemas.ts';
import { archive, openEmbedded22, openEmbedded30, withVex } from './documents.ts';

const facts = { created: '2026-11-21T10:54:00Z', tool: 'brownout-0.1.0' };

interface Spdx23 {
  documentNamespace: string;
  packages: Record<string, unknown>[];
  relationships: { spdxElementId: string; relationshipType: string; relatedSpdxElement: string }[];
  externalDocumentRefs?: { externalDocumentId: string; spdxDocument: string }[];
  hasExtractedLicensingInfos?: { licenseId: string }[];
  creationInfo: { comment: string };
}

interface Spdx301 {
  '@graph': Record<string, unknown>[];
}

const write = {
  '2.3': (system: SystemFacts) => spdx23(describeSystem(system), facts) as Spdx23,
  '3.0.1': (system: SystemFacts) => spdx301(describeSystem(system), facts) as Spdx301,
};

function one(name: string, version: string, more: Partial<InstalledPackage> = {}): InstalledPackage {
  return { name, version, architecture: 'core2-64', state: 'installed', ...more };
}

/** Every id that is used is one that the document has, imports, or takes from SPDX itself. */
function strangers({ '@graph': graph }: Spdx301): unknown[] {
  const imported = graph.flatMap((element) => (element['import'] ?? []) as { externalSpdxId: string }[]);
  const known = new Set<unknown>([
    ...graph.map((element) => element['spdxId']),
    ...imported.map(({ externalSpdxId }) => externalSpdxId),
    'expandedlicensing_NoneLicense',
  ]);
  const used = graph.flatMap((element) => [
    ...['from', 'suppliedBy', 'dataLicense'].flatMap((name) => element[name] ?? []),
    ...['to', 'element', 'rootElement', 'createdBy'].flatMap((name) => (element[name] ?? []) as unknown[]),
  ]);
  return used.filter((id) => !known.has(id));
}

const installed = [
  one('added', '1.0-r0', { licence: 'MIT & PD', source: 'added_1.0.bb' }),
  one('busybox', '1.35.0-r0', { digest: { of: 'file', algorithm: 'SHA256', value: 'ab'.repeat(32) } }),
  one('libstdc++6', '12.1.0-r0', { licence: 'GPL-3.0-with-GCC-exception' }),
  one('tzdata', '2024a-r0.1', { state: 'half-configured' }),
];
const parts = [
  { name: 'busybox', version: '1.35.0', licence: 'GPL-2.0-only' },
  { name: 'libstdc++6', version: '11.5.0', licence: 'GPL-3.0-with-GCC-exception' },
  { name: 'removed', version: '1', licence: 'MIT' },
  { name: 'tzdata', version: '2024a', licence: 'LicenseRef-PD AND BSD-3-Clause' },
];
const before = [one('busybox', '1.35.0-r0'), one('libstdc++6', '11.5.0-r0'), one('tzdata', '2024a-r0')];

describe('the SPDX document of a system', () => {
  needPrograms('zstd');
  const images = new Map<string, ImageSbom>();
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brownout-spdx-'));
    const path = join(folder, 'image.spdx.tar.zst');
    await writeFile(path, await archive(openEmbedded22('core-image', parts)));
    images.set('2.2', await readImageSbom(path));
    const json = join(folder, 'image.spdx.json');
    await writeFile(json, JSON.stringify(withVex(openEmbedded30('core-image', parts))));
    images.set('3.0', await readImageSbom(json));
    await rm(folder, { recursive: true });
  });

  it("takes what the image's SPDX 3.0 concludes where nothing is declared", () => {
    const document = write['2.3']({ system: 'opkg', installed, image: images.get('3.0')! });
    const licences = document.packages.map((one) => [one['name'], one['licenseConcluded']]);
    expect(Object.fromEntries(licences)).toMatchObject({
      busybox: 'GPL-2.0-only',
      tzdata: expect.stringMatching(/^LicenseRef-PD-[0-9a-f]{8} AND BSD-3-Clause$/) as string,
      'libstdc++6': 'NOASSERTION',
    });
  });

  it("keeps what the image's document says of vulnerabilities, and counts what it does not", async () => {
    const json = withVex(openEmbedded30('core-image', parts));
    const folder = await mkdtemp(join(tmpdir(), 'brownout-vex-'));
    const path = join(folder, 'image.spdx.json.zst');
    await writeFile(path, await compress('zst', Buffer.from(JSON.stringify(json))));
    const image = await readImageSbom(path);
    await rm(folder, { recursive: true });
    const system = { system: 'opkg', installed, before, image } as const;
    expect(describeSystem(system).lostVex).toBe(2);
    const current = write['3.0.1'](system)['@graph'];
    const said = current.filter(({ type }) => String(type).startsWith('security_Vex'));
    const names = new Map(current.map((element) => [element['spdxId'], element['name']]));
    expect(
      said.map((one) => [
        names.get(one['from']),
        one['relationshipType'],
        ...(one['to'] as string[]).map((id) => names.get(id)),
        one['security_impactStatement'],
        one['comment'],
      ]),
    ).toEqual([
      ['CVE-2023-1', 'fixedIn', 'busybox', undefined, undefined],
      ['CVE-2023-2', 'doesNotAffect', 'busybox', 'not on Linux', undefined],
      ['CVE-2023-1', 'fixedIn', 'tzdata', undefined, expect.stringContaining('same upstream version')],
    ]);
    const old = write['2.3'](system).packages.find((one) => one['name'] === 'busybox');
    expect(old?.['annotations']).toEqual(
      ['VEX: CVE-2023-1: fixed', 'VEX: CVE-2023-2: not affected. not on Linux'].map((comment) => ({
        annotationDate: facts.created,
        annotationType: 'OTHER',
        annotator: `Tool: ${facts.tool}`,
        comment,
      })),
    );
  });

  it('says in SPDX 2.3 what stayed as in the image, and amends its document', () => {
    const document = write['2.3']({ system: 'opkg', installed, before, image: images.get('2.2')! });
    const about = (name: string) => document.packages.find((other) => other['name'] === name);
    expect(about('busybox')).toMatchObject({
      versionInfo: '1.35.0-r0',
      licenseDeclared: 'GPL-2.0-only',
      supplier: 'Organization: OpenEmbedded ()',
      checksums: [{ algorithm: 'SHA256', checksumValue: 'ab'.repeat(32) }],
      comment: 'Architecture: core2-64. The same as in the document of the image.',
    });
    expect(about('tzdata')).toMatchObject({
      licenseDeclared: expect.stringMatching(/^LicenseRef-PD-[0-9a-f]{8} AND BSD-3-Clause$/) as string,
      comment: expect.stringMatching(
        /^Architecture: core2-64\. State: half-configured; .* same upstream/,
      ) as string,
    });
    expect(about('libstdc++6')).not.toHaveProperty('supplier');
    expect(about('added')).toMatchObject({
      licenseDeclared: 'MIT AND LicenseRef-PD',
      sourceInfo: 'built from added_1.0.bb',
    });
    expect(about('removed')).toBeUndefined();
    const references = new Map(
      document.externalDocumentRefs?.map((ref) => [ref.externalDocumentId, ref.spdxDocument]),
    );
    const relations = document.relationships.map(
      ({ spdxElementId, relationshipType, relatedSpdxElement }) => {
        const [reference = '', id = relatedSpdxElement] = relatedSpdxElement.split(/:(.*)/);
        const from = spdxElementId.replace(/-core2-64.*/, '');
        return `${from} ${relationshipType} ${references.get(reference) ?? ''} ${id.replace(/-core2-64.*/, '')}`;
      },
    );
    const documents = 'http://spdx.org/spdxdocs';
    expect(relations.filter((line) => !line.includes('CONTAINS'))).toEqual([
      'SPDXRef-DOCUMENT DESCRIBES  SPDXRef-System',
      `SPDXRef-DOCUMENT AMENDS ${documents}/core-image-20240410101010-1234 SPDXRef-DOCUMENT`,
      `SPDXRef-Package-busybox-1.35.0-r0 COPY_OF ${documents}/busybox-1234 SPDXRef-Package-busybox`,
      `SPDXRef-Package-libstdc--6-12.1.0-r0 VARIANT_OF ${documents}/libstdc++6-1234 SPDXRef-Package-libstdc++6`,
      `SPDXRef-Package-tzdata-2024a-r0.1 VARIANT_OF ${documents}/tzdata-1234 SPDXRef-Package-tzdata`,
    ]);
    expect(relations.filter((line) => line.includes('SPDXRef-System CONTAINS'))).toHaveLength(4);
    expect(document.packages[0]).toMatchObject({
      name: 'core-image',
      primaryPackagePurpose: 'OPERATING_SYSTEM',
    });
  });

  it('says the same in SPDX 3.0.1', () => {
    const { '@graph': graph } = write['3.0.1']({
      system: 'opkg',
      installed,
      before,
      image: images.get('3.0')!,
    });
    const names = new Map(graph.map((element) => [element['spdxId'], element['name']]));
    const short = (id: unknown) => names.get(id) ?? String(id).replace(/.*\/unihash\//, 'image:');
    const relations = graph
      .filter(({ type }) => type === 'Relationship')
      .map(({ from, relationshipType, to }) => [
        short(from),
        relationshipType,
        ...(to as unknown[]).map(short),
      ]);
    expect(relations.filter(([, type]) => !String(type).includes('License'))).toEqual([
      ['image:package/busybox', 'copiedTo', 'busybox'],
      ['image:package/libstdc++6', 'hasVariant', 'libstdc++6'],
      ['image:package/tzdata', 'hasVariant', 'tzdata'],
      ['core-image', 'contains', 'added', 'busybox', 'libstdc++6', 'tzdata'],
      ['image:document', 'amendedBy', 'core-image'],
    ]);
    const busybox = graph.find(({ name }) => name === 'busybox');
    expect(busybox).toMatchObject({
      software_homePage: 'https://example.com/busybox',
      externalIdentifier: [{ identifier: 'cpe:2.3:*:*:busybox:1.35.0:*:*:*:*:*:*:*' }],
      verifiedUsing: [{ algorithm: 'sha256' }],
    });
    const concluded = graph.find(
      ({ from, relationshipType }) =>
        from === busybox?.['spdxId'] && relationshipType === 'hasConcludedLicense',
    );
    const [licence] = concluded?.['to'] as string[];
    expect(graph.find(({ spdxId }) => spdxId === licence)).toMatchObject({
      simplelicensing_licenseExpression: 'GPL-2.0-only',
    });
  });

  it('claims no more than versions say where nobody knows what was installed before', () => {
    const packages = describeSystem({ system: 'opkg', installed, image: images.get('2.2')! }).packages;
    expect(packages.map((each) => each.image?.relation)).toEqual([
      undefined,
      'same-upstream',
      'other',
      'same-upstream',
    ]);
  });

  it('does not take a package that was installed again from another file for the one of the image', () => {
    const file = (value: string, installedAt: number) =>
      one('busybox', '1.35.0-r0', { digest: { of: 'file', algorithm: 'SHA256', value }, installedAt });
    const relation = (old: InstalledPackage, now: InstalledPackage) =>
      describeSystem({ system: 'opkg', installed: [now], before: [old], image: images.get('2.2')! })
        .packages[0];
    expect(relation(file('1', 1), file('2', 2))?.image?.relation).toBe('same-upstream');
    expect(relation(file('1', 1), file('1', 2))?.image?.relation).toBe('same');
    // Nobody installed it again: what the next feed has is another file.
    expect(relation(file('1', 1), file('2', 1))).toMatchObject({
      image: { relation: 'same' },
      checksums: [{ value: '1' }],
    });
  });

  it('is another document where anything is another', () => {
    const name = (more: Partial<SystemFacts>) =>
      write['2.3']({ system: 'rpm', installed, ...more }).documentNamespace;
    const names = [{}, { name: 'x' }, { vendor: 'poky' }, { installed: installed.slice(1) }].map(name);
    expect(new Set(names).size).toBe(4);
    expect(name({})).toMatch(/^https:\/\/spdx\.org\/spdxdocs\/system-[0-9a-f]{32}$/);
  });

  it('has an id for each package, also where a device lists one twice', () => {
    const { packages } = write['2.3']({ system: 'rpm', installed: [one('a', '1'), one('a', '1')] });
    expect(packages.map((each) => each['SPDXID'])).toEqual([
      'SPDXRef-System',
      'SPDXRef-Package-a-1-core2-64',
      'SPDXRef-Package-a-1-core2-64-2',
    ]);
  });

  describe('against the published schemas', () => {
    const violations = spdxSchemas();

    it.each([
      ['2.3', 'none'],
      ['2.3', '2.2'],
      ['2.3', '3.0'],
      ['3.0.1', 'none'],
      ['3.0.1', '2.2'],
      ['3.0.1', '3.0'],
    ] as const)('of %s, built on an image of %s, is valid', (version, from) => {
      const image = images.get(from);
      const system = {
        system: 'opkg',
        installed,
        before,
        ...(image === undefined ? {} : { image }),
      } as const;
      const document = write[version](system);
      expect(violations(document, version)).toEqual([]);
      if ('@graph' in document) expect(strangers(document)).toEqual([]);
      expect(write[version](system)).toEqual(document);
    });

    it('is valid whatever a device says its packages are', () => {
      const text = fc.string({ unit: anyCharacter, minLength: 1 });
      const hostile = fc.record({
        name: text,
        version: text,
        architecture: text,
        state: text,
        licence: text,
        source: text,
      });
      fc.assert(
        fc.property(fc.array(hostile, { minLength: 10, maxLength: 20 }), (packages) => {
          const system = { system: 'rpm', installed: packages } as const;
          const old = write['2.3'](system);
          expect(violations(old, '2.3')).toEqual([]);
          const ids = old.packages.map((each) => each['SPDXID']);
          expect(new Set(ids).size).toBe(ids.length);
          for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
          const current = write['3.0.1'](system);
          expect(violations(current, '3.0.1')).toEqual([]);
          expect(strangers(current)).toEqual([]);
        }),
        { numRuns: 3 },
      );
    });
  });
});

describe('every package of a real Yocto feed', () => {
  const data = testData('yocto-kirkstone-aarch64');
  const violations = spdxSchemas();
  let book: FactBook = new Map();
  let all: InstalledPackage[] = [];
  beforeAll(async () => {
    book = await readFeedFacts(data, () => undefined).catch(() => new Map<string, never>());
    const bare = [...book.keys()].map((key): InstalledPackage => {
      const [name = '', version = '', architecture = ''] = key.split(' ');
      return { name, version, architecture, state: 'installed' };
    });
    all = withFacts(bare, book);
  });
  afterAll(() => {
    all = [];
  });

  it('has a licence, a source and a checksum', () => {
    expect(all).toHaveLength(85);
    for (const { licence, source, digest } of all) {
      expect(licence).toBeDefined();
      expect(source).toMatch(/\.bb$/);
      expect(digest).toMatchObject({ of: 'file', algorithm: 'SHA256' });
    }
  });

  it.each(['2.3', '3.0.1'] as const)('is in a valid document of SPDX %s', (version) => {
    const document = write[version]({ system: 'opkg', installed: all });
    expect(violations(document, version)).toEqual([]);
    if ('packages' in document) {
      expect(document.packages).toHaveLength(86);
      expect(document.packages.slice(1).every((each) => each['licenseDeclared'] !== 'NOASSERTION')).toBe(
        true,
      );
      expect(document.hasExtractedLicensingInfos?.map(({ licenseId }) => licenseId)).toEqual([
        'LicenseRef-PD',
        'LicenseRef-bzip2-1.0.4',
      ]);
    } else {
      expect(strangers(document)).toEqual([]);
      expect(document['@graph'].filter(({ type }) => type === 'software_Package')).toHaveLength(86);
    }
  });

  it('would be found out if it were not valid', () => {
    const old = write['2.3']({ system: 'opkg', installed: all });
    expect(violations({ ...old, packages: [{ ...old.packages[0], checksums: [{}] }] }, '2.3')).not.toEqual(
      [],
    );
    const current = write['3.0.1']({ system: 'opkg', installed: all });
    const broken = current['@graph'].map((element) => ({ ...element, software_sbomType: ['upgraded'] }));
    expect(violations({ ...current, '@graph': broken }, '3.0.1')).not.toEqual([]);
  });
});
