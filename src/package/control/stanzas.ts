import { limits } from '../archive/limits.ts';
import { withoutBlankEnd } from '../text.ts';
import type { Stanza } from './stanza.ts';

/** Something that a stanza has other than deb822(5) says. */
interface Oddity {
  /** Of the file, from 1 on. */
  line: number;
  what: string;
}

/** A stanza as it was found. */
export interface FoundStanza {
  stanza: Stanza;
  /** Number of its first line. */
  line: number;
  /** The first thing in it that dpkg refuses. */
  odd: Oddity | undefined;
  /** The first thing in it that is not among the fields: apt and opkg pass over it, too. */
  lost: Oddity | undefined;
}

/** dpkg takes blanks before the colon, and any name without one in it (lib/dpkg/parse.c, `parse_stanza`). */
const fieldLine = /^([^ \t\v\f\r:#-][^ \t\v\f\r:]*)[ \t]*:[ \t]*(.*)$/s;
const packageLine = /^Package[ \t]*:/i;

/**
 * The stanzas of a text, as control files, indexes (`Packages`) and the status files of dpkg and opkg have them:
 * deb822(5) and what apt and opkg read besides. A line of blanks goes on with the field before it, unless a `Package:`
 * follows (Debian policy 5.1 lets such a line part stanzas). Of two fields of one name the later counts, and a line that
 * is none is passed over: both are said with the stanza. One that is longer than a stanza may be comes without its
 * fields. No more is held than one stanza.
 */
export function* readStanzas(text: string): Generator<FoundStanza> {
  let open: OpenStanza | undefined;
  let line = 0;
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const raw = text.slice(at, end);
    const content = withoutBlankEnd(raw);
    line += 1;
    if (content === '' && !/[ \t]/.test(raw)) {
      if (open !== undefined) yield open.end();
      open = undefined;
    } else if (content === '') {
      open?.addBlanks(line);
    } else {
      if (open?.hasBlanksAtEnd() === true && packageLine.test(content)) {
        yield open.end();
        open = undefined;
      }
      open ??= new OpenStanza(line, at);
      open.add(content, line, end);
    }
    at = end + 1;
  }
  if (open !== undefined) yield open.end();
}

interface OpenField {
  name: string;
  lines: [string, ...string[]];
}

/** A stanza while it is read. */
class OpenStanza {
  private fields: OpenField[] = [];
  private last: OpenField | undefined;
  private readonly places = new Map<string, number>();
  private readonly line: number;
  private readonly start: number;
  private odd: Oddity | undefined;
  private lost: Oddity | undefined;
  /** Lines of blanks after the last line that is none. */
  private blankLines = 0;
  private isTooLong = false;

  /** `start`: its first character's place in the text. */
  constructor(line: number, start: number) {
    this.line = line;
    this.start = start;
  }

  hasBlanksAtEnd(): boolean {
    return this.blankLines > 0;
  }

  addBlanks(line: number): void {
    const name = this.last?.name ?? 'a field';
    this.odd ??= { line, what: `a line of blanks within ${name}; dpkg takes " ." for an empty line` };
    this.blankLines += 1;
  }

  /** Adds a line that ends at `end` of the text. */
  add(content: string, line: number, end: number): void {
    if (end - this.start > limits.stanzaBytes) this.isTooLong = true;
    if (this.isTooLong) {
      this.fields = [];
      return;
    }
    if (content.includes('\0')) this.passOver(line, 'a zero byte');
    if (content.startsWith('#')) {
      this.odd ??= { line, what: 'a comment, which only source packages may have' };
      return;
    }
    const { blankLines } = this;
    this.blankLines = 0;
    if (content.startsWith(' ') || content.startsWith('\t')) {
      if (this.last === undefined) this.passOver(line, 'a continuation without a field');
      for (let i = 0; i < blankLines; i += 1) this.last?.lines.push('');
      this.last?.lines.push(content.slice(1));
      return;
    }
    const [, name, value] = fieldLine.exec(content) ?? [];
    if (name === undefined || value === undefined)
      this.passOver(line, `not a field: ${JSON.stringify(content.slice(0, 60))}`);
    else this.addField(name, value, line);
  }

  private addField(name: string, value: string, line: number): void {
    const key = name.toLowerCase();
    const place = this.places.get(key) ?? this.fields.length;
    if (place < this.fields.length) this.passOver(line, `the field ${name} for the second time`);
    this.last = { name, lines: [value] };
    this.fields[place] = this.last;
    this.places.set(key, place);
  }

  private passOver(line: number, what: string): void {
    this.odd ??= { line, what };
    this.lost ??= { line, what };
  }

  end(): FoundStanza {
    const { line, isTooLong, fields, odd, lost } = this;
    if (!isTooLong) return { stanza: fields, line, odd, lost };
    const tooLong = { line, what: `a stanza of more than ${limits.stanzaBytes} bytes` };
    return { stanza: [], line, odd: tooLong, lost: tooLong };
  }
}
