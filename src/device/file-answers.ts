import { DeviceFailure } from '../core/errors.ts';
import { quote } from '../core/quote.ts';
import { copySuffixes } from '../oracle/copy-suffixes.ts';
import type { FileCopy, FileState } from '../oracle/observation.ts';

/**
 * Shell commands that show files: of each its access (or `absent`), its content in hex, of each copy beside it
 * `copy SUFFIX` and the content, and a dot, all on lines of their own. Only known names are looked up: what a guest reads,
 * crash states can differ in. A copy of more than `maxBytes` is left out. Ends with 3 where a file cannot be read; a
 * copy that cannot is gone meanwhile, and its content is `!`. od and tr are POSIX; base64 is missing in Yocto's busybox.
 */
export function showFiles(paths: readonly string[], maxBytes: number): string {
  const show = `hex() { bytes=$(od -A n -v -t x1) && printf %s "$bytes" | tr -d ' \\n' && echo; }
show() {
  if [ -e "$1" ]; then stat -L -c '%a %u:%g' "$1" && hex < "$1" || exit 3; else echo absent; echo; fi
  for suffix in ${copySuffixes.join(' ')}; do
    if [ -f "$1$suffix" ] && [ "$(stat -L -c %s "$1$suffix")" -le ${maxBytes} ]; then
      echo "copy $suffix"
      hex < "$1$suffix" || echo '!'
    fi
  done
  echo .
}`;
  return [show, ...paths.map((path) => `show ${quote(path)}`)].join('\n');
}

/** What `showFiles` printed. Throws DeviceFailure `observe-failed` where it is not that. */
export function filesIn(lines: readonly string[], paths: readonly string[]): FileState[] {
  let at = 0;
  return paths.map((path) => {
    const refuse = (what: string) =>
      new DeviceFailure('observe-failed', `the device did not say what ${path} holds: ${what}`);
    const line = () => {
      const text = lines[at];
      at += 1;
      if (text === undefined) throw refuse('its answer ends too early');
      return text;
    };
    const access = line();
    const content = line();
    const copies: FileCopy[] = [];
    for (let next = line(); next !== '.'; next = line()) {
      const suffix = /^copy (.*)$/.exec(next)?.[1] ?? '';
      if (!copySuffixes.includes(suffix) || copies.some((copy) => copy.suffix === suffix))
        throw refuse(`${JSON.stringify(next.slice(0, 60))} in its answer`);
      const text = line();
      if (!text.endsWith('!')) copies.push({ suffix, content: Buffer.from(text, 'hex') });
    }
    if (access === 'absent') return { path, content: undefined, access: undefined, copies };
    if (!/^[0-7]{1,5} \d+:\d+$/.test(access))
      throw refuse(`its access is ${JSON.stringify(access.slice(0, 60))}`);
    return { path, access, content: Buffer.from(content, 'hex'), copies };
  });
}
