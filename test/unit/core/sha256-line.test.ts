import { expect, it } from 'vitest';
import { readSha256Line } from '../../../src/core/sha256-line.ts';

const sha256 = '0'.repeat(64);

it.each([
  [`${sha256}  /etc/hosts`, '/etc/hosts'],
  [`${sha256} */etc/hosts`, '/etc/hosts'],
  // As busybox prints it, and as GNU does.
  [`${sha256}  /lib/system-systemd\\x2dcryptsetup.slice`, '/lib/system-systemd\\x2dcryptsetup.slice'],
  [`\\${sha256}  /lib/system-systemd\\\\x2dcryptsetup.slice`, '/lib/system-systemd\\x2dcryptsetup.slice'],
  [`\\${sha256}  /two\\nlines`, '/two\nlines'],
])('%s', (line, name) => {
  expect(readSha256Line(line)).toEqual({ sha256, name });
});

it.each(['', 'x', sha256, `${sha256.slice(1)}  /etc/hosts`])('%s is none', (line) => {
  expect(readSha256Line(line)).toBeUndefined();
});
