import { ScenarioError } from '../core/errors.ts';
import type { Fault } from '../document/parse.ts';
import { contentOf } from '../filesystem/content.ts';
import { volumesOf } from '../filesystem/partitions/volumes.ts';
import {
  type ElfMachine,
  kernelFor,
  kernelHeadBytes,
  processorName,
  programsFor,
} from '../filesystem/processor.ts';
import { partView } from '../filesystem/view.ts';
import { machines } from '../model/machine.ts';
import { FileDisk } from '../nbd/file-disk.ts';
import { type Described, filesOf, linesOf } from './prebuilt-files.ts';

/**
 * A device whose kernel or system is for another processor does not start, and would be taken for one that fails. Throws ScenarioError
 * `image-architecture` with line and column of each such file; what does not say which it is for passes.
 */
export async function assertProcessor(described: Described): Promise<void> {
  const { elf } = machines[described.machine].architecture;
  const [own] = elf;
  const faults: Fault[] = [];
  for (const { place, path, holds } of filesOf(described)) {
    if (holds === undefined) continue;
    const found = holds === 'kernel' ? await kernelIn(path) : await systemsIn(path);
    const runs: readonly ElfMachine[] = holds === 'kernel' ? [own] : elf;
    const [other] = found;
    if (other === undefined || found.some((one) => runs.includes(one))) continue;
    const what = holds === 'kernel' ? 'a kernel' : 'a system';
    faults.push({
      path: place,
      message: `${path}: it holds ${what} for ${processorName(other)}, and ${described.machine} is ${processorName(own)}`,
    });
  }
  if (faults.length > 0)
    throw new ScenarioError('image-architecture', await linesOf(described, faults), {
      hint: `name the files of a build for another machine below that machine: ${Object.keys(machines).join(', ')}`,
    });
}

async function kernelIn(path: string): Promise<ElfMachine[]> {
  await using disk = await FileDisk.open(path);
  const found = kernelFor(disk.readNow(0, Math.min(kernelHeadBytes, disk.bytes)));
  return found === undefined ? [] : [found];
}

/** Of each file system on a disk that has programs. */
async function systemsIn(path: string): Promise<ElfMachine[]> {
  await using disk = await FileDisk.open(path);
  const view = { bytes: disk.bytes, read: disk.readNow.bind(disk) };
  return volumesOf(view).flatMap(({ offset, bytes }) => {
    const content = contentOf(partView(view, offset, bytes));
    return content.kind === 'files' ? (programsFor(content.files) ?? []) : [];
  });
}
