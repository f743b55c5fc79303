/** The three parts of a version: `[EPOCH:]UPSTREAM[-REVISION]`. */
interface Version {
  epoch: string;
  upstream: string;
  revision: string;
}

/**
 * Which of two versions is the newer: negative, 0 or positive, as in `sort`. deb-version(7), which is also what opkg
 * does (libopkg: `parse_version` and `pkg_compare_versions`; the revision begins after the last `-`). What is missing
 * counts as epoch 0 and as the empty revision, which is equal to `0`. Any text is compared; whether it is a version is
 * not judged.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  return (
    comparePart(left.epoch, right.epoch) ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  );
}

function split(text: string): Version {
  const [, epoch = '', rest = text] = /^(\d+):(.*)$/s.exec(text) ?? [];
  const dash = rest.lastIndexOf('-');
  if (dash < 0) return { epoch, upstream: rest, revision: '' };
  return { epoch, upstream: rest.slice(0, dash), revision: rest.slice(dash + 1) };
}

/** `verrevcmp` of dpkg (lib/dpkg/version.c): non-digits by their order and digits by their value, in turn. */
function comparePart(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const difference = order(a, i) - order(b, j);
      if (difference !== 0) return difference;
      i += 1;
      j += 1;
    }
    const [left, right] = [digits(a, i), digits(b, j)];
    const difference = compareNumbers(left, right);
    if (difference !== 0) return difference;
    i += left.length;
    j += right.length;
  }
  return 0;
}

/** Numbers of any length: without leading zeros the longer is the larger. */
function compareNumbers(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (left.length !== right.length) return left.length - right.length;
  return left === right ? 0 : left < right ? -1 : 1;
}

function digits(text: string, from: number): string {
  let end = from;
  while (isDigit(text, end)) end += 1;
  return text.slice(from, end);
}

function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0x30 && code <= 0x39;
}

/** `~` comes before the end, the end and digits before letters, letters before everything else. */
function order(text: string, index: number): number {
  if (index >= text.length || isDigit(text, index)) return 0;
  const character = text.charAt(index);
  if (character === '~') return -1;
  return /[A-Za-z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
}
