import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildImage } from '../../../src/image/build.ts';
import { readDescription } from '../../../src/image/description.ts';
import { ownImages } from '../../../src/image/own-images.ts';
import { assertSigningKeys } from '../../../src/image/signing-keys.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'brownout-signing-'));
  await cp(join(ownImages, 'keys'), join(root, 'keys'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true }));

/** One of our own images beside other keys. */
async function image(name: string): Promise<string> {
  const path = join(root, name, 'image.yaml');
  await mkdir(join(root, name));
  await cp(join(ownImages, name, 'image.yaml'), path);
  return path;
}
const look = async (name: string) => assertSigningKeys(await readDescription(root, name), root, name);
const key = (name: string) => join(root, 'keys', name);

it.each(['rauc-ab', 'swupdate-ab', 'mender-ab', 'ostree', 'apt', 'dnf', 'yocto-ipk'])(
  'the keys of %s are such as it is signed with',
  async (name) => {
    await image(name);
    await expect(look(name)).resolves.toBeUndefined();
  },
);

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
const locked = rsa.privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
const publicHalf = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

it.each<[string, string, string, string | undefined, string, string]>([
  [
    'mender-ab',
    'an elliptic curve',
    'signing.key.pem',
    curve.privateKey.export(pkcs8).toString(),
    'bundles.key',
    'is a key of type ec, and artifacts of Mender are signed here with RSA alone: mender-artifact 3.9 takes RSA keys in PKCS #1, ',
  ],
  [
    'mender-ab',
    'a passphrase',
    'signing.key.pem',
    locked,
    'bundles.key',
    'is no private key that can be read: PEM, without a passphrase',
  ],
  [
    'rauc-ab',
    'the public half',
    'signing.key.pem',
    publicHalf,
    'bundles.key',
    'is no private key that can be read: PEM, without a passphrase; it is the public half',
  ],
  [
    'rauc-ab',
    'another key than the certificate’s',
    'signing.key.pem',
    rsa.privateKey.export(pkcs8).toString(),
    'bundles.certificate',
    'is the certificate of another key than ',
  ],
  [
    'swupdate-ab',
    'no certificate',
    'signing.cert.pem',
    'nonsense',
    'bundles.certificate',
    'is no certificate that can be read: X.509 in PEM',
  ],
  [
    'swupdate-ab',
    'nothing there',
    'signing.key.pem',
    undefined,
    'bundles.key',
    'cannot be read: no such file',
  ],
  [
    'ostree',
    'a key in PEM',
    'feed.key.asc',
    rsa.privateKey.export(pkcs8).toString(),
    'ostree.key',
    'is no key to sign with: ',
  ],
  [
    'ostree',
    'nothing there',
    'feed.key.asc',
    undefined,
    'ostree.key',
    'the key cannot be read: no such file',
  ],
  ['apt', 'a certificate alone', 'feed.key.asc', 'CERTIFICATE', 'feed.sign', 'is no key to sign with: '],
])(
  'an image of %s with %s is refused with the place of the key, before anything is fetched',
  async (name, _, file, content, where, what) => {
    const path = await image(name);
    if (content === undefined) await rm(key(file));
    else
      await writeFile(key(file), content === 'CERTIFICATE' ? await readFile(key('feed.cert.asc')) : content);
    const error: unknown = await look(name).catch((one: unknown) => one);
    expect(error).toMatchObject({ kind: 'scenario', code: 'signing-key' });
    const message = String(error).replace(/^\w+: /, '');
    expect(message).toMatch(/^\S+image\.yaml:\d+:\d+: /);
    expect(message).toContain(`: ${where}: ${key('')}`);
    expect(message).toContain(what);
    expect(message).not.toContain('\n');
    const [, line = '', column = ''] = /:(\d+):(\d+):/.exec(message) ?? [];
    const named = (await readFile(path, 'utf8')).split('\n')[Number(line) - 1]?.slice(Number(column) - 1);
    expect(named).toContain(where === 'bundles.certificate' ? 'signing.cert.pem' : file);
  },
);

it('an image is not built, nor anything fetched for it, with keys that cannot sign', async () => {
  await cp(ownImages, root, { recursive: true });
  await writeFile(key('signing.key.pem'), 'nonsense');
  const cache = join(root, 'cache');
  await expect(
    buildImage({ name: 'mender-ab', machine: 'qemuarm64', imagesRoot: root, cache }),
  ).rejects.toMatchObject({ code: 'signing-key' });
  expect(execFileSync('find', [root, '-path', '*cache*', '-name', '*.deb'], { encoding: 'utf8' })).toBe('');
});
