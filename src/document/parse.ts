import { type Document, LineCounter, parseDocument as parseYaml } from 'yaml';
import type { z } from 'zod';
import { messageOf, ScenarioError } from '../core/errors.ts';
import { pathText } from '../core/stored.ts';
import { type Complaint, explainAll, quote, valueAt } from './explain.ts';
import { tooMuchAt } from './nesting.ts';
import { danglingAliases, findKey, findValue, type Position, positionAt, positionIn } from './positions.ts';

/** Bytes of text that a document may have; people write these by hand. */
const maxTextLength = 1 << 20;

/** How many values aliases may repeat in all: bounds "billion laughs" documents. */
const maxAliasCount = 100;

/** Problems that one error lists before it only counts. */
const maxProblems = 20;

interface Problem {
  position: Position;
  message: string;
}

/**
 * Reads YAML text as the schema says. `path` only names the text in errors. Mapping keys are always
 * text, so that `1.0: …` is the key "1.0". Throws ScenarioError `document-syntax`, `document-invalid`
 * or `document-too-large`, whose message has a line `path:line:column: what was expected` for each problem.
 * A schema's own messages finish the sentence "expected …"; those of refinements stand alone.
 */
export function parseDocument<T>(text: string, path: string, schema: z.ZodType<T>): T {
  if (text.length > maxTextLength) {
    throw new ScenarioError('document-too-large', `${path}: longer than ${maxTextLength / 1024} KiB`);
  }
  const lines = new LineCounter();
  const document = parseSyntax(text, path, lines);
  const value = plainValue(document, path);
  const validKeys = new WeakMap<readonly string[], readonly string[]>();
  const result = schema.safeParse(value, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') validKeys.set(issue.keys, shapeKeys(issue.inst));
      return '';
    },
  });
  if (result.success) return result.data;
  const complaints = explainAll(result.error.issues, { value, validKeys });
  throw failure(
    'document-invalid',
    path,
    complaints.map((complaint) => locate(document, lines, value, complaint)),
  );
}

/** What is wrong with a document although it is as its schema says. */
export interface Fault {
  /** Leads to the value, or to the mapping that has `key`. */
  path: readonly PropertyKey[];
  /** Set where the key itself is wrong: a name of something that does not exist. */
  key?: string;
  message: string;
}

/**
 * The error `document-invalid` for what a reader of a document's value has found, with the place of each fault. The
 * text must be one that parseDocument has read.
 */
export function documentError(text: string, path: string, faults: readonly Fault[]): ScenarioError {
  return new ScenarioError('document-invalid', faultLines(text, path, faults));
}

/** The same as a message, for an error with another code: `path:line:column: …`, a line for each fault. */
export function faultLines(text: string, path: string, faults: readonly Fault[]): string {
  const lines = new LineCounter();
  const document = parseSyntax(text, path, lines);
  const value = plainValue(document, path);
  return problemLines(
    path,
    faults.map((fault) => locate(document, lines, value, { ...fault, namesValue: false })),
  );
}

function parseSyntax(text: string, path: string, lines: LineCounter): Document.Parsed {
  const tooMuch = tooMuchAt(text);
  if (tooMuch !== undefined) {
    const { line, column } = positionIn(text, tooMuch.offset);
    throw new ScenarioError('document-syntax', `${path}:${line}:${column}: ${tooMuch.what}`);
  }
  let document: Document.Parsed;
  try {
    document = parseYaml(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      logLevel: 'error',
    });
  } catch (error) {
    throw new ScenarioError('document-syntax', `${path}:1:1: cannot be read as YAML: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const faults = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    offset: pos[0],
    message,
  }));
  const dangling = faults.length > 0 ? [] : danglingAliases(document);
  const unknown = dangling.map(({ offset, name }) => ({
    offset,
    message: `no anchor &${name} before this alias`,
  }));
  if (faults.length + unknown.length === 0) return document;
  throw failure(
    'document-syntax',
    path,
    [...faults, ...unknown].map(({ offset, message }) => ({
      position: positionAt(lines, offset),
      message: `not valid YAML: ${message}`,
    })),
  );
}

function plainValue(document: Document.Parsed, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount });
  } catch (error) {
    throw new ScenarioError('document-invalid', `${path}:1:1: aliases repeat too much: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The keys of the object schema that an issue came from. */
function shapeKeys(schema: unknown): readonly string[] {
  const shape = (schema as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def?.shape;
  return shape === undefined ? [] : Object.keys(shape);
}

function locate(
  document: Document.Parsed,
  lines: LineCounter,
  value: unknown,
  complaint: Complaint,
): Problem {
  const { path, key, message } = complaint;
  const where = path.length === 0 ? '' : `${pathText(path)}: `;
  if (key !== undefined)
    return { position: findKey(document, lines, path, key), message: `${where}${message}` };
  const found = findValue(document, lines, path);
  const shown =
    complaint.namesValue && !message.includes(', found ')
      ? `, found ${description(valueAt(value, path), found.source)}`
      : '';
  return {
    position: found.position,
    message: `${where}${message}${shown}${unquotedHint(complaint, valueAt(value, path), found.source)}`,
  };
}

function description(value: unknown, source: string | undefined): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return quote(value);
  return `the ${typeof value === 'boolean' ? 'truth value' : 'number'} ${source ?? JSON.stringify(value)}`;
}

/** YAML reads 1.0 as a number and forgets the ".0"; whoever needs the text must quote it. */
function unquotedHint(
  { namesValue, message }: Complaint,
  value: unknown,
  source: string | undefined,
): string {
  const unquoted = typeof value === 'number' || typeof value === 'boolean';
  if (!namesValue || !unquoted || source === undefined || !message.startsWith('expected text')) return '';
  return `; quote it: "${source}"`;
}

function failure(code: string, path: string, problems: readonly Problem[]): ScenarioError {
  return new ScenarioError(code, problemLines(path, problems));
}

function problemLines(path: string, problems: readonly Problem[]): string {
  const sorted = [...problems].sort(
    (a, b) => a.position.line - b.position.line || a.position.column - b.position.column,
  );
  const shown = sorted
    .slice(0, maxProblems)
    .map(({ position, message }) => `${path}:${position.line}:${position.column}: ${message}`);
  if (sorted.length > maxProblems) shown.push(`and ${sorted.length - maxProblems} more`);
  return shown.join('\n');
}
