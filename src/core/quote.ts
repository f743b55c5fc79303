/** A word for a POSIX shell: quoted so that it is taken as it stands. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line as a person would type it into a POSIX shell: words are quoted only where they must be. */
export function commandLine(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quote(word))).join(' ');
}
