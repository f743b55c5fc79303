import { type ByteSource, chunks } from '../archive/byte-source.ts';
import { Damage } from '../archive/damage.ts';
import { inPackage } from '../package-file.ts';
import { listedFiles } from './files.ts';
import { numbersOf } from './header.ts';
import { makeRpm, type RpmEdit } from './make.ts';
import { checkedPayload, compressionOfRpm, type RpmFile, readRpmFile, unpackedPayload } from './rpm-file.ts';
import { tags } from './tags.ts';

/**
 * Makes the rpm `to` from `from`. Every tag, every file and, where no file changes, the compressed payload stay as they
 * are but for what the edit names, and for the signature: the new one holds digests only. The same file and edit give the
 * same bytes with the same programs and Node.js. Nothing of a package is run. Throws as `readPackage`, HarnessError
 * `command-missing` where xz or zstd is needed and not there, and what writing throws.
 */
export function rewriteRpm(from: string, to: string, edit: RpmEdit, signal?: AbortSignal): Promise<void> {
  return inPackage(from, async (source) => {
    const rpm = await readRpmFile(source);
    const [format = 4] = numbersOf(rpm.header, tags.rpmFormat);
    if (format > 4) throw new Damage(`an rpm of format ${format}, which can be read and not written`);
    const { header, lead } = rpm;
    if (header.has(tags.oldFileNames))
      throw new Damage('lists its files as rpm 3 did, which can be read and not written');
    const archive = () => unpackedPayload(source, rpm, signal);
    const compression = compressionOfRpm(header);
    const origin = { header, lead, files: listedFiles(header), compression, archive };
    await makeRpm(to, { ...origin, payload: payloadOf(source, rpm) }, edit, signal);
  });
}

function payloadOf(source: ByteSource, { header, payloadStart, unpackedBytes }: RpmFile) {
  const bytes = source.bytes - payloadStart;
  const content = () => checkedPayload(chunks(source, payloadStart, bytes), header);
  return { content, bytes, unpackedBytes };
}
