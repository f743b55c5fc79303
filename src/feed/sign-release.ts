import { readFile, stat } from 'node:fs/promises';
import { createCleartextMessage, createMessage, type PrivateKey, readPrivateKeys, sign } from 'openpgp';
import { messageOf, ScenarioError } from '../core/errors.ts';
import { fileTrouble } from '../core/file-trouble.ts';

/** A key file that is larger is none. */
const maxKeyBytes = 1 << 20;
/** The library would add a random notation, against attacks on hardware that this is not made for. */
const config = { nonDeterministicSignaturesViaNotation: false };

/** Signs Release files with one key. */
export interface Signer {
  /** Of the key: 40 hexadecimal digits, in capitals. */
  readonly fingerprint: string;
  /**
   * The text with its signature, made at `date`: the file InRelease (RFC 9580, section 7, "Cleartext Signature
   * Framework"). With an Ed25519 or RSA key the same text and date give the same bytes. Throws ScenarioError
   * `key-unusable` where the key was not valid at that time.
   */
  sign(text: string, date: Date): Promise<string>;
  /** A signature of bytes, by itself (RFC 9580, section 10.4), made at `date`: the same for the same. Throws as `sign`. */
  detached(bytes: Uint8Array, date: Date): Promise<Uint8Array>;
}

/**
 * Reads the OpenPGP private key of a file, armored or not. Throws ScenarioError `key-unreadable`, or `key-unusable`
 * where there is not exactly one key in it, or it has a passphrase.
 */
export async function openSigner(file: string): Promise<Signer> {
  const keys = await parseKeys(await keyBytes(file), file);
  const [key] = keys;
  if (key === undefined || keys.length > 1) throw unusable(file, `it has ${keys.length} keys in it, not one`);
  if (!key.isDecrypted()) throw unusable(file, 'it has a passphrase');
  return {
    fingerprint: key.getFingerprint().toUpperCase(),
    async sign(text, date) {
      // The line end before the signature belongs to the signature.
      const message = await createCleartextMessage({ text: text.replace(/\n$/, '') });
      const signed = await validAt(file, date, () => sign({ message, signingKeys: key, date, config }));
      // Signed with the line ends that the format wants, written with those that all programs take.
      return signed.replaceAll('\r\n', '\n');
    },
    async detached(bytes, date) {
      const message = await createMessage({ binary: bytes });
      const how = { message, signingKeys: key, date, config, detached: true } as const;
      // Of a message that is no stream the library's type says less than its manual: a string.
      const signed: unknown = await validAt<unknown>(file, date, () => sign(how));
      return unarmored(String(signed));
    },
  };
}

async function validAt<T>(file: string, date: Date, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw unusable(file, `it cannot sign at ${date.toISOString()}: ${messageOf(cause)}`, cause);
  }
}

/** What is between the headers' end and the checksum of an armored text (RFC 9580, section 6.2). */
function unarmored(text: string): Buffer {
  const lines = text.split(/\r?\n/);
  const body = lines.slice(lines.indexOf('') + 1).filter((line) => !/^[=-]/.test(line));
  return Buffer.from(body.join(''), 'base64');
}

async function keyBytes(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > maxKeyBytes) throw unusable(file, `it has ${size} bytes; a key has fewer than ${maxKeyBytes}`);
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof ScenarioError) throw cause;
    throw new ScenarioError('key-unreadable', `${file}: the key cannot be read: ${fileTrouble(cause)}`, {
      cause,
    });
  }
}

async function parseKeys(bytes: Buffer, file: string): Promise<PrivateKey[]> {
  const armored = bytes.includes('-----BEGIN ');
  try {
    return armored
      ? await readPrivateKeys({ armoredKeys: bytes.toString('latin1') })
      : await readPrivateKeys({ binaryKeys: new Uint8Array(bytes) });
  } catch (cause) {
    throw unusable(file, messageOf(cause), cause);
  }
}

function unusable(file: string, why: string, cause?: unknown): ScenarioError {
  return new ScenarioError('key-unusable', `${file} is no key to sign with: ${why}`, {
    cause,
    hint: 'give an OpenPGP private key without a passphrase, as "gpg --export-secret-keys --armor" writes it',
  });
}
