import { z } from 'zod';
import { groundSchema } from './grounds.ts';

const begunSchema = z.object({
  /** Of the trace that the state is of. */
  sha256: z.string(),
  state: z.string(),
  retry: z.boolean(),
  seed: z.int(),
  cold: z.boolean(),
  audit: z.boolean(),
  /** Whether it is to be recorded what the device writes as it comes back. */
  ground: z.boolean(),
  /** Numbers it among those of its file. */
  number: z.int().min(0),
  /** Names the process that makes it. */
  by: z.string(),
});

/** A boot that is being made, and what for. */
export type Begun = z.output<typeof begunSchema>;

/** Which boot of which state is meant. */
export type Asked = Pick<Begun, 'sha256' | 'state' | 'retry' | 'seed'>;

const wordSchema = z.object({
  begun: begunSchema.exactOptional(),
  over: z.int().min(0).exactOptional(),
  ground: groundSchema.exactOptional(),
});

/** What a line of a ledger has besides facts: a boot that is about to be made, the number of one that is over, a ground that was recorded. */
export type LedgerWord = z.output<typeof wordSchema>;

/** The word of a line; empty where it is none. */
export function readWord(value: unknown): LedgerWord {
  return wordSchema.safeParse(value).data ?? {};
}

/** Whether a line is no fact but a word. */
export function isWord(value: unknown): boolean {
  return Object.keys(readWord(value)).length > 0;
}
