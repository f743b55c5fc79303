import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheRoot } from '../../src/core/paths.ts';
import { buildImage } from '../../src/image/build.ts';
import { BuildCache } from '../../src/image/build-cache.ts';
import { raucBundle } from '../../src/image/bundles/rauc.ts';
import { exclusively } from '../../src/image/exclusive.ts';
import { listImages, mapPaths, verifyImage } from '../../src/image/manifest.ts';
import { ownImages } from '../../src/image/own-images.ts';
import { readLock, writeLock } from '../../src/image/packages/lock.ts';
import type { Tools } from '../../src/image/tools.ts';
import type { FileRef, ImageManifest } from '../../src/model/image.ts';
import { type MachineName, machineNames } from '../../src/model/machine.ts';
import { fetchedLock, lockedPrograms } from './locked-packages.ts';

const epoch = 1_767_225_600;
const keys = join(ownImages, 'keys');
let scratch: string;
/** Our images, locked to what the mirror has: a lock of ours may be older. */
let imagesRoot: string;
let tools: Tools;
const built = new Map<MachineName, ImageManifest>();

/** A cache of its own that only shares the downloaded packages. */
async function freshCache(name: string): Promise<string> {
  const cache = join(scratch, name);
  await mkdir(cache);
  await symlink(join(cacheRoot(), 'debs'), join(cache, 'debs'));
  return cache;
}

function image(machine: MachineName): ImageManifest {
  const found = built.get(machine);
  if (found === undefined) throw new Error(`${machine} was not built`);
  return found;
}

function bundle(machine: MachineName, version: string, format: string): FileRef {
  const found = image(machine).releases[version]?.bundles[format];
  if (found === undefined) throw new Error(`no ${format} bundle of ${version}`);
  return found;
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'brownout-image-'));
  imagesRoot = join(scratch, 'images');
  await cp(ownImages, imagesRoot, { recursive: true });
  await writeLock(join(imagesRoot, 'rauc-ab', 'lock.json'), await fetchedLock('rauc-ab'));
  await Promise.all(
    machineNames.map(async (machine) =>
      built.set(machine, await buildImage({ name: 'rauc-ab', machine, imagesRoot, frozen: true })),
    ),
  );
  tools = await lockedPrograms('rauc-ab', 'tools', epoch);
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('rauc-ab', () => {
  it('is the same bit for bit when built again from nothing but the packages, both machines at once', async () => {
    const cache = await freshCache('again');
    const relativePaths = (manifest: ImageManifest) =>
      mapPaths(manifest, (path) => relative(dirname(dirname(path)), path));
    await Promise.all(
      machineNames.map(async (machine) => {
        const again = await buildImage({ name: 'rauc-ab', machine, cache, imagesRoot, frozen: true });
        expect(relativePaths(again)).toEqual(relativePaths(image(machine)));
        await verifyImage(again);
      }),
    );
    expect((await listImages(cache)).map(({ machine }) => machine)).toEqual([...machineNames].sort());
    await rm(cache, { recursive: true });
  });

  it.each(machineNames)('has file systems on %s that their checkers find nothing in', async (machine) => {
    const disk = image(machine).releases['2.0']?.factory?.['main'];
    const [slot] = image(machine).slots;
    if (disk === undefined || slot === undefined) throw new Error('no factory disk');
    await tools.run('usr/sbin/sfdisk', ['--verify', disk.path]);
    await tools.run('usr/sbin/e2fsck', ['-fn', bundle(machine, '2.0', 'raw').path]);
    await tools.run('usr/sbin/e2fsck', ['-fn', `${disk.path}?offset=${slot.offset + 2 * slot.length}`]);
    const fat = join(scratch, `${machine}.fat`);
    await copyRange(disk.path, 1 << 20, slot.offset - (1 << 20), fat);
    await tools.run('usr/sbin/fsck.fat', ['-n', fat]);
  });

  it.each(machineNames)('holds on %s in each slot what the release is said to be', async (machine) => {
    for (const [version, release] of Object.entries(image(machine).releases)) {
      const raw = bundle(machine, version, 'raw');
      expect(release.content).toMatchObject({ kind: 'slot', sha256: raw.sha256, bytes: raw.bytes });
      const text = await inImage(raw.path, 'cat /etc/os-release');
      expect(text).toContain(`VERSION_ID=${version}\n`);
      const init = await inImage(raw.path, 'stat /usr/sbin/init');
      expect(init.includes('Type: symlink')).toBe(!['no-init', 'hangs'].includes(release.broken ?? ''));
      const kernel = await inImage(raw.path, 'stat /boot/vmlinuz');
      expect(kernel.includes('Type: regular')).toBe(release.broken !== 'no-kernel');
    }
  });
});

