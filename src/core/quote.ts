/** A word for the guest's POSIX shell: quoted so that it is taken as it stands. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
