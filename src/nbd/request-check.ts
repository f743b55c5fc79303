import type { Disk } from './disk.ts';
import * as nbd from './protocol.ts';
import type { Request } from './transmission-codec.ts';

/** Why a request is refused. */
export interface RequestProblem {
  error: nbd.ErrorName;
  message: string;
}

const { fua, noHole, df } = nbd.commandFlag;

/** The flags that each command may carry (proto.md, "Command flags"); FUA is to be accepted on all. */
const allowedFlags = new Map<number, number>([
  [nbd.command.read, fua | df],
  [nbd.command.write, fua],
  [nbd.command.flush, fua],
  [nbd.command.trim, fua],
  [nbd.command.writeZeroes, fua | noHole],
]);

/** What is wrong with a request, or undefined where the disk can be asked to serve it. */
export function checkRequest(request: Request, disk: Disk, structured: boolean): RequestProblem | undefined {
  const { command, flags, offset, length } = request;
  const allowed = allowedFlags.get(command);
  if (allowed === undefined) return invalid(`command ${command} is not supported`);
  if ((flags & ~allowed) !== 0)
    return invalid(`flags 0x${flags.toString(16)} do not go with command ${command}`);
  if ((flags & df) !== 0 && !structured) return invalid('DF without structured replies');
  if (command === nbd.command.flush) {
    return offset === 0n && length === 0 ? undefined : invalid('a flush has no offset and no length');
  }
  const isTransfer = command === nbd.command.read || command === nbd.command.write;
  if (length === 0) return invalid('a length of 0');
  if (isTransfer && length > nbd.blockSize.maximum) return invalid(`${length} bytes in one request`);
  if (offset + BigInt(length) > BigInt(disk.bytes)) {
    // proto.md, "Error values": ENOSPC for a write beyond the size of the device, EINVAL for a read or a trim.
    const isWrite = command === nbd.command.write || command === nbd.command.writeZeroes;
    return {
      error: isWrite ? 'ENOSPC' : 'EINVAL',
      message: `beyond the end of the disk (${disk.bytes} bytes)`,
    };
  }
  if (disk.readOnly === true && command !== nbd.command.read)
    return { error: 'EPERM', message: 'the disk is read-only' };
  return undefined;
}

/** The NBD error for what a disk threw: its errno where NBD has it, else EIO. */
export function errorNameOf(error: unknown): nbd.ErrorName {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EDQUOT' || code === 'EFBIG') return 'ENOSPC';
  if (code === 'EROFS') return 'EPERM';
  return typeof code === 'string' && Object.hasOwn(nbd.errorNumber, code) ? (code as nbd.ErrorName) : 'EIO';
}

function invalid(message: string): RequestProblem {
  return { error: 'EINVAL', message };
}