describe('a RAUC bundle', () => {
  const formats = ['verity', 'plain'] as const;
  const info = (path: string) =>
    tools.run('usr/bin/rauc', ['info', `--keyring=${join(keys, 'ca.cert.pem')}`, path], { okCodes: [0, 1] });

  it.each(formats)('in %s format is accepted by RAUC', async (format) => {
    for (const machine of machineNames) {
      const { exitCode, stdout } = await info(bundle(machine, '1.1', format).path);
      expect(exitCode).toBe(0);
      expect(stdout).toContain(`brownout-rauc-ab-${machine}`);
      expect(stdout).toMatch(/Version:\s+'1\.1'/);
      expect(stdout).toContain(`Bundle Format: `);
    }
  });

  it.each(formats)('in %s format is refused when cut short', async (format) => {
    const path = await damaged(format, (copy, bytes) => truncate(copy, bytes - 4096));
    expect((await info(path)).exitCode).toBe(1);
  });

  it.each(formats)('in %s format is refused when one byte of what is signed differs', async (format) => {
    const path = await damaged(format, (copy, bytes) =>
      flip(copy, format === 'plain' ? 100_000 : bytes - 1500),
    );
    expect((await info(path)).exitCode).toBe(1);
  });

  it('is refused when a stranger has signed it', async () => {
    const raw = bundle('qemux86-64', '1.0', 'raw');
    const path = await raucBundle('verity').make({
      tools,
      build: new BuildCache(join(scratch, 'stranger')),
      epoch,
      compatible: 'brownout-rauc-ab-qemux86-64',
      version: '1.0',
      slots: [],
      image: raw.path,
      imageSha256: raw.sha256,
      certificate: join(keys, 'stranger.cert.pem'),
      key: join(keys, 'stranger.key.pem'),
    });
    const { exitCode, stderr } = await info(path);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/signature verification failed/);
  });

  async function damaged(
    format: string,
    damage: (copy: string, bytes: number) => Promise<void>,
  ): Promise<string> {
    const original = bundle('qemux86-64', '1.0', format);
    const copy = join(scratch, `damaged-${format}.raucb`);
    await copyFile(original.path, copy);
    await damage(copy, original.bytes);
    return copy;
  }
});

describe('an interrupted build', () => {
  it('leaves nothing that a later one would take', async () => {
    const cache = await freshCache('interrupted');
    const controller = new AbortController();
    const building = buildImage({ name: 'rauc-ab', machine: 'qemuarm64', cache, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('interrupted')), 3000);
    await expect(building).rejects.toThrow('interrupted');
    expect(await listImages(cache)).toEqual([]);
    expect(await readdir(join(cache, 'images/rauc-ab/qemuarm64')).catch(() => [])).toEqual([]);
    expect((await readdir(join(cache, 'steps'))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await rm(cache, { recursive: true });
  });
});

it('that is there is not waited for, while another build of the image is under way', async () => {
  const machine = 'qemuarm64';
  await exclusively(join(cacheRoot(), 'images', 'rauc-ab', machine), undefined, async () => {
    const signal = AbortSignal.timeout(5000);
    const found = await buildImage({ name: 'rauc-ab', machine, imagesRoot, frozen: true, signal });
    expect(found).toEqual(image(machine));
  });
});

describe('a locked version that the mirror no longer has', () => {
  beforeAll(async () => {
    const path = join(imagesRoot, 'rauc-ab', 'lock.json');
    const lock = await readLock(path);
    const rauc = lock.sets['qemuarm64/system']?.packages.find(({ name }) => name === 'rauc');
    if (rauc === undefined) throw new Error('rauc is not locked');
    Object.assign(rauc, { version: '1.0-1', sha256: '0'.repeat(64), bytes: 1 });
    await writeLock(path, lock);
  });

  it('is refused by a frozen build', async () => {
    const cache = await freshCache('frozen');
    const building = buildImage({ name: 'rauc-ab', machine: 'qemuarm64', cache, imagesRoot, frozen: true });
    await expect(building).rejects.toMatchObject({
      code: 'locked-version-gone',
      message: expect.stringMatching(/rauc 1\.0-1 \(now /) as unknown,
    });
    expect(await listImages(cache)).toEqual([]);
  });

  it('is replaced otherwise, which each run is told, and the image is built only once', async () => {
    const cache = await freshCache('replaced');
    const build = async () => {
      const notices: string[] = [];
      const manifest = await buildImage({
        name: 'rauc-ab',
        machine: 'qemuarm64',
        cache,
        imagesRoot,
        onNotice: (text) => notices.push(text),
      });
      return { manifest, notices };
    };
    const first = await build();
    expect(first.notices[0]).toMatch(
      /no longer has 1 locked package of rauc-ab \(rauc 1\.0-1 \(now .*brownout image lock /,
    );
    const second = await build();
    expect(second.manifest).toEqual(first.manifest);
    // Each run says on what it stands; nothing is built again.
    expect(second.notices).toEqual(first.notices.slice(0, 1));
  });
});

async function inImage(path: string, request: string): Promise<string> {
  return (await tools.run('usr/sbin/debugfs', ['-R', request, path])).stdout;
}

async function flip(path: string, at: number): Promise<void> {
  await using file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 1;
  await file.write(byte, 0, 1, at);
}

async function copyRange(path: string, from: number, bytes: number, to: string): Promise<void> {
  await using file = await open(path);
  const data = Buffer.alloc(bytes);
  await file.read(data, 0, bytes, from);
  await writeFile(to, data);
  expect((await stat(to)).size).toBe(bytes);
  expect((await readFile(to)).subarray(510, 512).toString('hex')).toBe('55aa');
}
