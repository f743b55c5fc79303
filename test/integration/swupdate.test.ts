import { copyFile, mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/core/digest.ts';
import { buildImage } from '../../src/image/build.ts';
import { BuildCache } from '../../src/image/build-cache.ts';
import { swuArchive, swuBundle } from '../../src/image/bundles/swu.ts';
import { ownImages } from '../../src/image/own-images.ts';
import type { Tools } from '../../src/image/tools.ts';
import type { FileRef, ImageManifest } from '../../src/model/image.ts';
import { readCpio } from '../../src/package/archive/cpio.ts';
import { lockedPrograms } from './locked-packages.ts';

const epoch = 1_767_225_600;
const machine = 'qemuarm64';
const compatible = `brownout-swupdate-ab-${machine}`;
const keys = join(ownImages, 'keys');
let scratch: string;
let tools: Tools;
/** The device's own SWUpdate, as it is on the other machine, run on this host. */
let device: Tools;
let manifest: ImageManifest;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'brownout-swupdate-'));
  manifest = await buildImage({ name: 'swupdate-ab', machine });
  tools = await lockedPrograms('swupdate-ab', 'tools', epoch);
  device = await lockedPrograms('swupdate-ab', 'qemux86-64/system', epoch);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

function bundle(format: string, version = '2.0'): FileRef {
  const found = manifest.releases[version]?.bundles[format];
  if (found === undefined) throw new Error(`no ${format} bundle of ${version}`);
  return found;
}

/** What SWUpdate says of an update for a device of this kind whose slot A runs. */
async function check(path: string, { hardware = compatible, mode = 'stable,B' } = {}) {
  const trusted = ['-k', join(keys, 'ca.cert.pem')];
  const args = ['-c', '-i', path, ...trusted, '-H', `brownout:${hardware}`, '-e', mode];
  const { exitCode, stdout, stderr } = await device.run('usr/bin/swupdate', args, {
    cwd: scratch,
    env: { TMPDIR: scratch },
    okCodes: [0, 1],
  });
  return { exitCode, said: `${stdout}${stderr}` };
}

describe('an update for SWUpdate', () => {
  it.each(['swu', 'swu-direct'])('%s is accepted for either slot', async (format) => {
    for (const mode of ['stable,A', 'stable,B'])
      expect(await check(bundle(format).path, { mode })).toMatchObject({ exitCode: 0 });
  });

  it('is refused by a device of another kind, and where it has nothing for the slot', async () => {
    const { path } = bundle('swu');
    const other = await check(path, { hardware: 'brownout-swupdate-ab-qemux86-64' });
    expect(other).toMatchObject({ exitCode: 1 });
    expect(other.said).toContain('SW not compatible with hardware');
    expect(await check(path, { mode: 'stable,C' })).toMatchObject({ exitCode: 1 });
  });

  it('is refused when it is cut short, and when one byte of the image differs', async () => {
    const { path, bytes } = bundle('swu');
    const copy = join(scratch, 'damaged.swu');
    await copyFile(path, copy);
    await truncate(copy, bytes - 4096);
    expect(await check(copy)).toMatchObject({ exitCode: 1 });
    await copyFile(path, copy);
    await flip(copy, bytes >> 1);
    expect(await check(copy)).toMatchObject({ exitCode: 1 });
  });

  it('is refused when its description differs from what was signed, though all sums fit', async () => {
    const files: { name: string; content: Buffer }[] = [];
    const input = (async function* () {
      yield await readFile(bundle('swu').path);
    })();
    for await (const entry of readCpio(input, () => 0)) {
      const content: Buffer[] = [];
      for await (const part of entry.content) content.push(part);
      files.push({ name: 'name' in entry ? entry.name : '', content: Buffer.concat(content) });
    }
    expect(files.map(({ name }) => name)).toEqual([
      'sw-description',
      'sw-description.sig',
      'rootfs.ext4.zst',
    ]);
    const copy = join(scratch, 'changed.swu');
    await writeFile(copy, swuArchive(files, epoch));
    expect(sha256(await readFile(copy))).toBe(bundle('swu').sha256);
    const [description] = files;
    description?.content.write('9.0', description.content.indexOf('2.0'));
    await writeFile(copy, swuArchive(files, epoch));
    const { exitCode, said } = await check(copy);
    expect(exitCode).toBe(1);
    expect(said).toContain('Signature verification failed');
  });

  it('is refused when a stranger has signed it', async () => {
    const raw = bundle('raw', '1.0');
    const path = await swuBundle({ direct: false }).make({
      tools,
      build: new BuildCache(join(scratch, 'stranger')),
      epoch,
      compatible,
      version: '1.0',
      slots: manifest.slots,
      image: raw.path,
      imageSha256: raw.sha256,
      certificate: join(keys, 'stranger.cert.pem'),
      key: join(keys, 'stranger.key.pem'),
    });
    const { exitCode, said } = await check(path);
    expect(exitCode).toBe(1);
    expect(said).toContain('Signature verification failed');
  });

  it('is the same bit for bit when made again', async () => {
    const raw = bundle('raw');
    const path = await swuBundle({ direct: true }).make({
      tools,
      build: new BuildCache(join(scratch, 'again')),
      epoch,
      compatible,
      version: '2.0',
      slots: manifest.slots,
      image: raw.path,
      imageSha256: raw.sha256,
      certificate: join(keys, 'signing.cert.pem'),
      key: join(keys, 'signing.key.pem'),
    });
    expect(sha256(await readFile(path))).toBe(bundle('swu-direct').sha256);
  });
});

async function flip(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, offset);
  await file.write(Buffer.from([buffer[0]! ^ 1]), 0, 1, offset);
}
