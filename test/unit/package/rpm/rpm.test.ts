import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bufferSource } from '../../../../src/package/archive/byte-source.ts';
import { Damage } from '../../../../src/package/archive/damage.ts';
import { readPackage } from '../../../../src/package/package-file.ts';
import { listFiles } from '../../../../src/package/packaged-files.ts';
import { rpmFilesFrom } from '../../../../src/package/rpm/contents.ts';
import { listedFiles } from '../../../../src/package/rpm/files.ts';
import {
  fromElements,
  headerLength,
  numbersEntry,
  numbersOf,
  parseHeader,
  textBytesOf,
  textEntry,
  textsEntry,
  textsOf,
  valueTypes,
} from '../../../../src/package/rpm/header.ts';
import { labelsOf } from '../../../../src/package/rpm/labels.ts';
import { payloadFiles } from '../../../../src/package/rpm/payload.ts';
import { rewriteRpm } from '../../../../src/package/rpm/rewrite-rpm.ts';
import { readRpmFile, unpackedPayload } from '../../../../src/package/rpm/rpm-file.ts';
import { rpmPackageFrom } from '../../../../src/package/rpm/rpm-package.ts';
import { relationTags, scriptTags, tags } from '../../../../src/package/rpm/tags.ts';
import { type NewRpm, writeRpm } from '../../../../src/package/rpm/write-rpm.ts';
import { all } from '../../derive/feeds.ts';
import { asOfRpm3, withEntryBehindRegion } from './old-rpm.ts';
import { retag, smallRpm } from './small-rpm.ts';
import { stripRpm } from './strip-rpm.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-rpm-'));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
function fresh(): string {
  count += 1;
  return join(folder, `${count}.rpm`);
}

async function written(made: NewRpm, options: Parameters<typeof writeRpm>[2] = {}): Promise<string> {
  const path = fresh();
  await writeRpm(path, made, { seconds: 1_700_000_000, ...options });
  return path;
}

async function labels(path: string) {
  return labelsOf((await readRpmFile(bufferSource(await readFile(path)))).header);
}

async function rewritten(
  path: string,
  edit: Omit<Parameters<typeof rewriteRpm>[2], 'labels'>,
): Promise<string> {
  const to = fresh();
  await rewriteRpm(path, to, { labels: await labels(path), ...edit });
  return to;
}

async function textFiles(path: string): Promise<Record<string, string>> {
  const files = await listFiles(path, { contents: 'all' });
  return Object.fromEntries(
    files.map((file) => [file.path, file.content?.toString() ?? `-> ${file.target ?? file.type}`]),
  );
}

const two = ['/usr/one', '/usr/two'];
/** An rpm with two names for one file. */
async function linked(): Promise<string> {
  const made = smallRpm('links', '1-r0');
  const files = two.map((path) => ({ path, type: 'file' as const, mode: 0o644, content: Buffer.alloc(0) }));
  const path = await written({ ...made, conffiles: [], files });
  await retag(path, [[tags.fileInodes, numbersEntry('int32', [7, 7])]]);
  return path;
}

