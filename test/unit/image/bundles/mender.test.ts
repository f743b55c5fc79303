import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../../src/core/digest.ts';
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
async function make(
  pem: string,
  madeAt = 1,
  kind: Parameters<typeof menderBundle>[0] = 'rootfs-image',
  stateScripts: Record<string, string> = {},
) {
  const place = join(folder, String((count += 1)));
  const build = new BuildCache(place);
  const [key, image] = [`${place}.key.pem`, `${place}.ext4`];
  await writeFile(key, pem);
  await writeFile(image, 'the image');
  let signer = '';
  let command: readonly string[] = [];
  const scripts = new Map<string, string>();
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
        const files = args.flatMap((arg, i) => (arg === '-f' ? [args[i + 1] ?? ''] : []));
        command = args.slice(0, args.indexOf('-f'));
        for (const path of args.filter((_, i) => args[i - 1] === '-s'))
          scripts.set(basename(path), await readFile(path, 'utf8'));
        const payload = await Promise.all(
          files.map(
            async (path) =>
              ({ path: basename(path), type: 'file', mode: 0o600, content: await readFile(path) }) as const,
          ),
        );
        const inner = await buffer(packTar(payload, madeAt));
        const header = gzipSync(
          await buffer(
            packTar(
              [...scripts].map(
                ([name, text]) =>
                  ({
                    path: `scripts/${name}`,
                    type: 'file',
                    mode: 0o755,
                    content: Buffer.from(text),
                  }) as const,
              ),
              madeAt,
            ),
          ),
        );
        const manifest = `${sha256('the image')}  data/0000/rootfs.ext4\n${sha256(header)}  header.tar.gz\n`;
        const parts: [string, Buffer][] = [
          ['version', Buffer.from('3')],
          ...(scripts.size === 0
            ? []
            : ([
                ['manifest', Buffer.from(manifest)],
                ['manifest.sig', Buffer.from('of the manifest as it was')],
                ['header.tar.gz', header],
              ] as [string, Buffer][])),
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
  const path = await menderBundle(kind).make({
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
    stateScripts,
  });
  return { signer, command, scripts, artifact: await readFile(path) };
}

describe('an artifact of Mender', () => {
  it('has the same bytes whenever it is made, with all its parts in their order', async () => {
    const pem = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
    const { artifact } = await make(pem, 1000);
    expect(artifact).toEqual((await make(pem, 2000)).artifact);
    expect([...(await filesOf(artifact))]).toEqual([
      ['/version', '3'],
      ['/data/0000.tar.gz/rootfs.ext4', 'the image'],
    ]);
  });

  it('of one file says where it goes; the file says of which release it is, and whether it is whole', async () => {
    const pem = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
    const { command, artifact } = await make(pem, 1000, 'single-file');
    expect(artifact.equals((await make(pem, 2000, 'single-file')).artifact)).toBe(true);
    expect(command).toEqual(['write', 'module-image', '-T', 'single-file']);
    const files = await filesOf(artifact);
    const said = ['dest_dir', 'filename', 'permissions'].map((name) =>
      files.get(`/data/0000.tar.gz/${name}`),
    );
    expect(said).toEqual(['/data/app\n', 'gateway\n', '644\n']);
    const file = Buffer.from(files.get('/data/0000.tar.gz/gateway') ?? '', 'latin1');
    expect(file.toString('latin1').startsWith('release 2.0\n')).toBe(true);
    const end = file.length - 66;
    expect(file.subarray(end).toString()).toBe(`\n${sha256(file.subarray(0, end))}\n`);
  });

  it('brings along the state scripts of its image, by their names', async () => {
    const pem = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
    const given = { ArtifactInstall_Leave_50_Backup: 'cp', ArtifactCommit_Enter_50_Restore: 'mv' };
    const { scripts, artifact } = await make(pem, 1, 'rootfs-image', given);
    expect(Object.fromEntries(scripts)).toEqual(given);
    expect(artifact.equals((await make(pem, 2000, 'rootfs-image', given)).artifact)).toBe(true);
    const parts = new Map<string, Buffer>();
    for await (const { path, content } of readTar(once(artifact))) parts.set(path, await buffer(content));
    const part = (path: string) => parts.get(path) ?? Buffer.alloc(0);
    expect(part('/manifest').toString()).toContain(`\n${sha256(part('/header.tar.gz'))}  header.tar.gz\n`);
    const signature = Buffer.from(part('/manifest.sig').toString(), 'base64');
    expect(verify('sha256', part('/manifest'), createPublicKey(pem), signature)).toBe(true);
    const brought: [string, number][] = [];
    for await (const { path, mode } of readTar(once(gunzipSync(part('/header.tar.gz')))))
      brought.push([path, mode]);
    expect(brought).toEqual(Object.keys(given).map((name) => [`/scripts/${name}`, 0o755]));
    expect((await make(pem)).scripts.size).toBe(0);
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

async function filesOf(artifact: Buffer): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { path, content } of readTar(once(artifact))) {
    if (path !== '/data/0000.tar.gz') found.set(path, (await buffer(content)).toString('latin1'));
    else
      for await (const inner of readTar(once(gunzipSync(await buffer(content)))))
        found.set(path + inner.path, (await buffer(inner.content)).toString('latin1'));
  }
  return found;
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}
