import { type Field, fieldValue, type Stanza } from '../package/control/stanza.ts';
import type { Moves } from './moves.ts';

/** Fields that name other packages (deb-control(5)); opkg knows those that Yocto writes. */
const relationFields = [
  'pre-depends',
  'depends',
  'recommends',
  'suggests',
  'enhances',
  'breaks',
  'conflicts',
  'replaces',
  'provides',
];

/** One name with its condition: `libc6:any (>= 2.35) [arm64]`. */
const relation =
  /^(\s*)([A-Za-z0-9][^\s:(<>=,|]*)((?::[a-z0-9-]+)?\s*\(\s*)([<>=]{1,2})(\s*)([^\s()<>=]+)(\s*\).*)$/s;

/**
 * A control file with its exact relations (`x (= 1.0-r0)`) moved to the versions of the next release, as a build of
 * both packages would write them. A relation with any version moves to a new name as well, because what a renamed
 * package provides has no version. All else stays as it is written.
 */
export function moveRelations(control: Stanza, moves: Moves): Stanza {
  return control.map((field): Field => {
    if (!relationFields.includes(field.name.toLowerCase())) return field;
    const [first, ...more] = field.lines;
    return {
      name: field.name,
      lines: [moveLine(first, moves), ...more.map((line) => moveLine(line, moves))],
    };
  });
}

function moveLine(line: string, moves: Moves): string {
  return line
    .split(/([,|])/)
    .map((part) => {
      const [, before, name, opening, operator, blank, version, rest] = relation.exec(part) ?? [];
      if (name === undefined || operator === undefined || version === undefined) return part;
      const move = operator === '=' ? moves.exact(name, version) : undefined;
      const newName = move?.name ?? moves.newName(name) ?? name;
      return [before, newName, opening, operator, blank, move?.version ?? version, rest].join('');
    })
    .join('');
}

/** What a package provides with a version: `Provides: mail-agent (= 1.0)`. */
export function versionedProvides(control: Stanza): { name: string; version: string }[] {
  return (fieldValue(control, 'Provides') ?? '').split(',').flatMap((part) => {
    const [, , name, , operator, , version] = relation.exec(part) ?? [];
    return name === undefined || operator !== '=' || version === undefined ? [] : [{ name, version }];
  });
}

/** The names in the fields without which a package is not installed, alternatives together. */
export function needs(control: Stanza): string[][] {
  return ['Pre-Depends', 'Depends'].flatMap((field) =>
    joined(control, field)
      .split(',')
      .map((one) =>
        one
          .split('|')
          .map(bareName)
          .filter((name) => name !== ''),
      )
      .filter((names) => names.length > 0),
  );
}

/** What may be depended on where this package is. */
export function offers(name: string, control: Stanza): string[] {
  return [name, ...joined(control, 'Provides').split(',').map(bareName)].filter((one) => one !== '');
}

function joined(control: Stanza, name: string): string {
  return control.find((field) => field.name.toLowerCase() === name.toLowerCase())?.lines.join(' ') ?? '';
}

function bareName(text: string): string {
  return text.replace(/\s\(.*$|\s?\[.*$|:any\b.*$/s, '').trim();
}

/** A stanza with a field set, in its place or at the end; undefined takes it away. */
export function withField(control: Stanza, name: string, value: string | undefined): Stanza {
  const at = control.findIndex((field) => field.name.toLowerCase() === name.toLowerCase());
  if (value === undefined) return control.filter((_, i) => i !== at);
  if (at < 0) return [...control, { name, lines: [value] }];
  return control.map((field, i) => (i === at ? { name: field.name, lines: [value] } : field));
}

/** A stanza with more at the end of a field: a list with commas where the field names packages. */
export function withAppended(control: Stanza, name: string, value: string): Stanza {
  const old = control.find((field) => field.name.toLowerCase() === name.toLowerCase());
  const isList = relationFields.includes(name.toLowerCase());
  const [first = '', ...more] = old?.lines ?? [];
  if (more.length > 0 && !isList)
    return control.map((field) =>
      field === old ? { name: field.name, lines: [first, ...more, value] } : field,
    );
  const before = [first, ...more]
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
  return withField(control, name, before === '' ? value : `${before}${isList ? ', ' : ' '}${value}`);
}
