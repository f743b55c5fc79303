import fc from 'fast-check';

/** Any character of Unicode. fast-check's own unit of this name builds a table of them all, in seconds. */
export const anyCharacter = fc
  .nat(0x10ffff - 0x800)
  .map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));
