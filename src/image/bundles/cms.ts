import { X509Certificate } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { ScenarioError } from '../../core/errors.ts';
import type { BundleInputs } from './bundle-format.ts';
import { pemText, privateKey } from './private-key.ts';

/** Who signs: PEM files. */
export type Signer = Pick<BundleInputs, 'certificate' | 'key'>;

/** A private key, and the certificate of it. Throws ScenarioError `signing-key`. */
export async function assertCmsSigner({ certificate, key }: Signer): Promise<void> {
  const signer = await privateKey(key);
  if (!certificateIn(await pemText(certificate), certificate).checkPrivateKey(signer))
    throw new ScenarioError('signing-key', `${certificate} is the certificate of another key than ${key}`);
}

function certificateIn(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new ScenarioError('signing-key', `${path} is no certificate that can be read: X.509 in PEM`, {
      cause,
    });
  }
}

/**
 * The CMS signature of a file, in DER; with the file in it unless it is `detached`. It has no signed attributes, hence no
 * time: with PKCS #1 v1.5 it depends on the file and the key only.
 */
export async function signCms(
  tools: Pick<BundleInputs['tools'], 'run'>,
  input: string,
  detached: boolean,
  { certificate, key }: Signer,
): Promise<Buffer> {
  const out = `${input}.cms`;
  await tools.run('usr/bin/openssl', [
    ...['cms', '-sign', '-binary', '-nosmimecap', '-noattr', '-md', 'sha256', '-outform', 'DER'],
    ...(detached ? [] : ['-nodetach']),
    ...['-signer', certificate, '-inkey', key, '-in', input, '-out', out],
  ]);
  const signature = await readFile(out);
  await rm(out);
  return signature;
}
