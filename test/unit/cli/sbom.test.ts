import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printed } from '../../support/printed.ts';
import { openEmbedded30, withVex } from '../sbom/documents.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-sbom-cli-'));
  await mkdir(join(folder, 'feed', 'all'), { recursive: true });
  await writeFile(join(folder, 'feed', 'all', 'Packages'), stanza('a', '1.0-r0', 'License: MIT & PD\n'));
  await writeFile(
    join(folder, 'before'),
    [stanza('a', '1.0-r0', installed), stanza('b', '1', installed)].join('\n'),
  );
  await writeFile(join(folder, 'after'), stanza('a', '1.0-r1', 'Status: install user half-installed\n'));
});
afterEach(() => rm(folder, { recursive: true }));

const installed = 'Status: install user installed\n';

function stanza(name: string, version: string, more: string): string {
  return `Package: ${name}\nVersion: ${version}\nArchitecture: all\n${more}`;
}

async function brownout(...args: string[]) {
  const { code, ...text } = await printed(
    args.map((word) => word.replace(/^@/, `${folder}/`)),
    { SOURCE_DATE_EPOCH: '1700000000' },
  );
  return { code, out: text.out.replaceAll(folder, '@'), err: text.err.replaceAll(folder, '@') };
}

const before = ['--status', '@before', '--format', 'opkg'];

