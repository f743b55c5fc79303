/**
 * Whether a line of a console has a text that a scenario names: as it stands, anywhere in the line; `*` stands for any
 * run of characters. No regular expression: a scenario may come from a stranger, and this takes time in proportion to
 * the line whatever it says.
 */
export function hasText(line: string, text: string): boolean {
  let from = 0;
  for (const part of text.split('*')) {
    const at = line.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}
