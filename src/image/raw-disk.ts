import { ScenarioError } from '../core/errors.ts';
import { fileFormat, formatHeadBytes, formatHint } from '../filesystem/file-format.ts';
import { partitionTable } from '../filesystem/partitions/gpt.ts';
import { FileDisk } from '../nbd/file-disk.ts';

/**
 * A device is given the bytes of this file as they are: a qcow2 or a packed image would be taken for a disk that holds nothing, and a
 * device that does not start for one that fails. Throws ScenarioError `image-invalid` where the file is no raw disk, or ends before
 * its partitions do.
 */
export async function assertRawDisk(path: string): Promise<void> {
  await using disk = await FileDisk.open(path);
  const format = fileFormat(disk.readNow(0, Math.min(formatHeadBytes, disk.bytes)));
  if (format !== undefined)
    throw new ScenarioError('image-invalid', `${path} is no raw disk image: it is ${format.name}`, {
      hint: formatHint(format, path),
    });
  const view = { bytes: disk.bytes, read: disk.readNow.bind(disk) };
  const [outside] = partitionTable(view).outside;
  if (outside === undefined) return;
  throw new ScenarioError(
    'image-invalid',
    `${path} is cut short: its partition ${outside.index} ends at byte ${outside.offset + outside.bytes}, the file at ${disk.bytes}`,
    { hint: 'copy it again' },
  );
}
