import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** `expect.boots.within`, `paths[2]`; empty for the whole. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('');
}

/**
 * Reads the text of a file that a program wrote: JSON as the schema says. Throws Error, whose message names the field:
 * `levels[0].log: expected string, received number`. It is the caller's to say which file, and whose fault that is.
 */
export function parseStored<T>(text: string, schema: z.ZodType<T>): T {
  const value = jsonValue(text);
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw new Error(issueText(result.error.issues), { cause: result.error });
}

function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Error('it is not JSON', { cause });
  }
}

/** The first thing that is wrong, with the field's name. */
function issueText([first, ...rest]: readonly Issue[]): string {
  if (first === undefined) return 'it is not as it should be';
  const field = pathText(first.path);
  const what = first.message.replace(/^Invalid (input|option): /, '');
  const found = first.code === 'invalid_value' ? `, found ${foundText(first.input)}` : '';
  const more = rest.length > 0 ? `, and ${rest.length} more` : '';
  return `${field === '' ? '' : `${field}: `}${what}${found}${more}`;
}

function foundText(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60);
}
