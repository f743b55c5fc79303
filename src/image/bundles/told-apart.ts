import { isUtf8 } from 'node:buffer';
import { fileFormat, formatHeadBytes } from '../../filesystem/file-format.ts';
import type { ByteSource } from '../../package/archive/byte-source.ts';
import { textFrom } from '../../package/text.ts';

/** What a file holds whose first bytes say so; of formats that bundles are mistaken for. */
const magics: readonly { name: string; offset: number; magic: Buffer }[] = [
  { name: 'a squashfs', offset: 0, magic: Buffer.from('hsqs') },
  { name: 'an ext4 file system', offset: 1080, magic: Buffer.from('53ef', 'hex') },
  { name: 'a program', offset: 0, magic: Buffer.from('\x7fELF', 'latin1') },
  { name: 'a CMS signature, or a key or certificate in DER', offset: 0, magic: Buffer.from('3082', 'hex') },
  { name: 'a disk with a partition table', offset: 510, magic: Buffer.from('55aa', 'hex') },
];
/** At the end of a bundle of RAUC: how long the CMS signature before it is, which is a SEQUENCE in DER. */
const lengthBytes = 8;
const sequence = 0x30;
/** Shorter than any signature; longer than any that certificates of this world come to. */
const [leastBytes, mostBytes] = [64, 16 << 20];
const headBytes = 2048;
const shownChars = 40;
const longestName = 100;
const nameOfCpio = 110;

/** What a file is that was to be something else: for people, so that they see which one they have named. */
export async function whatItIs(file: ByteSource): Promise<string> {
  const head = await file.read(0, Math.min(headBytes, file.bytes));
  const format = fileFormat(head.subarray(0, formatHeadBytes));
  if (format?.name === 'tar')
    return textAt(head, 0) === 'version' ? 'an artifact of Mender' : 'a tar archive';
  if (format?.name === 'cpio')
    return textAt(head, nameOfCpio) === 'sw-description' ? 'an update of SWUpdate' : 'a cpio archive';
  if (format !== undefined)
    return format.kind === 'packed' ? `packed (${format.name})` : `in the format ${format.name}`;
  const known = magics.find(({ offset, magic }) =>
    head.subarray(offset, offset + magic.length).equals(magic),
  );
  if (known !== undefined)
    return known === magics[0] && (await endsWithSignature(file)) ? 'a bundle of RAUC' : known.name;
  if (head.every((byte) => byte === 0)) return 'zeros';
  return isText(head)
    ? `text that begins with ${JSON.stringify(head.toString().slice(0, shownChars))}`
    : 'nothing that is known';
}

/** Whether a file ends as a bundle of RAUC does. */
export async function endsWithSignature(file: ByteSource): Promise<boolean> {
  if (file.bytes < lengthBytes + leastBytes) return false;
  const length = (await file.read(file.bytes - lengthBytes, lengthBytes)).readBigUInt64BE();
  const most = BigInt(Math.min(mostBytes, file.bytes - lengthBytes));
  if (length < BigInt(leastBytes) || length > most) return false;
  const [first] = await file.read(file.bytes - lengthBytes - Number(length), 1);
  return first === sequence;
}

/** A name that a zero ends. */
export function textAt(bytes: Buffer, offset: number, length = longestName): string {
  const [text = ''] = textFrom(bytes.subarray(offset, offset + length)).split('\0', 1);
  return text;
}

function isText(head: Buffer): boolean {
  // A character of several bytes may be cut at the end.
  const whole = [0, 1, 2, 3].some((less) => isUtf8(head.subarray(0, Math.max(0, head.length - less))));
  return whole && !/[\0-\u0008\u000e-\u001a]/.test(head.toString());
}
