import { createHash } from 'node:crypto';
import { chmod, copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import type { SshAccess } from '../model/image.ts';
import type { MakeOptions } from './workshop.ts';

/** Puts the client's key into the image's folder. Throws ScenarioError `host-key-invalid`. */
export async function sshAccess(
  { keys, out }: Pick<MakeOptions, 'keys' | 'out'>,
  { user, privateKey, hostKey }: { user: string; privateKey: string; hostKey: string },
): Promise<SshAccess> {
  await copyFile(join(keys, privateKey), join(out, 'ssh-key'));
  await chmod(join(out, 'ssh-key'), 0o600);
  const line = await readFile(join(keys, hostKey), 'utf8');
  const blob = line.split(' ')[1];
  if (blob === undefined)
    throw new ScenarioError('host-key-invalid', `${hostKey} is not an OpenSSH public key`);
  const hostKeySha256 = createHash('sha256')
    .update(Buffer.from(blob, 'base64'))
    .digest('base64')
    .replace(/=+$/, '');
  return { user, privateKey: 'ssh-key', hostKeySha256 };
}