describe('an rpm', () => {
  it('says what it is', async () => {
    const path = await written(smallRpm('a', '1.0-r0'));
    expect(await readPackage(path)).toMatchObject({
      format: 'rpm',
      name: 'a',
      version: '1.0-r0',
      architecture: 'noarch',
      conffiles: ['/etc/a.conf', 'noreplace /etc/a.keep'],
      scripts: new Map([['post', 'exit 0\n']]),
    });
    expect(await textFiles(path)).toEqual({
      '/etc/a.conf': 'release=1.0-r0\n',
      '/etc/a.keep': 'keep=1.0-r0\n',
      '/usr/share/a': '-> directory',
      '/usr/share/a/alias': '-> ../news',
      '/usr/share/a/news': 'news\n',
      '/var/a.cache': '-> ghost',
    });
  });

  it('has a scriptlet that is a program only as the line that runs it', async () => {
    const path = await written({ ...smallRpm('a', '1-r0'), scripts: {} });
    await retag(path, [[scriptTags.post.program, textEntry('/sbin/ldconfig')]]);
    expect((await readPackage(path)).scripts).toEqual(new Map([['post', '/sbin/ldconfig\n']]));
    const to = await rewritten(path, {
      scripts: new Map([['post', Buffer.from('exit 1\n/sbin/ldconfig\n')]]),
    });
    const { header } = await readRpmFile(bufferSource(await readFile(to)));
    expect(textsOf(header, scriptTags.post.program)).toEqual(['/bin/sh']);
    expect((await labels(to)).relations.requires.map(({ name }) => name)).toContain('/bin/sh');
  });

  it('has hard links to the last of the names of one file', async () => {
    const path = await linked();
    expect(await textFiles(path)).toEqual({ '/usr/one': '-> /usr/two', '/usr/two': '' });
  });

  it('is the same each time', async () => {
    const [a, b] = [await written(smallRpm('a', '1-r0')), await written(smallRpm('a', '1-r0'))];
    expect((await readFile(a)).equals(await readFile(b))).toBe(true);
  });

  const content = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes));
  const path = fc
    .array(fc.stringMatching(/^[\w\u00e4 +-]{1,20}$/u), { minLength: 1, maxLength: 4 })
    .map((parts) => `/${parts.join('/')}`);
  const file = fc.record({
    path,
    type: fc.constant('file' as const),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    content,
  });

  it('is read again, whatever its files are; and again when they are changed', async () => {
    const files = fc.uniqueArray(file, { maxLength: 6, selector: (one) => one.path });
    await fc.assert(
      fc.asyncProperty(files, fc.nat(5), fc.option(file), async (list, place, added) => {
        const before = await written({
          ...smallRpm('a', '1-r0'),
          conffiles: [],
          flags: new Map(),
          files: list,
        });
        const all = Object.fromEntries(list.map((one) => [one.path, one.content.toString()]));
        expect(await textFiles(before)).toEqual(all);
        const dropped = list[place]?.path;
        const isNew = added !== null && all[added.path] === undefined;
        const after = await rewritten(before, {
          data: { drops: (one) => one === dropped, added: isNew ? [added] : [] },
        });
        const others = Object.fromEntries(Object.entries(all).filter(([one]) => one !== dropped));
        expect(await textFiles(after)).toEqual({
          ...others,
          ...(isNew ? { [added.path]: added.content.toString() } : {}),
        });
      }),
      { numRuns: 40 },
    );
  });
});

