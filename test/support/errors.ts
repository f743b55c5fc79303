import { expect } from 'vitest';

/** What `toThrow` takes an error with this code for; `message` is part of its text, or its pattern. */
export function withCode(code: string, message: string | RegExp = ''): Error {
  const text: unknown =
    typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message);
  return expect.objectContaining({ code, message: text }) as Error;
}
