import { z } from 'zod';
import { packageFormats, scriptNames } from '../package/package-file.ts';

const content = z.string().max(1 << 20);

const packageName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9+._-]{0,127}$/, { error: 'the name of a package' });

const version = z
  .string({ error: 'text: a version' })
  .regex(/^(\d+:)?[0-9A-Za-z][0-9A-Za-z.+~-]*$/, { error: 'a version: 1.35.0-r1, 1:2.0-r0' });

const path = z
  .string()
  .regex(/^(?!.*\/\.{1,2}(?:\/|$))(?:\/[^/\u0000-\u001f\u007f]+)+$/, {
    error: 'an absolute path in the package, without . or .. and without control characters',
  })
  .max(4096);

const mode = z
  .string({ error: 'text: an octal file mode in quotes: "0640"' })
  .regex(/^0?[0-7]{3,4}$/, { error: 'an octal file mode in quotes: "0640"' })
  .transform((value) => Number.parseInt(value, 8));

const removed = z.literal('removed');

const fileKinds = ['append', 'content', 'replace', 'link'] as const;

/** One object with optional keys rather than alternatives, so that a misspelt key is named as such. */
const fileContent = z
  .strictObject({
    append: content.optional().describe('Added to the end'),
    content: content.optional().describe('The whole content; a file that is not there is added'),
    replace: content.min(1).optional().describe('Text of the file that becomes that of `with`'),
    with: content.optional(),
    link: z.string().min(1).max(4096).optional().describe('Target of a symbolic link'),
    mode: mode.optional(),
  })
  .superRefine((file, context) => {
    const kinds = fileKinds.filter((kind) => file[kind] !== undefined);
    const complain = (message: string) => context.addIssue({ code: 'custom', message });
    if (kinds.length > 1 || (kinds.length === 0 && file.mode === undefined))
      complain(`a file needs one of ${fileKinds.join(', ')}, or a mode alone`);
    else if ((file.replace === undefined) !== (file.with === undefined))
      complain('replace and with go together');
    else if (file.link !== undefined && file.mode !== undefined) complain('a link has no mode');
  });

const files = z.record(path, z.union([removed, fileContent])).default({});

const line = z
  .string()
  .min(1)
  .regex(/^[^\n]*$/, { error: 'one line of shell' });
const scriptKinds = ['break', 'repair', 'append', 'content'] as const;

const scriptContent = z
  .strictObject({
    break: line.optional().describe('A line put first, after #!'),
    repair: line.optional().describe('A line taken away again'),
    append: content.optional(),
    content: content.optional(),
  })
  .refine(
    (script) => Object.keys(script).length === 1,
    `a script needs exactly one of ${scriptKinds.join(', ')}`,
  );

const scripts = z.partialRecord(z.enum(scriptNames), z.union([removed, scriptContent])).default({});

const fieldName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]*$/, { error: 'the name of a control field' })
  .refine(
    (name) => !['package', 'version', 'architecture'].includes(name.toLowerCase()),
    'another field: rename, version and add have keys of their own',
  );
const fieldText = z
  .string()
  .min(1)
  .max(10_000)
  .regex(/^[^\r\n]*$/, { error: 'text of one line' });
const fields = z
  .record(fieldName, z.union([removed, fieldText, z.strictObject({ append: fieldText })]))
  .default({});

const newPackage = z.strictObject({
  version,
  architecture: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, { error: 'an architecture: all, cortexa53' }),
  files: z.record(path, z.union([removed, fileContent])).default({}),
  conffiles: z.array(path).default([]),
  scripts: z.partialRecord(z.enum(scriptNames), content).default({}),
  fields: z.record(fieldName, fieldText).default({}),
});

const change = z
  .strictObject({
    version: version.optional(),
    notNewer: z.literal(true).optional(),
    files,
    conffiles: z
      .strictObject({ add: z.array(path).default([]), remove: z.array(path).default([]) })
      .prefault({}),
    scripts,
    fields,
    rename: packageName.optional(),
    split: z.record(packageName, z.array(z.string().min(2)).min(1)).default({}),
    add: newPackage.optional(),
  })
  .superRefine((given, context) => {
    if (given.add === undefined) return;
    const { version, notNewer, rename, files, scripts, fields, split, conffiles } = given;
    const parts = [files, scripts, fields, split, conffiles.add, conffiles.remove];
    const isMore = [version, notNewer, rename].some((value) => value !== undefined);
    if (isMore || parts.some((part) => Object.keys(part).length > 0))
      context.addIssue({ code: 'custom', message: 'a package that is added has all its keys below add' });
  });

/** A recipe: what the next release of a package feed has other than this one. */
export const recipeSchema = z.strictObject({
  from: z.enum(packageFormats),
  revision: z
    .strictObject({
      all: z.string().regex(/^[.+][A-Za-z0-9.+]+$/, {
        error: 'what makes a version newer at its end: ".1" or "+r1"',
      }),
      except: z.array(packageName).default([]),
    })
    .optional(),
  packages: z.record(packageName, z.union([removed, change])).default({}),
});

export type Recipe = z.output<typeof recipeSchema>;
export type PackageChange = z.output<typeof change>;
export type NewPackageRecipe = z.output<typeof newPackage>;
export type FileChange = z.output<typeof fileContent> | 'removed';
export type ScriptChange = z.output<typeof scriptContent> | 'removed';

/** Says what is wrong with the change of a package: at a value below it, or at a key of the mapping there. */
export type Complain = (path: readonly PropertyKey[], key: string | undefined, message: string) => void;
