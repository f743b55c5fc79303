import { readFile, rm } from 'node:fs/promises';
import type { BundleInputs } from './bundle-format.ts';

/** Who signs: PEM files. */
export type Signer = Pick<BundleInputs, 'certificate' | 'key'>;

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