describe('sbom', () => {
  it('prints an SPDX document, and says what it lacks', async () => {
    const { code, out, err } = await brownout('sbom', ...before, '--feed', '@feed', '--name', 'gateway');
    expect({ code, err }).toEqual({
      code: 0,
      err: 'warning: no licence is known of 1 of 2 packages\nwarning: not on the SPDX licence list: PD\n',
    });
    expect(JSON.parse(out)).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      name: 'gateway',
      creationInfo: {
        created: '2023-11-14T22:13:20Z',
        creators: [expect.stringMatching(/^Tool: brownout-\d+\.\d+\.\d+$/) as string],
      },
      packages: [
        { SPDXID: 'SPDXRef-System' },
        { name: 'a', licenseDeclared: 'MIT AND LicenseRef-PD' },
        { name: 'b' },
      ],
    });
  });

  it("writes a file, built on the image's own document", async () => {
    const first = await brownout('sbom', ...before, '--out', '@image.json');
    expect(first.out).toBe('@/image.json: SPDX 2.3, 2 packages\n');
    const options = [
      '--image-spdx',
      '@image.json',
      '--before',
      '@before',
      '--created',
      '2026-11-21T10:54:00Z',
    ];
    const after = [
      '--status',
      '@after',
      '--format',
      'opkg',
      ...options,
      '--spdx',
      '3.0.1',
      '--out',
      '@after.json',
    ];
    const second = await brownout('sbom', 'write', ...after);
    expect(second).toEqual({
      code: 0,
      out: '@/after.json: SPDX 3.0.1, 1 package: 0 as in the image, 1 of the same upstream version, 0 of another, 0 that the image had not\n',
      err: 'warning: no licence is known of 1 of 1 packages\nwarning: a is not wholly installed: half-installed\n',
    });
    const text = await readFile(join(folder, 'after.json'), 'utf8');
    expect(text).toContain('"created": "2026-11-21T10:54:00Z"');
    expect(text).toContain('"relationshipType": "amendedBy"');
  });

  it.each([
    [[], ''],
    [['removed'], '1 VEX statement'],
    [['busybox', 'tzdata'], '3 VEX statements'],
  ])('says how many statements about vulnerabilities are left out with %j', async (gone, count) => {
    const names = ['busybox', 'libstdc++6', 'removed', 'tzdata'];
    const parts = names.map((name) => ({ name, version: '1.0', licence: 'MIT' }));
    await writeFile(join(folder, 'image.json'), JSON.stringify(withVex(openEmbedded30('image', parts))));
    const there = names.filter((name) => !gone.includes(name));
    const record = there.map((name) => stanza(name, '1.0-r0', installed)).join('\n');
    await writeFile(join(folder, 'status'), record);
    const args = ['--status', '@status', '--format', 'opkg', '--image-spdx', '@image.json'];
    const { code, err } = await brownout('sbom', ...args);
    const about = "of the image's document about packages or versions that are not installed";
    expect({ code, err }).toEqual({
      code: 0,
      err: count === '' ? '' : `warning: left out: ${count} ${about}\n`,
    });
  });

  it('leaves out a stanza that is wrong, names it, and ends with 2', async () => {
    const feed = [
      stanza('b', '1', 'License: MIT\n'),
      'Package: c\nArchitecture: all\n',
      stanza('a', '1.0-r0', 'Description: x\n \n y\nLicense: X11\nrubbish\n'),
    ];
    await writeFile(join(folder, 'feed', 'all', 'Packages'), feed.join('\n'));
    await writeFile(join(folder, 'status'), `${await readFile(join(folder, 'before'), 'utf8')}\nPack`);
    const options = ['--status', '@status', '--format', 'opkg', '--feed', '@feed'];
    const { code, out, err } = await brownout('sbom', ...options);
    expect({ code, err }).toEqual({
      code: 2,
      err: [
        'error: @/status: line 11: not a field: "Pack"; left out',
        'error: @/feed/all/Packages: line 6: a stanza without the field Version; left out',
        'warning: @/feed/all/Packages: line 16: not a field: "rubbish"',
        '',
      ].join('\n'),
    });
    const { packages } = JSON.parse(out) as { packages: { name: string; licenseDeclared: string }[] };
    expect(packages.slice(1).map((one) => [one.name, one.licenseDeclared])).toEqual([
      ['a', 'X11'],
      ['b', 'MIT'],
    ]);
  });

  it.each([
    ['no status', ['--format', 'opkg'], /required option '--status <file>' not specified/],
    ['no format', ['--status', '@before'], /required option '--format <system>' not specified/],
    ['no such file', ['--status', '@none', '--format', 'opkg'], /none: there is no such file or folder\n/],
    [
      'the record of another system',
      ['--status', '@before', '--format', 'rpm'],
      /before: line 1: 1 fields, where 9 are expected\nhint: expected what this prints on the device: rpm -qa/,
    ],
    [
      'a feed without index',
      [...before, '--feed', '@empty'],
      /no Packages or Packages\.gz in it.*\nhint: make the indexes/,
    ],
    ['a time that is none', [...before, '--created', 'now'], /--created: expected a time such as 2026-/],
    [
      'a vendor that is none',
      [...before, '--vendor', 'A/B'],
      /--vendor: expected the ID of an os-release file/,
    ],
    [
      'an image without SPDX',
      [...before, '--image-spdx', '@before'],
      /before: it is not JSON\nhint: expected the image/,
    ],
  ])('ends with exit code 2 and says what to do with %s', async (_, args, message) => {
    await mkdir(join(folder, 'empty'));
    const { code, err } = await brownout('sbom', ...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it('cannot write where there is no folder', async () => {
    const { code, err } = await brownout('sbom', ...before, '--out', '@none/x.json');
    expect(code).toBe(3);
    expect(err).toMatch(/x\.json cannot be written/);
  });

  it('has help with examples', async () => {
    const { out } = await brownout('sbom', '--help');
    expect(out).toContain('$ brownout sbom --status status --format opkg');
    expect((await brownout('sbom', 'write', '--help')).out).toContain('cat /var/lib/opkg/status');
  });
});

describe('sbom diff', () => {
  it('prints what changed, as text and as JSON', async () => {
    const { code, out } = await brownout('sbom', 'diff', '@before', '@after', '--format', 'opkg');
    expect(code).toBe(0);
    expect(out).toBe(
      'upgraded  a  1.0-r0 -> 1.0-r1  state installed -> half-installed\nremoved   b  1\n1 upgraded, 1 removed, 0 as before\n',
    );
    const json = await brownout(
      'sbom',
      'diff',
      '@before',
      '@after',
      '--format',
      'opkg',
      '--json',
      '--before-feed',
      '@feed',
    );
    expect(JSON.parse(json.out)).toMatchObject({
      changes: [
        { kind: 'upgraded', name: 'a', before: { licence: 'MIT & PD' }, differs: ['version', 'state'] },
        { kind: 'removed', name: 'b' },
      ],
      unchanged: 0,
    });
  });

  it('compares the versions of rpms as rpm does', async () => {
    const record = (version: string) =>
      writeFile(join(folder, version), `a\t(none)\t${version}\tr0\tnoarch\tMIT\ta.src.rpm\t(none)\t1\n`);
    // dpkg would find them in the other order.
    await record('1.0^git1');
    await record('1.0.1');
    const { code, out } = await brownout('sbom', 'diff', '@1.0^git1', '@1.0.1', '--format', 'rpm');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'upgraded  a  1.0^git1-r0 -> 1.0.1-r0\n1 upgraded, 0 as before\n',
    });
  });

  it('prints an error as JSON where JSON was asked for', async () => {
    const { code, out } = await brownout('sbom', 'diff', '@none', '@after', '--format', 'opkg', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ exitCode: 2, error: { code: 'sbom-unreadable' } });
  });
});
