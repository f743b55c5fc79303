import { z } from 'zod';
import { type AgentList, agents } from '../agents/index.ts';
import { fileMode, filePath, packageName, releaseName, shortName } from '../document/forms.ts';
import { deletedPromises, editedPromises } from '../model/configuration.ts';
import { guestEpoch } from '../model/device-clock.ts';
import { networks } from '../model/guest-network.ts';
import { type MachineName, machineNames } from '../model/machine.ts';
import { disturbances } from '../model/recording.ts';
import { cutPhases, laterCuts, phaseName, stateKinds, usualCutPhases } from '../model/scenario.ts';
import { builtInChecks } from '../model/steps.ts';
import { agentSchema } from './agent-schema.ts';
import { conformanceFacts } from './conformance-facts.ts';
import { durationPattern, parseDuration } from './duration.ts';
import { knownEntry } from './known.ts';
import { pathRules } from './paths.ts';
import { namedServer } from './server.ts';
import { serverFault } from './server-fault.ts';

const text = z.string().min(1).max(100_000);

const release = releaseName.describe('A release of the image. Quote it: YAML takes 1.0 for the number 1.');

const guestPath = filePath('of a file in the guest').describe('Absolute path of a file in the guest');

const durationForm = 'a duration: 500ms, 90s, 2m, 1h';
const duration = z
  .string({ error: durationForm })
  .regex(durationPattern, { error: durationForm })
  .transform((value) => parseDuration(value) ?? 0)
  .refine((ms) => ms >= 100 && ms <= 86_400_000, 'a duration must lie between 100ms and 24h');

const packageNames = z
  .array(packageName)
  .min(1)
  .max(100)
  .transform((names) => [...new Set(names)]);

const write = z
  .strictObject({ path: guestPath, content: z.string().max(1 << 20), mode: fileMode.optional() })
  .describe('Creates a file, or replaces its content');
const append = z
  .strictObject({ path: guestPath, content: z.string().max(1 << 20) })
  .describe('Adds to the end of a file');
const edit = z
  .strictObject({ path: guestPath, replace: text, with: z.string().max(1 << 20) })
  .describe('Replaces the one place where `replace` stands');
const deletion = z
  .union([guestPath, z.strictObject({ path: guestPath })])
  .describe('Removes a file or a link');
const link = z
  .strictObject({
    path: guestPath,
    to: text.describe('What the link says: an absolute path, or a relative one'),
  })
  .describe('Makes a symbolic link, in place of what is at the path');

const configurationEntry = z.union([
  guestPath,
  z.strictObject({
    path: guestPath,
    follow: z.boolean().default(false).describe('Where it is a link: compare what it leads to, not the link'),
    attributes: z
      .boolean()
      .default(false)
      .describe('Compare extended attributes too; the device needs getfattr'),
  }),
]);

const provisionKinds = ['install', 'write', 'append', 'edit', 'delete', 'link', 'run'];

/** One object with optional keys rather than alternatives, so that a misspelt key is named as such. */
const provisionStep = z
  .strictObject({
    install: packageNames
      .describe("Installs packages of the feed of the path's first release; before all other steps")
      .optional(),
    write: write.optional(),
    append: append.optional(),
    edit: edit.optional(),
    delete: deletion.optional(),
    link: link.optional(),
    run: text.describe("A command for the guest's shell").optional(),
  })
  .refine(
    (step) => Object.keys(step).length === 1,
    `each step needs exactly one of ${provisionKinds.join(', ')}`,
  );

const path = z.union([
  z
    .enum(pathRules)
    .describe(
      'Within each branch: adjacent: every release in order; skip: from the first straight to the last; all: from each ' +
        'to each later one; downgrade: every release backwards. Between branches: from the latest to the latest of the next.',
    ),
  z
    .array(release)
    .min(1)
    .describe('Releases in the order in which the device takes them; one alone to install packages on it'),
]);

const check = z.strictObject({
  name: shortName.refine(
    (name) => !builtInChecks.some((taken) => taken === name),
    'a name that is not one of the built-in checks',
  ),
  run: text.describe(
    "Commands for the guest's shell: exit 0 is a pass, and the first line printed tells outcomes apart. " +
      'ALLOWED_RELEASES has the releases that the device may be on.',
  ),
  when: z
    .enum(['booted', 'always'])
    .default('booted')
    .describe(
      'After every boot; or also where packages were just installed or upgraded, before the next boot',
    ),
  after: duration.optional().describe('How long after the login it is run at the earliest; default: at once'),
});

