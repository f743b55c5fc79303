import { isUtf8 } from 'node:buffer';

/**
 * Text of a package: UTF-8, which both deb-control(5) and rpm ask for, or else ISO-8859-1, as createrepo_c takes what is
 * not UTF-8 (src/xml_dump.c, `cr_latin1_to_utf8`). Different bytes never become the same text.
 */
export function textFrom(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

const blanks = ' \t\n\v\f\r';

/** A text without the blanks of C at its end: others, such as U+00A0, are part of what is said. */
export function withoutBlankEnd(text: string): string {
  let end = text.length;
  while (end > 0 && blanks.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
