import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import type { OwnedPath } from '../model/scenario.ts';
import { copySuffixes } from '../oracle/copy-suffixes.ts';
import type { FileCopy, FileState } from '../oracle/observation.ts';

/**
 * Shell commands that show what lies at paths. Of each: its kind and access (or `absent`) and its content in hex (the
 * target, of a link), and where it is so `behind` with the content of the file that a link leads to, `attributes`, and
 * `copy` or `link-copy` with suffix and content; then a dot; all on lines of their own. Only known names are looked
 * up: what a guest reads, crash states can differ in; kind and access are in the inode, which is read anyway. Extended
 * attributes are asked for where the scenario wants them only: their reader is a further program, and what of them does
 * not fit into the inode a further block. A copy of more than `maxBytes` is left out. Ends with 3 where something
 * cannot be read; a copy that cannot is gone meanwhile, and its content is `!`. od and tr are POSIX; base64 is missing
 * in Yocto's busybox, and where that is built without its desktop options od knows none of these: hexdump does then.
 */
export function showFiles(paths: readonly OwnedPath[], maxBytes: number): string {
  const show = `if od -A n -v -t x1 </dev/null >/dev/null 2>&1; then dump() { od -A n -v -t x1; }
else dump() { hexdump -v -e '1/1 "%02x"'; }; fi
hex() { bytes=$(dump) && printf %s "$bytes" | tr -d ' \\n' && echo; }
access() { printf '%s ' "$1"; shift; stat -c '%a %u:%g' "$@"; }
target() { to=$(readlink -n "$1") && printf %s "$to" | hex; }
attributes() {
  if command -v getfattr >/dev/null 2>&1; then
    echo "attributes $(getfattr "$@" --absolute-names -d -m - -e hex 2>/dev/null | sed '/^#/d;/^$/d' | sort | hex)"
  else echo 'attributes !'; fi
}
show() {
  if [ -L "$1" ] && [ "$2" != followed ]; then
    access link "$1" && target "$1" || exit 3
    if [ "$2" = both ] && [ -f "$1" ]; then echo behind && hex < "$1" || exit 3; fi
  elif [ -f "$1" ]; then access file -L "$1" && hex < "$1" || exit 3
  elif [ -d "$1" ]; then access folder -L "$1" && echo || exit 3
  elif [ -e "$1" ]; then access other -L "$1" && echo || exit 3
  else echo absent; echo; fi
  if [ "$3" = attributes ]; then
    if [ "$2" = followed ]; then attributes "$1"; else attributes -h "$1"; fi
  fi
  for suffix in ${copySuffixes.join(' ')}; do
    if [ -L "$1$suffix" ]; then
      echo "link-copy $suffix"
      target "$1$suffix" || echo '!'
    elif [ -f "$1$suffix" ] && [ "$(stat -L -c %s "$1$suffix")" -le ${maxBytes} ]; then
      echo "copy $suffix"
      hex < "$1$suffix" || echo '!'
    fi
  done
  echo .
}`;
  const line = ({ path, links, attributes }: OwnedPath) =>
    `show ${quote(path)} ${links}${attributes ? ' attributes' : ''}`;
  return [show, ...paths.map(line)].join('\n');
}

/** What `showFiles` printed. Throws DeviceFailure `observe-failed` where it is not that. */
export function filesIn(lines: readonly string[], paths: readonly OwnedPath[]): FileState[] {
  let at = 0;
  return paths.map(({ path }) => {
    const refuse = (what: string) =>
      new DeviceFailure('observe-failed', `the device did not say what ${path} holds: ${what}`);
    const shown = (text: string) => JSON.stringify(text.slice(0, 60));
    const line = () => {
      const text = lines[at];
      at += 1;
      if (text === undefined) throw refuse('its answer ends too early');
      return text;
    };
    const first = line();
    const content = Buffer.from(line(), 'hex');
    const copies: FileCopy[] = [];
    const more: Pick<FileState, 'behind' | 'attributes'> = {};
    for (let next = line(); next !== '.'; next = line()) {
      const attributes = /^attributes (!|[0-9a-f]*)$/.exec(next)?.[1];
      if (attributes !== undefined) {
        more.attributes =
          attributes === '!' ? { unknown: true } : Buffer.from(attributes, 'hex').toString('utf8');
        continue;
      }
      if (next === 'behind') {
        more.behind = Buffer.from(line(), 'hex');
        continue;
      }
      const [, kind, suffix = ''] = /^(copy|link-copy) (.*)$/.exec(next) ?? [];
      if (!copySuffixes.includes(suffix) || copies.some((copy) => copy.suffix === suffix))
        throw refuse(`${shown(next)} in its answer`);
      const text = line();
      const link = kind === 'link-copy' ? { kind: 'link' as const } : {};
      if (!text.endsWith('!')) copies.push({ suffix, ...link, content: Buffer.from(text, 'hex') });
    }
    if (first === 'absent') return { path, content: undefined, access: undefined, ...more, copies };
    const [, kind, access] = /^(file|link|folder|other) ([0-7]{1,5} \d+:\d+)$/.exec(first) ?? [];
    if (kind === undefined || access === undefined) throw refuse(`its access is ${shown(first)}`);
    return { path, ...kindOf(kind), content, access, ...more, copies };
  });
}

function kindOf(word: string): Pick<FileState, 'kind'> {
  const kind = (['link', 'folder', 'other'] as const).find((one) => one === word);
  return kind === undefined ? {} : { kind };
}