describe('a rewritten rpm', () => {
  it('is the same where nothing changes', async () => {
    const path = await written(smallRpm('a', '1-r0'));
    expect((await readFile(await rewritten(path, {}))).equals(await readFile(path))).toBe(true);
  });

  it('keeps tags that nobody knows, and its payload, where only labels change', async () => {
    const path = await written(smallRpm('a', '1-r0'));
    await retag(path, [[9999, textsEntry(['b', 'c'])]]);
    const to = fresh();
    await rewriteRpm(path, to, { labels: { ...(await labels(path)), epoch: 2, release: 'r1' } });
    const [old, made] = await Promise.all(
      [path, to].map(async (one) => {
        const bytes = await readFile(one);
        const { header, payloadStart } = await readRpmFile(bufferSource(bytes));
        return { header, payload: bytes.subarray(payloadStart) };
      }),
    );
    expect(made?.payload.equals(old?.payload ?? Buffer.alloc(0))).toBe(true);
    const changed = [...(made?.header ?? [])].filter(
      ([tag, { data }]) => !old?.header.get(tag)?.data.equals(data),
    );
    expect(changed.map(([tag]) => tag)).toEqual([tags.release, tags.epoch]);
  });

  it('changes all names of one file', async () => {
    const to = await rewritten(await linked(), {
      data: { changed: new Map([['/usr/two', { content: () => Buffer.from('new'), mode: 0o755 }]]) },
    });
    expect(
      (await listFiles(to, { digests: true })).map(({ mode, bytes, type }) => [mode, bytes, type]),
    ).toEqual([
      [0o755, 0, 'link'],
      [0o755, 3, 'file'],
    ]);
    const { header } = await readRpmFile(bufferSource(await readFile(to)));
    expect(new Set(textsOf(header, tags.fileDigests)).size).toBe(1);
    expect(numbersOf(header, tags.size)).toEqual([3]);
  });

  it('of files in the form for large ones stays in it', async () => {
    const path = await written(smallRpm('a', '1-r0'), { compression: 'gz' });
    const stripped = fresh();
    await stripRpm(path, stripped);
    const before = await textFiles(path);
    expect(await textFiles(stripped)).toEqual(before);
    const to = await rewritten(stripped, {
      data: {
        drops: (one) => one === '/etc/a.conf',
        changed: new Map([['/usr/share/a/news', { content: () => Buffer.from('more') }]]),
        added: [{ path: '/etc/b', type: 'file', mode: 0o644, content: Buffer.from('b') }],
      },
    });
    const kept = Object.entries(before).filter(([one]) => one !== '/etc/a.conf');
    expect(await textFiles(to)).toEqual({
      ...Object.fromEntries(kept),
      '/usr/share/a/news': 'more',
      '/etc/b': 'b',
    });
  });
});

