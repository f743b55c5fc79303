import { parseStanza, type Stanza } from './stanza.ts';

/**
 * Reads a file of stanzas with blank lines between, as indexes (`Packages`) and the status files of dpkg and opkg are:
 * deb822(5). Each comes with the number of its first line. Throws Damage with the line that it says is wrong.
 */
export function* parseStanzas(text: string): Generator<{ stanza: Stanza; line: number }> {
  let begin = 0;
  const lines = text.split('\n');
  for (let end = 0; end <= lines.length; end += 1) {
    if (end < lines.length && lines[end]?.trim() !== '') continue;
    const stanza = parseStanza(lines.slice(begin, end).join('\n'), begin);
    if (stanza.length > 0) yield { stanza, line: begin + 1 };
    begin = end + 1;
  }
}
