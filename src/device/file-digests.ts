import { ask, type NoAnswer } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { quote } from '../core/quote.ts';
import { readSha256Line } from '../core/sha256-line.ts';
import type { Ready } from '../target/target.ts';
import { lookLimitMs } from './look-limit.ts';

const maxAnswerBytes = 64 << 20;
const pathsAtOnce = 100;

/** Asks a device for the SHA-256 of the regular files at `paths`; undefined for one that cannot be read. Throws what `noAnswer` makes. */
export async function fileDigests(
  device: Pick<Ready, 'run'>,
  paths: readonly string[],
  signal: AbortSignal,
  noAnswer: NoAnswer,
): Promise<Map<string, string | undefined>> {
  const digests = new Map<string, string | undefined>(paths.map((path) => [path, undefined]));
  if (paths.length === 0) return digests;
  const options = {
    deadline: Deadline.after(lookLimitMs(paths.length)),
    signal,
    maxOutputBytes: maxAnswerBytes,
    input: digestScript(paths),
  };
  const { stdout } = await ask(device, 'sh -s', options, noAnswer);
  for (const line of stdout.split('\n')) {
    const read = readSha256Line(line);
    if (read !== undefined && digests.has(read.name)) digests.set(read.name, read.sha256);
  }
  return digests;
}

/** Hashes files, a few with each command; a file that is gone is an answer too. Ends with 3 without sha256sum. */
function digestScript(paths: readonly string[]): string {
  const lines: string[] = [];
  for (let at = 0; at < paths.length; at += pathsAtOnce)
    lines.push(
      `sha256sum ${paths
        .slice(at, at + pathsAtOnce)
        .map(quote)
        .join(' ')} 2>/dev/null`,
    );
  return ['sha256sum /dev/null >/dev/null || exit 3', ...lines, 'exit 0', ''].join('\n');
}
