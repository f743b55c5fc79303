import { z } from 'zod';
import { quote } from '../core/quote.ts';
import { filePath } from '../document/forms.ts';
import { abilities as claims } from '../model/conformance.ts';
import { agentCommand } from './command.ts';
import { commands, defineAgent, reboots } from './define-agent.ts';

/**
 * An updater written in the scenario itself: its commands run in the guest's shell; `install` finds the bundle's
 * address in BUNDLE_URL. Without `confirm`, confirming does nothing; without `rollback`, nothing leads back.
 */
export const script = defineAgent({
  name: 'script',
  settings: z.strictObject({
    bundle: z
      .string()
      .min(1)
      .max(64)
      .default('raw')
      .describe('Format that the image offers: raw, verity, plain'),
    install: commands.describe("Commands for the guest's shell; BUNDLE_URL is where the release is found"),
    confirm: commands.optional(),
    rollback: commands.optional(),
    reboots,
    programs: z
      .array(z.string().regex(/^[\w.+-]+$/, { error: 'the name of a program, without a folder' }))
      .min(1)
      .optional()
      .describe('Names of its programs: brownout conform kills them'),
    downloads: filePath('of the device')
      .optional()
      .describe('Folder in which it keeps a bundle while it installs: brownout conform fills it up'),
    abilities: z
      .array(z.enum(claims).exclude(['rollback', 'server']))
      .optional()
      .describe('What the updater claims to do: brownout conform holds it to that'),
  }),
  abilities: ({ abilities = [], rollback }) => [
    ...abilities,
    ...(rollback === undefined ? [] : (['rollback'] as const)),
  ],
  source: ({ bundle }) => ({ kind: 'bundle', format: bundle }),
  create: ({ install, confirm, rollback, reboots: who, programs, downloads }) => ({
    ...(who === 'itself' ? { reboots: who } : {}),
    ...(programs === undefined ? {} : { programs }),
    ...(downloads === undefined ? {} : { downloads }),

    async install(device, { url }, limits) {
      await agentCommand(device, 'install', `export BUNDLE_URL=${quote(url)}\n${install}`, limits);
    },

    async activate() {
      // The install command leaves the next boot as it wants it.
    },

    async confirm(device, limits) {
      if (confirm !== undefined) await agentCommand(device, 'confirm', confirm, limits);
    },

    status: () => Promise.resolve({ booted: undefined, primary: undefined }),

    ...(rollback === undefined
      ? {}
      : {
          async rollback(device, limits) {
            await agentCommand(device, 'rollback', rollback, limits);
          },
        }),
  }),
});
