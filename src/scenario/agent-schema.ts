import { z } from 'zod';
import { packageAgentNames } from '../model/scenario.ts';
import { text } from './text-schema.ts';

const agentName = z.enum(['rauc', 'script', ...packageAgentNames]);
const raucAgent = z.strictObject({
  name: z.literal('rauc'),
  bundle: z.enum(['verity', 'plain']).default('verity'),
});
const packageAgent = z.strictObject({
  name: z.enum(packageAgentNames),
  beforeRecovery: text
    .describe("Commands for the guest's shell, after a cut, before the package manager's documented recovery")
    .optional(),
});
const scriptAgent = z.strictObject({
  name: z.literal('script'),
  bundle: z
    .string()
    .min(1)
    .max(64)
    .default('raw')
    .describe('Format that the image offers: raw, verity, plain'),
  install: text.describe("Commands for the guest's shell; BUNDLE_URL is where the release is found"),
  confirm: text.optional(),
  rollback: text.optional(),
});

/** The update agent of a scenario, by name or with its settings. */
export const agent = z
  .union([
    z.enum(['rauc', ...packageAgentNames]),
    z.discriminatedUnion('name', [raucAgent, packageAgent, scriptAgent]),
  ])
  .describe(`The update agent: ${agentName.options.join(' or ')}`);
