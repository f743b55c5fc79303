import { copyFile, mkdtemp, open, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/core/digest.ts';
import { buildImage } from '../../src/image/build.ts';
import { BuildCache } from '../../src/image/build-cache.ts';
import { menderBundle } from '../../src/image/bundles/mender.ts';
import { ownImages } from '../../src/image/own-images.ts';
import type { Tools } from '../../src/image/tools.ts';
import type { FileRef, ImageManifest } from '../../src/model/image.ts';
import { lockedPrograms } from './locked-packages.ts';

const epoch = 1_767_225_600;
const machine = 'qemuarm64';
const folder = join(ownImages, 'mender-ab');
const keys = join(ownImages, 'keys');
/** What devices hold artifacts against. */
const trusted = join(folder, 'rootfs/etc/mender/artifact-verify-key.pem');
/** What mender-artifact ends with where an artifact is not valid. */
const refused = 4;
let scratch: string;
let tools: Tools;
let manifest: ImageManifest;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'brownout-mender-'));
  manifest = await buildImage({ name: 'mender-ab', machine });
  tools = await lockedPrograms('mender-ab', 'tools', epoch);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

function bundle(format: string): FileRef {
  const found = manifest.releases['2.0']?.bundles[format];
  if (found === undefined) throw new Error(`no ${format} bundle`);
  return found;
}

async function artifactTool(...args: string[]) {
  const { exitCode, stdout, stderr } = await tools.run('usr/bin/mender-artifact', args, {
    okCodes: [0, refused],
    env: { TMPDIR: scratch },
  });
  return { exitCode, said: `${stdout}${stderr}` };
}

const validate = (path: string) => artifactTool('validate', '-k', trusted, path);

/** The image's 2.0, packed anew by this key of keys/. */
async function again(key: string): Promise<string> {
  const { path: image, sha256: imageSha256 } = bundle('raw');
  return menderBundle('rootfs-image').make({
    tools,
    build: new BuildCache(join(scratch, key)),
    epoch,
    compatible: `brownout-mender-ab-${machine}`,
    version: '2.0',
    slots: manifest.slots,
    image,
    imageSha256,
    certificate: '',
    key: join(keys, `${key}.key.pem`),
  });
}

describe('an artifact of mender-ab', () => {
  it("is valid to mender-artifact with the devices' key, and says what it is for", async () => {
    const { path } = bundle('mender');
    expect(await validate(path)).toMatchObject({ exitCode: 0 });
    const { said } = await artifactTool('read', '-k', trusted, path);
    expect(said).toContain('Signature: signed and verified correctly');
    expect(said).toMatch(/Name: 2\.0\n.*Format: mender\n.*Version: 3/);
    expect(said).toContain(`brownout-mender-ab-${machine}`);
    expect(said).toContain('rootfs-image');
  });

  it('is the same bit for bit when made again', async () => {
    expect(sha256(await readFile(await again('signing')))).toBe(bundle('mender').sha256);
  });

  it('is not valid when a stranger has signed it', async () => {
    const { exitCode, said } = await validate(await again('stranger'));
    expect(exitCode).toBe(refused);
    expect(said).toContain('verification error');
  });

  it('is not valid when it is cut short, and when one byte of the image differs', async () => {
    const { path, bytes } = bundle('mender');
    const copy = join(scratch, 'damaged.mender');
    await copyFile(path, copy);
    await truncate(copy, bytes >> 1);
    expect(await validate(copy)).toMatchObject({ exitCode: refused });
    await copyFile(path, copy);
    await using file = await open(copy, 'r+');
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, bytes >> 1);
    await file.write(Buffer.from([buffer[0]! ^ 1]), 0, 1, bytes >> 1);
    expect(await validate(copy)).toMatchObject({ exitCode: refused });
  });
});
