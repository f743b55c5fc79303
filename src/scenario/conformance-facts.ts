import { z } from 'zod';
import { filePath } from '../document/forms.ts';
import type { Scenario } from '../model/scenario.ts';

const text = z.string().min(1).max(100_000);

/** What `brownout conform` is told of a scenario's releases. */
export const conformanceFacts = z
  .strictObject({
    setting: filePath('of a file in the guest')
      .optional()
      .describe('A file that owners change, whose default is another one in the third release'),
    data: z
      .strictObject({
        write: text.describe("Commands for the guest's shell: the running release uses the owner's data"),
        read: text.describe("Commands for the guest's shell: exit 0 if it can read what is there"),
      })
      .optional(),
  })
  .describe('What `brownout conform` is told of the releases');

/** The facts that a scenario has, without what it does not say. */
export function factsOf({
  setting,
  data,
}: z.output<typeof conformanceFacts>): NonNullable<Scenario['conformance']> {
  return { ...(setting === undefined ? {} : { setting }), ...(data === undefined ? {} : { data }) };
}
