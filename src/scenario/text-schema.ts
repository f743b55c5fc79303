import { z } from 'zod';

/** Some text: a name, or commands for a shell. */
export const text = z.string().min(1).max(100_000);
