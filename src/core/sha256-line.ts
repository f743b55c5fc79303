/**
 * One line of sha256sum: hash, two blanks or a blank and an asterisk, and the name. GNU's begins with a backslash where the
 * name has a backslash or a line's end, which are escaped then (coreutils manual, "md5sum invocation"); busybox escapes
 * nothing. Undefined where the line is none.
 */
export function readSha256Line(line: string): { sha256: string; name: string } | undefined {
  const [, escaped, sha256, name] = /^(\\?)([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
  if (sha256 === undefined || name === undefined) return undefined;
  return {
    sha256,
    name: escaped === '' ? name : name.replace(/\\(.)/g, (_, one: string) => escapes[one] ?? one),
  };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r' };
