import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ScenarioError } from '../../core/errors.ts';
import { fileTrouble } from '../../core/file-trouble.ts';

/** The text of a key or certificate. Throws ScenarioError `signing-key`. */
export async function pemText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ScenarioError('signing-key', `${path} cannot be read: ${fileTrouble(cause)}`, { cause });
  });
}

/** A private key to sign with, in PEM without a passphrase, PKCS #1 or #8. Throws ScenarioError `signing-key`. */
export async function privateKey(path: string): Promise<KeyObject> {
  const pem = await pemText(path);
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new ScenarioError(
      'signing-key',
      `${path} is no private key that can be read: PEM, without a passphrase${/BEGIN (PUBLIC KEY|CERTIFICATE)/.test(pem) ? '; it is the public half' : ''}`,
      { cause },
    );
  }
}
