import { z } from 'zod';
import type { Shell } from '../core/ask.ts';
import { quote } from '../core/quote.ts';
import { filePath, releaseName } from '../document/forms.ts';
import { abilities as claims } from '../model/conformance.ts';
import type { AgentLimits, UpdateAgent } from './agent.ts';
import { agentCommand } from './command.ts';
import { condition, judge, pattern } from './condition.ts';
import { commands, defineAgent, reboots } from './define-agent.ts';

const statusSettings = z
  .strictObject({
    run: commands.describe('Commands that print what the updater says of the device'),
    good: condition.describe('Holds once the running release was confirmed').optional(),
    failed: condition
      .describe('Holds where the release that was installed last has failed, and the one before runs again')
      .optional(),
  })
  .refine(
    ({ good, failed }) => good !== undefined || failed !== undefined,
    'needs good or failed: what is read',
  );

const identitySettings = z.strictObject({
  run: commands.describe('Commands that print what tells the running release from the others'),
  expect: z
    .record(releaseName, z.string().min(1).max(10_000))
    .describe('What they print on a device with each release, without blanks at both ends'),
});

/**
 * An updater written in the scenario itself: its commands run in the guest's shell; `install` finds the bundle's
 * address in BUNDLE_URL. Without `confirm`, confirming does nothing; without `rollback`, nothing leads back; without `status`
 * nobody is asked what came of it; without `identity` the image says how its releases are told apart.
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
    source: z
      .literal('files')
      .optional()
      .describe('A release is several files below one address, and not one in the format that bundle names'),
    install: commands.describe("Commands for the guest's shell; BUNDLE_URL is where the release is found"),
    confirm: commands.optional(),
    rollback: commands.optional(),
    status: statusSettings.optional(),
    identity: identitySettings.optional(),
    reboots,
    programs: z
      .array(z.string().regex(/^[\w.+-]+$/, { error: 'the name of a program, without a folder' }))
      .min(1)
      .optional()
      .describe('Names of its programs: brownout conform kills them'),
    kernelOnSource: pattern
      .optional()
      .describe(
        'Lines by which the kernel says that what the source sent cannot be read: a regular expression. While a source is faulty they fail nothing',
      ),
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
  source: ({ source, bundle }) =>
    source === 'files' ? { kind: 'files' } : { kind: 'bundle', format: bundle },
  create: ({ install, confirm, rollback, status: asked, kernelOnSource, reboots: who, ...known }) => ({
    ...(who === 'itself' ? { reboots: who } : {}),
    ...(kernelOnSource === undefined ? {} : { kernelOnSource: new RegExp(kernelOnSource) }),
    ...(known.programs === undefined ? {} : { programs: known.programs }),
    ...(known.downloads === undefined ? {} : { downloads: known.downloads }),
    ...(known.identity === undefined ? {} : { identity: known.identity }),

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

    ...statusOf(asked),

    ...(rollback === undefined
      ? {}
      : {
          async rollback(device, limits) {
            await agentCommand(device, 'rollback', rollback, limits);
          },
        }),
  }),
});

/** What an updater is asked once it has confirmed a release, or has gone back; nothing where nobody says how. */
function statusOf(
  status: z.output<typeof statusSettings> | undefined,
): Pick<UpdateAgent, 'confirmed' | 'knowsFallback'> {
  if (status === undefined) return {};
  const { run, good, failed } = status;
  const say = (device: Shell, limits: AgentLimits) => agentCommand(device, 'status', run, limits);
  return {
    ...(good && {
      async confirmed(device, limits) {
        const { holds, found } = judge(good, await say(device, limits), 'agent.status.good');
        return holds ? undefined : found;
      },
    }),
    ...(failed && {
      async knowsFallback(device, limits) {
        return judge(failed, await say(device, limits), 'agent.status.failed').holds;
      },
    }),
  };
}
