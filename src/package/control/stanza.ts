import { Damage } from '../archive/damage.ts';

/** One field of a stanza. */
export interface Field {
  /** As written: `Homepage`. */
  name: string;
  /** What follows on the field's own line, trimmed; and its continuation lines without the one leading blank. */
  lines: readonly [string, ...string[]];
}

/** The fields of a stanza in their order; names are unique, whatever their case. */
export type Stanza = readonly Field[];

const fieldLine = /^([!-9;-~]+):[ \t]*(.*)$/;

/**
 * Reads the one stanza of a control file: deb-control(5), deb822(5). Comments (`#`) and blank lines around the stanza
 * are left out; ` .` stands for an empty line. Throws Damage with the line's number, which counts from `linesBefore`.
 */
export function parseStanza(text: string, linesBefore = 0): Stanza {
  const fields: { name: string; lines: [string, ...string[]] }[] = [];
  const names = new Set<string>();
  let ended = false;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trimEnd();
    const fail = (what: string) => new Damage(`line ${linesBefore + index + 1}: ${what}`);
    if (line.startsWith('#')) continue;
    if (line === '') {
      ended = fields.length > 0;
      continue;
    }
    if (ended) throw fail('a second stanza, where one is expected');
    const last = fields.at(-1);
    if (/^[ \t]/.test(line)) {
      if (last === undefined) throw fail('a continuation without a field');
      last.lines.push(line.slice(1));
      continue;
    }
    const [, name, value] = fieldLine.exec(line) ?? [];
    if (name === undefined || value === undefined || name.startsWith('-'))
      throw fail(`not a field: ${JSON.stringify(line.slice(0, 60))}`);
    if (names.has(name.toLowerCase())) throw fail(`the field ${name} for the second time`);
    names.add(name.toLowerCase());
    fields.push({ name, lines: [value] });
  }
  return fields;
}

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
