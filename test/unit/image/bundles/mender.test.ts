import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BuildCache } from '../../../../src/image/build-cache.ts';
import { menderBundle } from '../../../../src/image/bundles/mender.ts';
import { packTar, readTar } from '../../../../src/package/archive/tar.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-mender-'));
});
afterAll(() => rm(folder, { recursive: true }));

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
let count = 0;

/** Makes an artifact with a mender-artifact whose archives were written at this time; `signer` is the key that it was given. */
async function make(pem: string, madeAt = 1) {
  const place = join(folder, String((count += 1)));
  const build = new BuildCache(place);
  const [key, image] = [`${place}.key.pem`, `${place}.ext4`];
  await writeFile(key, pem);
  await writeFile(image, 'the image');
  let signer = '';
  const tools = {
    key: [],
    run: async (program: string, args: readonly string[]) => {
      if (program === 'usr/bin/gzip') {
        const path = args.at(-1) ?? '';
        await writeFile(`${path}.gz`, gzipSync(await readFile(path)));
        await rm(path);
      } else {
        const after = (option: string) => args[args.indexOf(option) + 1] ?? '';
        signer = await readFile(after('-k'), 'utf8');
        const content = await readFile(after('-f'));
        const inner = await buffer(
          packTar([{ path: 'rootfs.ext4', type: 'file', mode: 0o600, content }], madeAt),
        );
        const parts: [string, Buffer][] = [
          ['version', Buffer.from('3')],
          ['data/0000.tar.gz', gzipSync(inner)],
        ];
        const entries = parts.map(
          ([path, part]) => ({ path, type: 'file', mode: 0o600, content: part }) as const,
        );
        await writeFile(after('-o'), packTar(entries, madeAt));
      }
      return { stdout: '', stderr: '', exitCode: 0 };
    },
  };
  const path = await menderBundle.make({
    tools,
    build,
    compatible: 'gateway',
    version: '2.0',
    slots: [],
    image,
    imageSha256: 'abc',
    certificate: key,
    key,
    epoch: 5,
  });
  return { signer, artifact: await readFile(path) };
}

describe('an artifact of Mender', () => {
  it('has the same bytes whenever it is made, with all its parts in their order', async () => {
    const pem = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
    const { artifact } = await make(pem, 1000);
    expect(artifact).toEqual((await make(pem, 2000)).artifact);
    const found: [string, string][] = [];
    for await (const { path, content } of readTar(once(artifact))) {
      if (path !== '/data/0000.tar.gz') found.push([path, await text(content)]);
      else
        for await (const inner of readTar(once(gunzipSync(await buffer(content)))))
          found.push([path + inner.path, await text(inner.content)]);
    }
    expect(found).toEqual([
      ['/version', '3'],
      ['/data/0000.tar.gz/rootfs.ext4', 'the image'],
    ]);
  });

  it('is signed with a PKCS #8 key too, which mender-artifact is given as PKCS #1', async () => {
    const { signer } = await make(rsa.export({ type: 'pkcs8', format: 'pem' }).toString());
    expect(signer).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
    expect(createPrivateKey(signer).equals(rsa)).toBe(true);
  });

  it('is not signed with a key of another kind, or one that cannot be read: the error says what Mender takes', async () => {
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    await expect(make(curve.export({ type: 'pkcs8', format: 'pem' }).toString())).rejects.toThrow(
      /key\.pem is a key of type ec, .* RSA keys in PKCS #1/,
    );
    const locked = rsa.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    for (const pem of ['nonsense', locked.toString()])
      await expect(make(pem)).rejects.toThrow(
        expect.objectContaining({
          kind: 'scenario',
          code: 'signing-key',
          message: `${join(folder, String(count))}.key.pem is no private key that can be read: PEM, without a passphrase`,
        }),
      );
  });
});

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}
