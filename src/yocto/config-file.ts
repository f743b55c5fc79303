import { ScenarioError } from '../core/errors.ts';

/** A value of a configuration file and the line (from 1) on which its key stands. */
export interface ConfigValue {
  value: string;
  line: number;
}

type Section = Map<string, ConfigValue>;

/** Values that refer to values that refer to values …: Python's configparser gives up here too. */
const maxReferences = 10;

/**
 * Reads one section of a file as Python's `configparser.ConfigParser` with its defaults does
 * (docs.python.org/3/library/configparser.html): keys in lower case, `=` or `:` after a key, whole-line comments with
 * `#` or `;`, a line that is indented deeper than its key continues the value, `%%` is a percent sign and `%(key)s`
 * another value, `[DEFAULT]` holds for every section, and nothing may be there twice.
 * Throws ScenarioError `qemuboot-invalid` with `path:line`.
 */
export function parseConfigSection(
  text: string,
  path: string,
  name: string,
): ReadonlyMap<string, ConfigValue> {
  const fail = (line: number, message: string, hint?: string): never => {
    const details = hint === undefined ? {} : { hint };
    throw new ScenarioError('qemuboot-invalid', `${path}:${line}: ${message}`, details);
  };
  const sections = parseSections(text, fail);
  const own = sections.get(name);
  if (own === undefined) {
    const found = [...sections.keys()].map((key) => `[${key}]`).join(', ');
    return fail(1, `there is no section [${name}], only ${found || 'an empty file'}`, notMadeByYocto);
  }
  const merged: Section = new Map([...(sections.get('DEFAULT') ?? []), ...own]);
  return new Map(
    [...merged].map(([key, { line }]) => [key, { line, value: interpolate(key, merged, fail) }]),
  );
}

const notMadeByYocto = 'name a *.qemuboot.conf as the class qemuboot of openembedded-core writes it';

type Fail = (line: number, message: string, hint?: string) => never;

function parseSections(text: string, fail: Fail): Map<string, Section> {
  const sections = new Map<string, Section>();
  let section: Section | undefined;
  let key: string | undefined;
  let indent = 0;
  for (const [index, whole] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = index + 1;
    const content = whole.trim();
    if (content.startsWith('#') || content.startsWith(';')) continue;
    const value = key === undefined ? undefined : section?.get(key);
    if (content === '') {
      if (value !== undefined) value.value += '\n';
      continue;
    }
    const depth = whole.length - whole.trimStart().length;
    if (value !== undefined && depth > indent) {
      value.value += `\n${content}`;
      continue;
    }
    indent = depth;
    key = undefined;
    const header = /^\[(.+)\]/.exec(content)?.[1];
    if (header !== undefined) {
      if (header !== 'DEFAULT' && sections.has(header)) fail(line, `section [${header}] is there twice`);
      section = sections.get(header) ?? new Map<string, ConfigValue>();
      sections.set(header, section);
      continue;
    }
    if (section === undefined)
      return fail(line, 'expected a section such as [config_bsp] first', notMadeByYocto);
    const pair = /^(.*?)\s*[=:]\s*(.*)$/.exec(content);
    const name = pair?.[1]?.toLowerCase();
    if (pair === null || name === undefined || name === '')
      return fail(line, `expected "key = value", found ${JSON.stringify(content.slice(0, 60))}`);
    const first = section.get(name);
    if (first !== undefined) fail(line, `${name} is there twice, first on line ${first.line}`);
    key = name;
    section.set(name, { value: pair[2] ?? '', line });
  }
  for (const values of sections.values())
    for (const value of values.values()) value.value = value.value.trimEnd();
  return sections;
}

/** Replaces `%%` and `%(key)s` in one value. */
function interpolate(key: string, section: Section, fail: Fail, depth = 0): string {
  const { value, line } = section.get(key) ?? { value: '', line: 1 };
  if (depth > maxReferences)
    fail(line, `${key} refers to itself, or through more than ${maxReferences} values`);
  return value.replaceAll(
    /%(%|\(([^)]*)\)s)?/g,
    (_, escape: string | undefined, name: string | undefined) => {
      if (escape === '%') return '%';
      if (name === undefined) return fail(line, `${key} has a lone "%"`, 'write %% for a percent sign');
      const other = name.toLowerCase();
      if (!section.has(other)) fail(line, `${key} refers to ${other}, which is not there`);
      return interpolate(other, section, fail, depth + 1);
    },
  );
}
