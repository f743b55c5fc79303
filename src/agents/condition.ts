import { z } from 'zod';
import { DeviceFailure } from '../core/errors.ts';

/** What of an output a message shows. */
const shownChars = 200;

/** A regular expression, as JavaScript has them. */
export const pattern = z
  .string()
  .min(1)
  .max(1000)
  .refine(isPattern, 'a regular expression, as JavaScript has them: ^state: (.*)$');

const texts = z.union([z.string().max(1000), z.array(z.string().max(1000)).min(1)]);

/**
 * What must stand in what a command prints: at a place of its JSON, or in its first line that fits a pattern. Of one object
 * with optional keys, so that a misspelt key is named as such.
 */
export const condition = z
  .strictObject({
    pointer: z
      .string()
      .max(1000)
      .regex(/^(?:\/(?:[^~/]|~[01])*)*$/, { error: 'a JSON pointer (RFC 6901): /slots/0/state' })
      .describe('The output is JSON, and this is the place (RFC 6901): /slots/0/state')
      .optional(),
    pattern: pattern
      .describe('The first line that fits this regular expression: its first group, or else all that fits')
      .optional(),
    is: texts
      .describe('What must stand there, or one of several; a pattern without it need only fit a line')
      .optional(),
  })
  .refine(
    (one) => (one.pointer === undefined) !== (one.pattern === undefined),
    'either a pointer or a pattern',
  )
  .refine(({ pointer, is }) => pointer === undefined || is !== undefined, {
    error: 'a pointer needs "is": what must stand there',
  });

export type Condition = z.output<typeof condition>;

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'm') instanceof RegExp;
  } catch {
    return false;
  }
}

/** Whether an output is as a condition says. */
export interface Judged {
  holds: boolean;
  /** What stands there, for people. */
  found: string;
}

/**
 * Looks a condition up in what a device printed. `key` is what the scenario calls it: `agent.status.good`. Throws
 * DeviceFailure `status-failed` where nothing stands in the place that is named.
 */
export function judge({ pointer, pattern: asked, is }: Condition, output: string, key: string): Judged {
  const shown = JSON.stringify(output.trim().slice(0, shownChars));
  if (asked !== undefined) {
    const match = new RegExp(asked, 'm').exec(output);
    if (is === undefined) return { holds: match !== null, found: match?.[0] ?? shown };
    if (match === null)
      throw unreadable(`no line of the status fits ${key}.pattern, ${asked}; it printed ${shown}`);
    return compared(match[1] ?? match[0], is);
  }
  const value = valueAt(parsed(output, `${key}.pointer`, shown), pointer ?? '');
  if (value === undefined)
    throw unreadable(`nothing stands at ${key}.pointer, ${pointer}; the status printed ${shown}`);
  return compared(typeof value === 'string' ? value : JSON.stringify(value), is ?? []);
}

function compared(found: string, is: string | readonly string[]): Judged {
  return { holds: [is].flat().includes(found), found };
}

function parsed(output: string, key: string, shown: string): unknown {
  try {
    return JSON.parse(output) as unknown;
  } catch (cause) {
    throw unreadable(`${key} is for JSON, and the status printed ${shown}; a pattern reads lines`, cause);
  }
}

/** What stands at a JSON pointer (RFC 6901); undefined where there is nothing. */
function valueAt(json: unknown, pointer: string): unknown {
  const keys = pointer.split('/').slice(1);
  let value = json;
  for (const key of keys.map((one) => one.replaceAll('~1', '/').replaceAll('~0', '~'))) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  return value;
}

function unreadable(message: string, cause?: unknown): DeviceFailure {
  return new DeviceFailure('status-failed', message, { cause });
}
