import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { sha256 } from './digest.ts';

/** Age in milliseconds beyond which what a process of another host or container left is taken for abandoned. */
const abandonedMs = 7 * 24 * 3_600_000;

/**
 * Names this process in the names of files that it will remove: `4f1c22ab-1234`. Process ids mean something only
 * within one boot and one pid namespace (pid_namespaces(7)), and a cache may be shared by containers.
 */
export function processTag(): string {
  return `${where()}-${process.pid}`;
}

/** A name beside `path` for what is not whole yet, by which a later process knows whose it was. */
export function temporaryPath(path: string): string {
  return `${path}.${processTag()}-${randomBytes(4).toString('hex')}.tmp`;
}

/** The tag in such a name, or undefined. */
export function ownerOf(name: string): string | undefined {
  return /\.([0-9a-f]{8}-\d+)-[0-9a-f]{8}\.tmp$/.exec(name)?.[1];
}

/** Whether the process behind a tag is gone; of one elsewhere only the age of what it left can tell. */
export function isProcessGone(tag: string, modifiedMs: number, now = Date.now()): boolean {
  const [place, pid] = tag.split('-');
  if (place !== where()) return now - modifiedMs > abandonedMs;
  return !isAlive(Number(pid));
}

function where(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  return sha256(`${boot} ${readlinkSync('/proc/self/ns/pid')}`).slice(0, 8);
}

/** A process that has ended and that nobody has waited for keeps its id, but has nothing any more (proc(5), state Z). */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
