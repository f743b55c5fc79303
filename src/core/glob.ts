import picomatch from 'picomatch';

/**
 * Whether a path matches a pattern of these signs: `*` stands for any part of a name, also of one that begins with a
 * dot; `**` for that, across folders; `**` alone between slashes also for no folder at all. All else stands for itself.
 * A slash at the beginning is a sign like others.
 */
export function globMatcher(pattern: string): (path: string) => boolean {
  const isAbsolute = pattern.startsWith('/');
  const literal = pattern.slice(isAbsolute ? 1 : 0).replace(/[^*/\w.-]/g, '\\$&');
  const across = literal.replace(/(?<=[^/*])\*\*|\*\*(?=[^/*])/g, '@(*|*/**/*)');
  const matches = picomatch(across, { dot: true, strictSlashes: true });
  // picomatch takes no "/**/a" for "/a", but "**/a" for "a".
  return (path) => (isAbsolute ? path.startsWith('/') && matches(path.slice(1)) : matches(path));
}
