import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeAr } from '../../../src/package/archive/ar.ts';
import { bufferSource } from '../../../src/package/archive/byte-source.ts';
import type { Compression } from '../../../src/package/archive/compression.ts';
import { Damage } from '../../../src/package/archive/damage.ts';
import { packTar } from '../../../src/package/archive/tar.ts';
import { controlPackageFrom } from '../../../src/package/control/control-package.ts';
import { fieldValue, stanzaText } from '../../../src/package/control/stanza.ts';
import { writePackage } from '../../../src/package/control/write-package.ts';
import { readPackage } from '../../../src/package/package-file.ts';
import { listFiles } from '../../../src/package/packaged-files.ts';
import { all, readControl } from '../derive/feeds.ts';
import { expectSame, readHalves } from './read-again.ts';
import { anyPackage, smallPackage, smallPackageFile } from './small-package.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-package-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('what is written', () => {
  it.each(['ar', 'tar.gz'] as const)('is read again from %s', async (container) => {
    const compression = fc.constantFrom<Compression>('none', 'gz');
    await fc.assert(
      fc.asyncProperty(anyPackage, compression, async (made, how) => {
        await expectSame(made, await writePackage(made, { container, compression: how }));
      }),
      { numRuns: 60 },
    );
  });

  it('depends on nothing but the package and the options', async () => {
    const [a, b] = [await smallPackageFile('a', '1.0'), await smallPackageFile('a', '1.0')];
    expect(a.equals(b)).toBe(true);
    const later = await writePackage(smallPackage('a', '1.0'), { seconds: 1_700_000_000 });
    expect(later.equals(a)).toBe(false);
  });

  it('has names of one to sixteen characters in its ar archive', () => {
    expect(() => writeAr([{ name: 'a-name-of-17-char', content: Buffer.alloc(0) }], 0)).toThrow(Damage);
  });
});

describe('other layouts of the same', () => {
  /** An archive whose member names stand as given. */
  async function named(...names: [string, string, string]): Promise<Buffer> {
    const bytes = await smallPackageFile('a', '1.0');
    for (const [was, is] of [
      ['debian-binary   ', names[0]],
      ['control.tar.gz  ', names[1]],
      ['data.tar.gz     ', names[2]],
    ] as const)
      bytes.write(is.padEnd(16), bytes.indexOf(was));
    return bytes;
  }

  it.each([
    ['./', ['./debian-binary', './control.tar.gz', './data.tar.gz']],
    ["GNU ar's slash", ['debian-binary/', 'control.tar.gz/', 'data.tar.gz/']],
  ] as const)('members with %s', async (_, names) => {
    const { about, files } = await readHalves(await named(...(names as [string, string, string])));
    expect([about.name, about.version, files.length]).toEqual(['a', '1.0', 4]);
  });

  it("GNU ar's long names", async () => {
    const bytes = await smallPackageFile('a', '1.0');
    const table = writeAr(
      [{ name: '//', content: Buffer.from('some-very-long-name/\ncontrol.tar.gz/\n') }],
      0,
    );
    const start = '!<arch>\n'.length;
    const joined = Buffer.concat([bytes.subarray(0, start), table.subarray(start), bytes.subarray(start)]);
    joined.write('/21'.padEnd(16), joined.lastIndexOf('control.tar.gz  '));
    expect((await controlPackageFrom(bufferSource(joined), 'ipk')).name).toBe('a');
  });

  it('an ipk needs no debian-binary, a deb does', async () => {
    const source = bufferSource(await named('x', 'control.tar.gz', 'data.tar.gz'));
    expect((await controlPackageFrom(source, 'ipk')).name).toBe('a');
    await expect(controlPackageFrom(source, 'deb')).rejects.toThrow(
      'the first member is "x", not debian-binary',
    );
  });
});

