import { ask, complaint } from '../core/ask.ts';
import { Deadline } from '../core/deadline.ts';
import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import type { PackageSystem } from '../model/software.ts';
import type { PathShown, PathsSeen } from '../oracle/packaged-paths.ts';
import type { Ready } from '../target/target.ts';
import { lookLimitMs } from './look-limit.ts';
import { noAnswer } from './observe-packages.ts';

const maxAnswerBytes = 64 << 20;
const pathsAtOnce = 100;
/** What the device says where its stat shows nothing. */
const cannot = 'no stat';
/** Bits of a mode that say what a file is. */
const kinds: Readonly<Record<number, PathShown['kind']>> = {
  0o100000: 'file',
  0o120000: 'link',
  0o040000: 'folder',
};

/**
 * Asks a device for kind, mode, owner and target of what lies at `paths`: nothing is read but inodes, folders and long
 * links, besides the names of users and groups and dpkg's lists of exceptions. Undefined where it has no `stat` that can
 * tell. Throws DeviceFailure `observe-timeout`, `observe-failed`.
 */
export async function observePaths(
  device: Pick<Ready, 'run'>,
  system: PackageSystem,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<PathsSeen | undefined> {
  const command = 'sh -s';
  const options = {
    deadline: Deadline.after(lookLimitMs(paths.length)),
    signal,
    maxOutputBytes: maxAnswerBytes,
    input: statScript(system, paths),
  };
  const { stdout } = await ask(device, command, options, {
    ...noAnswer(command),
    failed: (output) =>
      new DeviceFailure('observe-failed', `the device cannot look at paths: ${complaint(output)}`),
  });
  return readAnswer(stdout.split('\n'), paths);
}

/**
 * Lines `stat`, mode in hex, owner, path and target; `user` and `group` with number and name; `diverted` and `override`
 * with dpkg's own words. What is gone has no line. All but `stat` is done by the shell, as each program that is run is read.
 */
export function statScript(system: PackageSystem, paths: readonly string[]): string {
  const lines = [`stat -c %f / >/dev/null 2>&1 || { echo '${cannot}'; exit 0; }`];
  // Names are to come as they are; busybox knows no other way, and quotes both ends of a link.
  lines.push('export LC_ALL=C QUOTING_STYLE=literal');
  for (let at = 0; at < paths.length; at += pathsAtOnce) {
    const some = paths.slice(at, at + pathsAtOnce).map(quote);
    lines.push(`stat -c 'stat %f %u:%g %N' ${some.join(' ')} 2>/dev/null`);
  }
  lines.push(
    eachLine('user', '/etc/passwd', { between: ':', names: 'name _ number _', line: '$number $name' }),
    eachLine('group', '/etc/group', { between: ':', names: 'name _ number _', line: '$number $name' }),
  );
  if (system === 'dpkg')
    lines.push(
      eachLine('diverted', '/var/lib/dpkg/diversions', { between: '', names: 'line', line: '$line' }),
      eachLine('override', '/var/lib/dpkg/statoverride', { between: '', names: 'line', line: '$line' }),
    );
  return [...lines, 'exit 0', ''].join('\n');
}

function eachLine(
  word: string,
  path: string,
  { between, names, line }: { between: string; names: string; line: string },
): string {
  return `[ ! -r ${path} ] || while IFS=${between} read -r ${names}; do printf '${word} %s\\n' "${line}"; done <${path}`;
}

/** Reads what `statScript` printed; undefined where the device could not tell. What is none of its lines is passed over. */
export function readAnswer(lines: readonly string[], paths: readonly string[]): PathsSeen | undefined {
  if (lines[0] === cannot) return undefined;
  const shown = new Map<string, PathShown | undefined>(paths.map((path) => [path, undefined]));
  const users = new Map<string, string>();
  const groups = new Map<string, string>();
  const diverted = new Set<string>();
  const overrides: Map<string, { mode: number; owner: string }> = new Map();
  for (const line of lines) {
    const [, word, rest = ''] = /^(stat|user|group|diverted|override) (.*)$/.exec(line) ?? [];
    if (word === 'diverted') diverted.add(rest);
    const [, mode, owner, names] = /^([0-9a-f]{1,8}) (\d+:\d+) (.+)$/.exec(rest) ?? [];
    if (word === 'stat' && mode !== undefined && owner !== undefined && names !== undefined) {
      const bits = Number.parseInt(mode, 16);
      const kind = kinds[bits & 0o170000] ?? 'other';
      const named = namesOf(names, kind === 'link', shown);
      if (named === undefined) continue;
      const { path, ...target } = named;
      shown.set(path, { kind, mode: bits & 0o7777, owner, ...target });
    }
    const [, number, name] = /^(\d+) (.+)$/.exec(rest) ?? [];
    if (word === 'user' && number !== undefined && name !== undefined) users.set(name, number);
    if (word === 'group' && number !== undefined && name !== undefined) groups.set(name, number);
    // "root mail 2755 /usr/bin/mlock", or numbers with a "#" before each.
    const [, user, group, octal, path] = /^#?(\S+) #?(\S+) ([0-7]{1,5}) (.+)$/.exec(rest) ?? [];
    if (word === 'override' && path !== undefined && octal !== undefined)
      overrides.set(path, { mode: Number.parseInt(octal, 8), owner: `${user ?? ''}:${group ?? ''}` });
  }
  return { shown, users, groups, diverted, overrides };
}

/** A path that was asked for, and what its link says, in either of the ways in which programs write both. */
function namesOf(
  text: string,
  isLink: boolean,
  asked: ReadonlyMap<string, unknown>,
): { path: string; target?: string } | undefined {
  const isQuoted = /^'.*'$/.test(text);
  const forms = [
    { whole: text, arrow: ' -> ' },
    ...(isQuoted ? [{ whole: text.slice(1, -1), arrow: "' -> '" }] : []),
  ];
  for (const { whole, arrow } of forms) {
    if (!isLink && asked.has(whole)) return { path: whole };
    const parts = isLink ? whole.split(arrow) : [];
    for (let i = 1; i < parts.length; i += 1) {
      const path = parts.slice(0, i).join(arrow);
      if (asked.has(path)) return { path, target: parts.slice(i).join(arrow) };
    }
  }
  return undefined;
}
