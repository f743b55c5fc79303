import type { z } from 'zod';
import { pathText } from '../core/stored.ts';
import { didYouMean, nearest } from './suggest.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** One thing that is wrong, still without its place in the text. */
export interface Complaint {
  path: Path;
  /** Set when the complaint is about a key of the mapping at `path`, not about its value. */
  key?: string;
  message: string;
  /** The value itself is what is wrong, so that what was found may be added to the message. */
  namesValue: boolean;
  /** Names of keys that a misspelt key most likely stands for; their absence needs no complaint of its own. */
  meant?: string;
  /** A refinement's complaint, which may well follow from a misspelt key of the same mapping. */
  ofWhole?: boolean;
}

/** What the explanation needs to know about the document. */
export interface Context {
  /** The parsed value. */
  value: unknown;
  /** The keys that a mapping may have, by the `keys` list of the issue about it. */
  validKeys: WeakMap<readonly string[], readonly string[]>;
}

/** Turns schema issues into sentences, without those that another one already explains. */
export function explainAll(issues: readonly Issue[], context: Context): Complaint[] {
  const complaints = issues.flatMap((issue) => explain(issue, [], context));
  const meant = new Set(
    complaints.flatMap(({ path, meant: word }) => (word === undefined ? [] : [pathText([...path, word])])),
  );
  const misspelt = new Set(
    complaints.flatMap(({ path, key }) => (key === undefined ? [] : [pathText(path)])),
  );
  return complaints.filter(({ path, key, ofWhole }) => {
    if (key !== undefined) return true;
    return !meant.has(pathText(path)) && !(ofWhole === true && misspelt.has(pathText(path)));
  });
}

function explain(issue: Issue, prefix: Path, context: Context): Complaint[] {
  const path = [...prefix, ...issue.path];
  const complain = (message: string, namesValue = true): Complaint[] => [{ path, message, namesValue }];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => explainKey(issue.keys, key, path, context));
  if (issue.code === 'custom')
    return [
      {
        path,
        message: issue.message === '' ? 'is not valid' : issue.message,
        namesValue: false,
        ofWhole: true,
      },
    ];
  if (valueAt(context.value, path) === undefined && path.length > 0) {
    return complain(`missing; expected ${issue.message === '' ? expectation(issue) : issue.message}`, false);
  }
  if (issue.code === 'invalid_key') {
    const key = String(path.at(-1));
    const messages = issue.issues.map((inner) => (inner.message === '' ? expectation(inner) : inner.message));
    return [
      {
        path: path.slice(0, -1),
        key,
        message: `key ${quote(key)}: expected ${messages.join(', ')}`,
        namesValue: false,
      },
    ];
  }
  if (issue.message !== '') return complain(`expected ${issue.message}`);
  if (issue.code === 'invalid_union' && issue.errors.length > 0)
    return explainUnion(issue.errors, path, context);
  const value = valueAt(context.value, path);
  return complain(`expected ${expectation(issue)}`).map((complaint) => ({
    ...complaint,
    ...suggestion(issue, value),
  }));
}

function explainKey(keys: readonly string[], key: string, path: Path, context: Context): Complaint {
  const valid = context.validKeys.get(keys) ?? [];
  const meant = nearest(key, valid);
  const help = meant === undefined ? `; expected one of ${valid.join(', ')}` : didYouMean(key, valid);
  return {
    path,
    key,
    message: `unknown key ${quote(key)}${help}`,
    namesValue: false,
    ...(meant === undefined ? {} : { meant }),
  };
}

/** Explains the alternative that the writer most likely had in mind; if none stands out, names them all. */
function explainUnion(branches: readonly (readonly Issue[])[], path: Path, context: Context): Complaint[] {
  const plausible = branches.filter((issues) => !issues.some(rejectsWhole));
  const [first, ...others] = plausible;
  if (first === undefined) {
    const roots = branches.flatMap((issues) => issues.filter(rejectsWhole));
    const words = [...new Set(roots.map(expectation))];
    const literals = roots.flatMap((issue) => (issue.code === 'invalid_value' ? issue.values : []));
    const value = valueAt(context.value, path);
    return [
      {
        path,
        message: `expected ${words.join(' or ')}`,
        namesValue: true,
        ...nearestLiteral(literals, value, words.join(' or ')),
      },
    ];
  }
  const best = others.reduce((a, b) => (distance(b) < distance(a) ? b : a), first);
  return best.flatMap((issue) => explain(issue, path, context));
}

function rejectsWhole(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

/** A wrong constant (`name: rauc`) says more against an alternative than a missing or odd field; each unknown key is one. */
function distance(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.code === 'unrecognized_keys') return sum + issue.keys.length;
    return sum + (issue.code === 'invalid_value' && issue.path.length === 1 ? 10 : 1);
  }, 0);
}

const typeWords: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'nothing',
};

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeWords[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'too_small':
      return `at least ${String(issue.minimum)}${unit(issue.origin)}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}${unit(issue.origin)}`;
    case 'invalid_format':
      return `text of the form ${issue.pattern ?? issue.format}`;
    case 'not_multiple_of':
      return `a multiple of ${String(issue.divisor)}`;
    case 'invalid_union':
      return alternatives(issue).length === 0 ? 'another value' : oneOf(alternatives(issue));
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return 'another value';
  }
}

/** The values that a discriminating key may have. */
function alternatives(issue: z.core.$ZodIssueInvalidUnion): readonly unknown[] {
  return 'options' in issue ? (issue.options ?? []) : [];
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' items' : '';
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map(String);
  return words.length === 1 ? quote(words[0] ?? '') : `one of ${words.join(', ')}`;
}

function suggestion(issue: Issue, value: unknown): { message?: string } {
  if (issue.code === 'invalid_value') return nearestLiteral(issue.values, value, expectation(issue));
  if (issue.code === 'invalid_union') return nearestLiteral(alternatives(issue), value, expectation(issue));
  return {};
}

function nearestLiteral(values: readonly unknown[], value: unknown, expected: string): { message?: string } {
  if (typeof value !== 'string') return {};
  const help = didYouMean(value, values.map(String));
  return help === '' ? {} : { message: `expected ${expected}, found ${quote(value)}${help}` };
}

/** Text from a document as it may appear in a message: one line, no control characters, bounded. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}

/** The value at a path, or undefined. */
export function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[part];
  }
  return current;
}
