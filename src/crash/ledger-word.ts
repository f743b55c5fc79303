import { z } from 'zod';
import { groundSchema } from './grounds.ts';

const askedSchema = z.object({
  /** Of the trace that the state is of. */
  sha256: z.string(),
  state: z.string(),
  retry: z.boolean(),
  seed: z.int(),
});

/** Which boot of which state is meant. */
export type Asked = z.output<typeof askedSchema>;

const wordSchema = z.object({ begun: askedSchema.exactOptional(), ground: groundSchema.exactOptional() });

/** What a line of a ledger has besides facts: a boot that is about to be made, or a ground that was recorded. */
export type LedgerWord = z.output<typeof wordSchema>;

/** The word of a line; empty where it is none. */
export function readWord(value: unknown): LedgerWord {
  return wordSchema.safeParse(value).data ?? {};
}

/** Whether a line is no fact but a word. */
export function isWord(value: unknown): boolean {
  return Object.keys(readWord(value)).length > 0;
}