const consoleText = z
  .string()
  .max(200)
  .regex(/^[^\x00-\x1f]*$/, { error: 'a text of one line' })
  .refine(
    (line) => line.replaceAll(/[* ]/g, '').length >= 4,
    'a text of at least four characters besides * and blanks',
  );

const consoleTexts = z
  .strictObject({
    allow: z
      .array(consoleText)
      .max(50)
      .default([])
      .describe('Lines that say nothing against the device: they have one of these texts'),
    require: z
      .array(consoleText)
      .max(50)
      .default([])
      .describe('Each boot of a device that comes up must show each of these texts on its console'),
  })
  .describe('Texts of console lines, as they stand; * stands for any run of characters');

const configurationPromise = z
  .union([
    z.enum(['preserved', 'unchecked']),
    z.strictObject({
      edited: z
        .enum(editedPromises)
        .default('preserved')
        .describe(
          'What the owner changed or made: as it was; or all of the changes in it; or whole in a copy beside it',
        ),
      deleted: z.enum(deletedPromises).default('stay-deleted').describe('What the owner deleted'),
    }),
  ])
  .describe("The owner's files after each upgrade and each cut; preserved: byte for byte");

const ages = z.array(z.enum(['old', 'new'])).min(1);

const allowedReleases = z.strictObject({
  oneOf: ages.optional().describe('After a cut in any phase that has no key of its own; default: both'),
  install: ages.optional(),
  'first-boot': ages.optional(),
  confirm: ages.optional(),
  idle: ages.optional(),
  rollback: ages.optional(),
  'second-cut': ages.optional(),
});

const expectations = z.strictObject({
  boots: z
    .strictObject({
      within: duration.prefault('120s'),
      first: duration.optional().describe('On the first start from the factory; default: as within'),
    })
    .prefault({}),
  installs: z.strictObject({ within: duration.prefault('300s') }).prefault({}),
  upgrade: z
    .enum(['succeeds', 'falls-back'])
    .default('succeeds')
    .describe('Without a cut: does the device end on the new release, or fall back by itself?'),
  release: z
    .union([z.literal('unchecked'), allowedReleases])
    .default({ oneOf: ['old', 'new'] })
    .describe(
      'After a cut, in any phase or in each: which whole releases are allowed; unchecked where no slot changes',
    ),
  fallback: z
    .enum(['lasts', 'unchecked'])
    .default('unchecked')
    .describe(
      'With upgrade: falls-back: must the next starts stay on the old release, without another try of the new one?',
    ),
  broken: z
    .record(release, z.array(packageName).min(1))
    .default({})
    .describe(
      'Releases that are known to be broken: the packages that are there but not configured after an upgrade to each. ' +
        'The agent may say that it failed',
    ),
  changedByScripts: z
    .array(guestPath)
    .default([])
    .describe(
      'Paths whose mode, owner, kind or target scripts of the new packages are known to change; `*` stands for any part of a ' +
        'name, `**` also across folders. A difference there is noted, and fails nothing',
    ),
  outcomes: z
    .enum(['two', 'unchecked'])
    .default('two')
    .describe('After a cut: at most two outcomes, the old state and the new, or as many as there are'),
  configuration: configurationPromise.default('preserved'),
  retry: z
    .enum(['succeeds', 'unchecked'])
    .default('succeeds')
    .describe('After a cut: must installing again succeed?'),
  confirmed: z
    .union([z.literal('unchecked'), z.strictObject({ boots: z.int().min(1).max(100).default(4) })])
    .default({ boots: 4 })
    .describe(
      'Without a cut, after the last confirmation of a path and after a rollback: how often the device is started, and ' +
        'confirmed again, and must still be on its release. More often than it has tries',
    ),
  rollback: z
    .enum(['succeeds', 'unchecked'])
    .default('unchecked')
    .describe("At the end of each path: must the agent's rollback bring back the release before?"),
});

