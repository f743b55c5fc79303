import { readFile } from 'node:fs/promises';
import ssh2 from 'ssh2';
import { ScenarioError } from '../core/errors.ts';
import { fileTrouble } from '../core/file-trouble.ts';

/**
 * A private key as ssh takes it, without a passphrase: nobody is there to enter one. Throws ScenarioError `image-ssh-key`
 * where the file is none.
 */
export async function readPrivateKey(path: string): Promise<Buffer> {
  try {
    const text = await readFile(path);
    const key = ssh2.utils.parseKey(text);
    if (key instanceof Error) throw key;
    if (!key.isPrivateKey()) throw new Error('it is the public half; name the private one');
    return text;
  } catch (error) {
    throw new ScenarioError(
      'image-ssh-key',
      `cannot use the image's ssh key ${path}: ${fileTrouble(error)}`,
      {
        cause: error,
        hint: 'a private key in the form of OpenSSH or PEM, without a passphrase: ssh-keygen -t ed25519 -N "" -f KEY',
      },
    );
  }
}