describe('a damaged rpm', () => {
  const damaged = async (change: (bytes: Buffer) => Buffer) => {
    const bytes = Buffer.from(await readFile(await written(smallRpm('a', '1-r0'))));
    const source = bufferSource(change(bytes));
    return Promise.all([rpmPackageFrom(source), rpmFilesFrom(source, { digests: true })]);
  };
  const patched = (at: number, hex: string) => (bytes: Buffer) => {
    Buffer.from(hex, 'hex').copy(bytes, at);
    return bytes;
  };

  it.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    ['that is none', patched(0, '00'), /^byte 0: not an rpm$/],
    ['that ends in its lead', (bytes) => bytes.subarray(0, 95), /^the file ends within its lead$/],
    ['of source', patched(6, '0001'), /^a source package/],
    ['with another magic', patched(96, '00'), /^signature \(at byte 96\): not a header of version 1$/],
    ['of too many tags', patched(104, '7fffffff'), /^signature \(at byte 96\): a header of 2147483647 tags$/],
    [
      'of too much data',
      patched(108, '7fffffff'),
      /^signature \(at byte 96\): a header of 2147483647 bytes$/,
    ],
    [
      'that says more tags than there are',
      patched(104, '0000ffff'),
      /^signature \(at byte 96\): the file ends within it$/,
    ],
    [
      'with a region that is none',
      patched(120, '00000001'),
      /^signature: the region does not enclose the header$/,
    ],
    ['with a tag of no type', patched(132, '0000000a'), /^signature: tag 269: of the unknown type 10$/],
    [
      'with data that lead out',
      patched(136, '0fffffff'),
      /^signature: tag 269: 1 values at 268435455 are not in the header$/,
    ],
    ['with too many values', patched(188, '0fffffff'), /^signature: tag 1004: 268435455 values/],
    [
      'that ends early',
      (bytes) => bytes.subarray(0, -1),
      /^the signature says \d+ bytes from byte \d+ on, and the file has \d+$/,
    ],
    [
      'whose header is another',
      (bytes) => {
        bytes.write('b', bytes.indexOf('MIT\0'));
        return bytes;
      },
      /^signature: the header's sha256 is [0-9a-f]{64}, and this says /,
    ],
    [
      'whose payload is another',
      (bytes) => patched(bytes.length - 1, 'ff')(bytes),
      /^(the payload's sha256 is|not sound gzip)/,
    ],
  ])('%s', async (_, change, message) => {
    const error: unknown = await damaged(change).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Damage);
    expect((error as Damage).message).toMatch(message);
  });

  it.each<[string, Parameters<typeof retag>[1], RegExp]>([
    [
      'with a list that is too short',
      [[tags.fileModes, numbersEntry('int16', [1])]],
      /tag 1030: 1 values for 6 files/,
    ],
    [
      'with a folder that is not there',
      [[tags.dirIndexes, numbersEntry('int32', [0, 0, 0, 0, 0, 9])]],
      /file 5 is in a folder that is not listed/,
    ],
    [
      'with a file that leads out',
      [[tags.dirNames, textsEntry(['/etc/', '/usr/../../', '/c/', '/d/'])]],
      /leads out of the package/,
    ],
    [
      'with a file twice',
      [[tags.baseNames, textsEntry(['a', 'a', 'c', 'd', 'e', 'f'])]],
      /"\/etc\/a" for the second time/,
    ],
    [
      'with other sizes',
      [[tags.fileSizes, numbersEntry('int32', [1, 2, 3, 4, 5, 6])]],
      /"\/etc\/a.conf" has 13 bytes, and the header says 1/,
    ],
    [
      'with other digests',
      [[tags.fileDigests, textsEntry(['0', '1', '', '', '2', ''])]],
      /"\/etc\/a.conf" is not what its digest/,
    ],
    [
      'with other names',
      [[tags.baseNames, textsEntry(['x', 'b', 'c', 'd', 'e', 'f'])]],
      /the payload has a file that is not in the header's list/,
    ],
    [
      'of rpm 3, with too few names',
      [[tags.oldFileNames, textsEntry(['/etc'])]],
      /tag 1028: 6 values for 1 files/,
    ],
    [
      'with a file that the payload lacks',
      [[tags.fileFlags, numbersEntry('int32', [1, 17, 0, 0, 2, 0])]],
      /the payload does not have "\/var\/a.cache"/,
    ],
    ['with another compression', [[tags.payloadCompressor, textEntry('lzma')]], /compressed with "lzma"/],
    ['with another archive', [[tags.payloadFormat, textEntry('drpm')]], /the payload is "drpm", not cpio/],
    ['with numbers for a name', [[tags.name, numbersEntry('int32', [1])]], /tag 1000: not text/],
    ['without a release', [[tags.release, textEntry('')]], /there is no release/],
    ['with half a relation', [[1049, textsEntry(['a'])]], /requires: 1 names, 4 flags, 4 versions/],
  ])('%s', async (_, entries, message) => {
    const path = await written(smallRpm('a', '1-r0'));
    await retag(path, entries);
    const reading = readPackage(path).then(() => listFiles(path, { digests: true }));
    await expect(reading).rejects.toMatchObject({
      code: 'package-damaged',
      message: expect.stringMatching(message) as string,
    });
  });

  it('with a number of the signature that is none, is told with file and part', async () => {
    const path = await written(smallRpm('a', '1-r0'));
    const bytes = await readFile(path);
    // The type of the payload's size, which is the last entry of the signature.
    const at = 96 + 16 + 16 * (bytes.readUInt32BE(104) - 1);
    expect(bytes.readUInt32BE(at)).toBe(1007);
    bytes.writeUInt32BE(7, at + 4);
    await writeFile(path, bytes);
    await expect(readPackage(path)).rejects.toMatchObject({
      kind: 'scenario',
      code: 'package-damaged',
      message: `${path}: signature: tag 1007: not numbers`,
    });
  });

  it('has no entries behind the region of its header, and may have some in its signature', async () => {
    const path = await written(smallRpm('a', '1-r0'));
    const bytes = withEntryBehindRegion(await readFile(path));
    await writeFile(path, bytes);
    expect(await readPackage(path)).toMatchObject({ name: 'a' });
    const signature = bytes.subarray(96, 96 + headerLength(bytes.subarray(96, 112), bytes.length));
    expect(parseHeader(signature, 'signature').has(274)).toBe(true);
    expect(() => parseHeader(signature)).toThrow('the region does not enclose the header');
  });

  it('of rpm 3 is read and not written', async () => {
    const path = await written(smallRpm('a', '1-r0'));
    const before = await textFiles(path);
    await writeFile(path, asOfRpm3(await readFile(path)));
    expect(await textFiles(path)).toEqual(before);
    await expect(rewritten(path, {})).rejects.toThrow('lists its files as rpm 3 did, which can be read and');
  });

  it('keeps the bytes of names that are not UTF-8 when others change', async () => {
    const path = await written(
      smallRpm('a', '1-r0', { requires: [{ name: 'cafE', flags: 0, version: '' }] }),
    );
    const { header } = await readRpmFile(bufferSource(await readFile(path)));
    const latin = Buffer.from('caf\u00e9', 'latin1');
    const names = textBytesOf(header, relationTags.requires.names).map((name) =>
      name.includes('caf') ? latin : name,
    );
    await retag(path, [[relationTags.requires.names, fromElements(valueTypes.strings, names)]]);
    const said = await labels(path);
    const { requires } = said.relations;
    expect(requires.map(({ name }) => name)).toContain('caf\u00e9');
    const more = [...requires, { name: 'more', flags: 0, version: '' }];
    const to = fresh();
    await rewriteRpm(path, to, { labels: { ...said, relations: { ...said.relations, requires: more } } });
    expect(await readFile(to)).toSatisfy((bytes: Buffer) => bytes.includes(latin));
    expect((await labels(to)).relations.requires).toEqual(more);
  });

  it('ends in Damage and nothing else, whatever is wrong', async () => {
    const sound = await readFile(await written(smallRpm('a', '1-r0')));
    const at = fc.nat({ max: sound.length - 1 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.option(at),
        async (changes, cut) => {
          const bytes = Buffer.from(sound);
          for (const [place, value] of changes) bytes[place] = value;
          const source = bufferSource(cut === null ? bytes : bytes.subarray(0, cut));
          const ends = await Promise.allSettled([
            rpmPackageFrom(source),
            rpmFilesFrom(source, { digests: true }),
          ]);
          for (const end of ends) if (end.status === 'rejected') expect(end.reason).toBeInstanceOf(Damage);
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);

  it('has a header that is read or refused, whatever is wrong, also without a digest of it', async () => {
    const bytes = await readFile(await written(smallRpm('a', '1-r0')));
    const { headerStart, payloadStart } = await readRpmFile(bufferSource(bytes));
    const sound = bytes.subarray(headerStart, payloadStart);
    const at = fc.nat({ max: sound.length - 1 });
    let read = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const header = Buffer.from(sound);
        for (const [place, value] of changes) if (place >= 16) header[place] = value;
        try {
          const parsed = parseHeader(header);
          labelsOf(parsed);
          listedFiles(parsed);
          read += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(Damage);
        }
      }),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(0);
  });

  it('has an archive that is read or refused, whatever is wrong', async () => {
    const source = bufferSource(await readFile(await written(smallRpm('a', '1-r0'))));
    const rpm = await readRpmFile(source);
    const sound = await all(unpackedPayload(source, rpm));
    const files = listedFiles(rpm.header);
    const at = fc.nat({ max: sound.length - 1 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 3 }),
        at,
        async (changes, cut) => {
          const bytes = Buffer.from(sound);
          for (const [place, value] of changes) bytes[place] = value;
          const reading = (async () => {
            const pieces = Readable.from([
              bytes.subarray(0, cut),
              bytes.subarray(cut),
            ]) as AsyncIterable<Buffer>;
            for await (const { content } of payloadFiles(pieces, files)) await all(content);
          })();
          await reading.catch((error: unknown) => expect(error).toBeInstanceOf(Damage));
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);
});
