import { z } from 'zod';

const addressForm =
  'an address such as http://hawkbit.example:8080, without a path and without a name or password';

/** A server that somebody else runs, in place of the one that is part of this program. */
export const namedServer = z.strictObject({
  hawkbit: z
    .strictObject({
      address: z
        .string({ error: addressForm })
        // What stands there may be a secret that belongs elsewhere: it is not told.
        .refine((address) => /^https?:\/\/[\w.-]+(:\d{1,5})?\/?$/.test(address), `expected ${addressForm}`)
        .transform((address) => address.replace(/\/$/, ''))
        .describe('Where its Management API and its Direct Device Integration API are'),
      tenant: z
        .string()
        .regex(/^[\w.-]{1,40}$/, { error: 'letters, digits, "_", "." and "-"' })
        .default('DEFAULT'),
      credentials: z
        .union([
          z.strictObject({
            environment: z
              .string()
              .regex(/^[A-Za-z_]\w*$/, { error: 'the name of an environment variable' })
              .describe('The variable that has them'),
          }),
          z.strictObject({ file: z.string().min(1).describe('A file that has them, relative to this one') }),
        ])
        .default({ environment: 'BROWNOUT_HAWKBIT' })
        .describe('Where user:password of its Management API is found; never printed or kept'),
    })
    .describe('A hawkBit server that gives the orders; for agents with delivery: hawkbit'),
});

/** What a scenario's agent and faults have against such a server; undefined where nothing is. */
export function serverComplaint(
  source: { kind: string; by?: string },
  faults: readonly unknown[],
): string | undefined {
  if (source.by !== 'hawkbit')
    return 'this agent asks no server what to install; those that do have delivery: hawkbit';
  if (source.kind !== 'bundle')
    return 'this agent is ordered parts of a repository, by the built-in server alone';
  return faults.length > 0
    ? 'nobody here can make that server fail: leave serverFaults to the built-in one'
    : undefined;
}
