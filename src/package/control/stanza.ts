/** One field of a stanza. */
export interface Field {
  /** As written: `Homepage`. */
  name: string;
  /** What follows on the field's own line, trimmed; and its continuation lines without the one leading blank. */
  lines: readonly [string, ...string[]];
}

/** The fields of a stanza in their order; names are unique, whatever their case. */
export type Stanza = readonly Field[];

/** The first line of a field's value, by its name in any case; undefined where there is none or it is empty. */
export function fieldValue(stanza: Stanza, name: string): string | undefined {
  const wanted = name.toLowerCase();
  const value = stanza.find((field) => field.name.toLowerCase() === wanted)?.lines[0];
  return value === '' ? undefined : value;
}

/** A field of one line. */
export function field(name: string, value: string): Field {
  return { name, lines: [value] };
}

/** The stanza as text, ended by one newline. */
export function stanzaText(stanza: Stanza): string {
  return stanza
    .map(({ name, lines: [first, ...more] }) =>
      [first === '' ? `${name}:` : `${name}: ${first}`, ...more.map((line) => ` ${line}`)].join('\n'),
    )
    .map((text) => `${text}\n`)
    .join('');
}
