import { createHash } from 'node:crypto';
import {
  elements,
  encodeHeader,
  fromElements,
  type HeaderEntry,
  headerLength,
  numbersEntry,
  parseHeader,
  type RpmHeader,
  textsEntry,
  valueTypes,
} from '../../../../src/package/rpm/header.ts';
import { relationTags, signatureTags, tags } from '../../../../src/package/rpm/tags.ts';

const leadBytes = 96;
const introBytes = 16;
const entryBytes = 16;

interface Parts {
  lead: Buffer;
  signature: Buffer;
  header: Buffer;
  payload: Buffer;
}

function parts(rpm: Buffer): Parts {
  const lengthAt = (at: number) => headerLength(rpm.subarray(at, at + introBytes), rpm.length);
  const signature = rpm.subarray(leadBytes, leadBytes + lengthAt(leadBytes));
  const start = leadBytes + signature.length + (-signature.length & 7);
  const end = start + lengthAt(start);
  return {
    lead: rpm.subarray(0, leadBytes),
    signature,
    header: rpm.subarray(start, end),
    payload: rpm.subarray(end),
  };
}

function joined({ lead, signature, header, payload }: Parts): Buffer {
  return Buffer.concat([lead, signature, Buffer.alloc(-signature.length & 7), header, payload]);
}

/** An rpm with signatures of files behind the region of its signature, where `rpmsign --signfiles` puts them. */
export function withEntryBehindRegion(rpm: Buffer): Buffer {
  const found = parts(rpm);
  const { signature } = found;
  const count = signature.readUInt32BE(8);
  const data = signature.subarray(introBytes + count * entryBytes);
  const value = Buffer.from('030204\0');
  const entry = Buffer.alloc(entryBytes);
  for (const [i, field] of [274, valueTypes.strings, data.length, 1].entries())
    entry.writeUInt32BE(field, 4 * i);
  const made = Buffer.concat([signature.subarray(0, introBytes + count * entryBytes), entry, data, value]);
  made.writeUInt32BE(count + 1, 8);
  made.writeUInt32BE(data.length + value.length, 12);
  return joined({ ...found, signature: made });
}

/** A header without a region. */
function bare(header: RpmHeader): Buffer {
  const whole = encodeHeader(header, tags.immutable);
  const count = whole.readUInt32BE(8);
  const index = whole.subarray(introBytes + entryBytes, introBytes + count * entryBytes);
  const data = whole.subarray(introBytes + count * entryBytes, -entryBytes);
  const intro = Buffer.from(whole.subarray(0, introBytes));
  intro.writeUInt32BE(count - 1, 8);
  intro.writeUInt32BE(data.length, 12);
  return Buffer.concat([intro, index, data]);
}

/**
 * An rpm as rpm 3 wrote it: files with whole paths, provides without versions, the payload's size in the header, no
 * regions, and a signature that is an MD5 and a size.
 */
export function asOfRpm3(rpm: Buffer): Buffer {
  const { lead, header: old, payload } = parts(rpm);
  const header = new Map<number, HeaderEntry>(parseHeader(old));
  const texts = (tag: number) => elements(header.get(tag) ?? textsEntry([]));
  const folders = texts(tags.dirNames);
  const places = texts(tags.dirIndexes).map((bytes) => bytes.readUInt32BE());
  const paths = texts(tags.baseNames).map((name, i) =>
    Buffer.concat([folders[places[i] ?? -1] ?? Buffer.alloc(0), name]),
  );
  header.set(tags.oldFileNames, fromElements(valueTypes.strings, paths));
  header.set(tags.archiveSize, numbersEntry('int32', [4711]));
  const { flags, versions } = relationTags.provides;
  for (const tag of [tags.dirNames, tags.dirIndexes, tags.baseNames, flags, versions]) header.delete(tag);
  const made = bare(header);
  const md5 = createHash('md5').update(made).update(payload).digest();
  const signature = bare(
    new Map<number, HeaderEntry>([
      [signatureTags.size, numbersEntry('int32', [made.length + payload.length])],
      [signatureTags.md5, { type: valueTypes.bin, count: 16, data: md5 }],
    ]),
  );
  return joined({ lead, signature, header: made, payload });
}
