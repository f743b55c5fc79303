import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMessage, generateKey, readKey, readSignature, verify } from 'openpgp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSigner } from '../../../src/feed/sign-release.ts';

const keys = join(import.meta.dirname, '..', '..', '..', 'images', 'keys');
const keyFile = join(keys, 'feed.key.asc');
const certificate = join(keys, 'feed.cert.asc');
const date = new Date('2026-01-31T12:00:05Z');
const text = 'Origin: a\nSHA256:\n 00 1 Packages\n';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-sign-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function another(passphrase?: string) {
  return generateKey({
    userIDs: [{ name: 'stranger' }],
    curve: 'ed25519Legacy',
    type: 'ecc',
    date: new Date('2020-01-01T00:00:00Z'),
    format: 'armored',
    ...(passphrase === undefined ? {} : { passphrase }),
  });
}

describe('a signer', () => {
  it('signs the text, the same way each time', async () => {
    const signer = await openSigner(keyFile);
    expect(signer.fingerprint).toBe('4829B533EBC0B1E00A268864D2F65D925A57C23F');
    const signed = await signer.sign(text, date);
    expect(signed.startsWith(`-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text}`)).toBe(true);
    expect(signed.endsWith('-----END PGP SIGNATURE-----\n')).toBe(true);
    expect(await (await openSigner(keyFile)).sign(text, date)).toBe(signed);
    expect(await signer.sign(text, new Date('2026-02-01'))).not.toBe(signed);
  });

  it('signs bytes apart from them, the same way each time', async () => {
    const signer = await openSigner(keyFile);
    const bytes = Buffer.from('commit');
    const signature = await signer.detached(bytes, date);
    expect(Buffer.from(await signer.detached(bytes, date)).equals(Buffer.from(signature))).toBe(true);
    const checked = await verify({
      message: await createMessage({ binary: bytes }),
      signature: await readSignature({ binarySignature: signature }),
      verificationKeys: (await readKey({ armoredKey: await readFile(certificate, 'utf8') })).toPublic(),
      date,
    });
    expect(await checked.signatures[0]?.verified).toBe(true);
    await expect(signer.detached(bytes, new Date('2001-01-01'))).rejects.toMatchObject({
      code: 'key-unusable',
    });
  });

  it('takes a key that is not armored', async () => {
    const { privateKey, publicKey } = await another();
    const path = join(folder, 'key.gpg');
    const base64 = privateKey.replace(/^-.*$/gm, '').replace(/^=.*$/gm, '').trim();
    await writeFile(path, Buffer.from(base64, 'base64'));
    const { fingerprint } = await openSigner(path);
    expect(fingerprint).toBe((await readKey({ armoredKey: publicKey })).getFingerprint().toUpperCase());
  });

  it.each([
    ['no file', undefined, 'key-unreadable', 'the key cannot be read: no such file'],
    ['no key', 'no key', 'key-unusable', 'is no key to sign with: '],
    ['a certificate', 'certificate', 'key-unusable', 'is no key to sign with: Armored text not of type'],
    ['a passphrase', 'locked', 'key-unusable', 'is no key to sign with: it has a passphrase'],
    ['a large file', 'x'.repeat((1 << 20) + 1), 'key-unusable', 'it has 1048577 bytes'],
  ])('refuses %s', async (_, content, code, message) => {
    const path = join(folder, 'key.asc');
    if (content === 'certificate') await writeFile(path, await readFile(certificate));
    else if (content === 'locked') await writeFile(path, (await another('secret')).privateKey);
    else if (content !== undefined) await writeFile(path, content);
    await expect(openSigner(path)).rejects.toMatchObject({
      kind: 'scenario',
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  it('cannot sign before its key was made', async () => {
    const signer = await openSigner(keyFile);
    await expect(signer.sign(text, new Date('2019-12-31'))).rejects.toMatchObject({
      code: 'key-unusable',
      message: expect.stringContaining('it cannot sign at 2019-12-31T00:00:00.000Z') as string,
    });
  });
});