describe('a damaged package', () => {
  const about = async (bytes: Buffer) => controlPackageFrom(bufferSource(bytes), 'ipk');

  it.each([
    ['', 'byte 0: expected an ar archive or a gzipped tar, found nothing'],
    ['edabeedb03', 'found an RPM package'],
    ['213c7468696e3e0a', 'found a thin ar archive'],
    ['3c21444f4354', 'found text, perhaps the error page of a web server'],
    ['00112233', 'found something else'],
  ])('%s is none', async (hex, message) => {
    await expect(about(Buffer.from(hex, 'hex'))).rejects.toThrow(message);
  });

  it('that is cut off says where', async () => {
    const bytes = await smallPackageFile('a', '1.0');
    await expect(about(bytes.subarray(0, 100))).rejects.toThrow(
      'byte 72: the file ends within the header of a member',
    );
    await expect(about(bytes.subarray(0, 200))).rejects.toThrow(
      /^byte 72: member "control.tar.gz" says \d+ bytes, but only 68 are left$/,
    );
    await expect(about(bytes.subarray(0, -2))).rejects.toThrow(/^byte \d+: member "data.tar.gz" says/);
    const withoutData = bytes.subarray(0, bytes.indexOf('data.tar.gz'));
    await expect(about(withoutData)).rejects.toThrow('there is no data.tar in it');
    const twice = Buffer.concat([withoutData, withoutData.subarray('!<arch>\n'.length)]);
    await expect(about(twice)).rejects.toThrow(/^control\.tar\.gz \(at byte \d+\): a second control\.tar$/);
  });

  it('with damaged gzip says in which member', async () => {
    const bytes = await smallPackageFile('a', '1.0');
    bytes.fill(0xff, 150, 160);
    await expect(about(bytes)).rejects.toThrow(/^control\.tar\.gz \(at byte 132\): not sound gzip: /);
  });

  it('of the older kind says in which member, and its place cannot be said', async () => {
    const bytes = await writePackage(smallPackage('a', '1.0', { Version: '' }), { container: 'tar.gz' });
    await expect(about(bytes)).rejects.toThrow(/^control\.tar\.gz: control: there is no field Version$/);
    const whole = await writePackage(smallPackage('a', '1.0'), { container: 'tar.gz' });
    await expect(about(whole.subarray(0, -20))).rejects.toThrow(/^not sound gzip: unexpected end of file$/);
  });

  it.each([
    ['debian-binary', Buffer.from('3.0\n'), 'debian-binary (at byte 68): format "3.0\\n"; only 2.x is known'],
    [
      'control.tar.lzma',
      Buffer.alloc(0),
      'compressed as .lzma; only .gz, .xz, .zst, .bz2, .lz4 and none can be read',
    ],
    ['control.tar', Buffer.alloc(1024), 'control.tar (at byte 68): control: there is no such file'],
    ['control.tar', Buffer.alloc(512, 'x'), 'after the beginning: Invalid tar header'],
    ['data.tar', Buffer.alloc(1024), 'there is no control.tar in it'],
  ])('%s', async (name, content, message) => {
    await expect(about(writeAr([{ name, content }], 0))).rejects.toThrow(message);
  });

  it('with a control file that dpkg refuses says which line', async () => {
    const wrong = async (fields: Record<string, string>) =>
      controlPackageFrom(bufferSource(await smallPackageFile('a', '1', fields)), 'deb');
    await expect(wrong({ Version: '' })).rejects.toThrow('control: there is no field Version');
    await expect(wrong({ version: '2' })).rejects.toThrow('line 4: the field version for the second time');
    await expect(wrong({ 'no field': 'x' })).rejects.toThrow('line 4: not a field: "no field: x"');
    await expect(wrong({ X: 'x\n\ny' })).rejects.toThrow(
      'control.tar.gz (at byte 132): control: line 5: a line of blanks within X; dpkg takes " ." for an empty line',
    );
  });

  it('that unpacks to more than a control file may be', async () => {
    const bomb = writeAr([{ name: 'control.tar.gz', content: gzipSync(Buffer.alloc(64 << 20)) }], 0);
    expect(bomb.length).toBeLessThan(100_000);
    await expect(about(bomb)).rejects.toThrow('unpacks to more than 33554432 bytes');
    for (const [name, why] of [
      ['control', 'control: more than 1048576 bytes'],
      ['conffiles', 'conffiles: more than 1048576 bytes'],
    ] as const) {
      const tar = await all(
        packTar([{ path: name, type: 'file', mode: 0, content: Buffer.alloc(1048577) }], 0),
      );
      await expect(about(writeAr([{ name: 'control.tar', content: tar }], 0))).rejects.toThrow(why);
    }
  });

  it('ends in Damage and nothing else, whatever is wrong', async () => {
    const whole = [
      await smallPackageFile('a', '1.0'),
      await writePackage(smallPackage('a', '1.0'), { compression: 'none' }),
      await writePackage(smallPackage('a', '1.0'), { container: 'tar.gz' }),
    ];
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...whole),
        fc.array(change, { maxLength: 4 }),
        fc.option(fc.nat()),
        async (bytes, changes, end) => {
          const copy = Buffer.from(bytes.subarray(0, end === null ? bytes.length : end % bytes.length));
          for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
          const error: unknown = await readHalves(copy).then(
            () => undefined,
            (reason: unknown) => reason,
          );
          if (error !== undefined) expect(error).toBeInstanceOf(Damage);
        },
      ),
      { numRuns: 600 },
    );
  }, 60_000);

  it('is told with its file and what to do, as the fault of the input', async () => {
    const path = join(folder, 'damaged.ipk');
    await writeFile(path, 'x');
    for (const read of [readPackage, listFiles])
      await expect(read(path)).rejects.toMatchObject({
        kind: 'scenario',
        code: 'package-damaged',
        message: `${path}: byte 0: expected an ar archive or a gzipped tar, found something else`,
        hint: 'take the file away or build it again',
      });
    await expect(readPackage(join(folder, 'none.deb'))).rejects.toMatchObject({
      code: 'package-unreadable',
      message: `${join(folder, 'none.deb')}: cannot be read: ENOENT`,
    });
    await expect(readPackage(join(folder, 'x.src.rpm'))).rejects.toThrow('its name ends in none of');
  });
});

describe('the package model', () => {
  it('has what the package says of itself', async () => {
    const path = join(folder, 'a.ipk');
    await writeFile(path, await smallPackageFile('a', '1:1.0-r0', { Description: 'short\nlong\n.\nmore' }));
    const found = await readControl(path);
    expect(found).toMatchObject({ format: 'ipk', name: 'a', version: '1:1.0-r0', architecture: 'all' });
    expect(found.conffiles).toEqual(['/etc/a.conf']);
    expect(found.scripts.get('postinst')).toBe('#!/bin/sh\nexit 0\n');
    expect(fieldValue(found.control, 'DESCRIPTION')).toBe('short');
    expect(stanzaText(found.control)).toBe(
      'Package: a\nVersion: 1:1.0-r0\nArchitecture: all\nDescription: short\n long\n .\n more\n',
    );
    expect((await readFile(path)).length).toBeGreaterThan(0);
  });
});