/** A scenario file whose agent and machines are among these: what YAML is checked against, and what `brownout schema` prints. */
export function scenarioSchemaFor<Name extends string>(list: AgentList, machines: readonly Name[]) {
  return z.strictObject({
    name: z.string().min(1).max(200).describe('One sentence that says what is shown'),
    machines: z.array(z.enum(machines)).min(1),
    image: z
      .string()
      .regex(/^[A-Za-z0-9][\w.-]{0,63}$|^[^\0]*\/[^\0]*$/, {
        error: 'the name of a reference image, or a path with a "/"',
      })
      .describe(
        'A reference image by name; or, with a "/", a folder with an image.yaml, relative to this file',
      ),
    agent: agentSchema(list),
    releases: z
      .union([
        z.array(release).min(2),
        z
          .record(
            z.string().regex(/^[A-Za-z0-9][\w.+-]{0,63}$/, { error: 'the name of a branch: kirkstone' }),
            z.array(release).min(1),
          )
          .refine((branches) => Object.values(branches).flat().length > 1, 'at least two releases'),
      ])
      .describe('Oldest first; or branches by name, oldest first, each with its releases'),
    paths: z.array(path).min(1).default(['adjacent']),
    provision: z.array(provisionStep).default([]).describe("What the device's owner did before the upgrade"),
    configuration: z
      .array(configurationEntry)
      .default([])
      .describe(
        "Further paths that are the owner's, besides those that the provision steps touch: files, links, folders",
      ),
    checks: z
      .array(check)
      .default([])
      .describe('What must hold of every device that comes up, besides release and configuration'),
    console: consoleTexts.optional(),
    clock: z
      .strictObject({
        start: z.iso
          .datetime({ local: true, precision: 0, error: 'a date and time in UTC: 2026-01-01T00:00:00' })
          .default(guestEpoch)
          .describe('The time at each start of the device, in UTC'),
        afterCut: z
          .enum(['kept', 'epoch'])
          .default('kept')
          .describe(
            'epoch: a device without a battery, whose clock has lost its time once its power was cut: 1970, on qemux86-64 2000',
          ),
      })
      .optional(),
    network: z
      .enum(networks)
      .default('closed')
      .describe(
        "What the guest reaches: closed: the server of its releases; open: whatever the host reaches, its loopback's " +
          'services and other networks included',
      ),
    conformance: conformanceFacts.optional(),
    known: z
      .array(knownEntry(machines))
      .default([])
      .describe('Failures that fail no run until a date; also in known-findings.yaml beside this file'),
    server: namedServer.optional(),
    reinstall: packageNames
      .default([])
      .describe('Packages that are removed at the end of each path, without a cut, and installed again'),
    serverFaults: z
      .array(serverFault)
      .optional()
      .describe(
        'Before each upgrade a copy of the device tries it while the server has this fault: it must stay on the old ' +
          'release, and take the new one when the server is repaired. A package manager that says that it failed may ' +
          'leave the device between them. Default: none',
      ),
    feedFaults: z.array(serverFault).optional().describe('What serverFaults was called before'),
    powerCuts: z
      .strictObject({
        during: z
          .array(z.preprocess(phaseName, z.enum(cutPhases)))
          .min(1)
          .default(usualCutPhases),
        states: z
          .array(z.enum(stateKinds))
          .min(1)
          .default([...stateKinds]),
        inARow: z
          .int()
          .min(2)
          .max(laterCuts.length + 1)
          .optional()
          .describe(
            'With power cuts in all states: how often the power fails in a row, while the device comes back from the cut before. Default: 2',
          ),
        'reset-storm': z
          .int()
          .min(1)
          .max(100)
          .optional()
          .describe(
            'How often in a row the power of a confirmed device fails before anybody can log in. Default: never',
          ),
        recordings: z
          .int()
          .min(1)
          .max(20)
          .optional()
          .describe(
            'How often each path is recorded; each recording has crash states of its own. Default: 1, and one more for ' +
              'each word of `disturb`',
          ),
        disturb: z
          .array(z.enum(disturbances))
          .default([])
          .describe(
            'What goes on in the guest beside the recordings after the first, which take turns. commits: another program ' +
              'fsyncs a file; writeback: caches are written back and journals commit early; load: other work; sync: each ' +
              'change is committed at once',
          ),
      })
      .refine(
        ({ recordings, disturb }) => recordings === undefined || recordings > new Set(disturb).size,
        'with `disturb` there are more recordings than it has words: the first is not disturbed',
      )
      .prefault({}),
    expect: expectations.prefault({}),
  });
}

/** A scenario file's content with defaults filled in. */
export type ScenarioDocument = z.output<ReturnType<typeof scenarioSchemaFor<MachineName>>>;

/** JSON Schema (draft 2020-12) of scenario files, for editors. */
export function scenarioJsonSchema(
  list: AgentList = agents,
  machines: readonly string[] = machineNames,
): Record<string, unknown> {
  return {
    title: 'brownout scenario',
    ...z.toJSONSchema(scenarioSchemaFor(list, machines), { io: 'input' }),
  };
}
