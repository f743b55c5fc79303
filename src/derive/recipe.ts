import { z } from 'zod';
import { fileMode, filePath, packageName } from '../document/forms.ts';
import { type PackageFormat, packageFormats, scriptNames } from '../package/package-format.ts';

const content = z.string().max(1 << 20);
/** Scripts and fields end where a zero byte is. */
const script = content.regex(/^[^\0]*$/, { error: 'text without a zero byte' });

const version = z
  .string({ error: 'text: a version' })
  .regex(/^(\d{1,9}:)?[0-9A-Za-z][\w.+~^-]*$/, { error: 'a version: 1.35.0-r1, 1:2.0-r0' });

const path = filePath('in the package');

const removed = z.literal('removed');

const fileKinds = ['append', 'content', 'replace', 'link'] as const;

/** One object with optional keys rather than alternatives, so that a misspelt key is named as such. */
const fileContent = z
  .strictObject({
    append: content.optional().describe('Added to the end'),
    content: content.optional().describe('The whole content; a file that is not there is added'),
    replace: content.min(1).optional().describe('Text of the file that becomes that of `with`'),
    with: content.optional(),
    link: z
      .string()
      .min(1)
      .max(4096)
      .regex(/^[^\0]*$/)
      .optional()
      .describe('Target of a symbolic link'),
    mode: fileMode.optional(),
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
  .regex(/^[^\n\0]*$/, { error: 'one line of shell' });
const scriptKinds = ['break', 'repair', 'append', 'content'] as const;

const scriptContent = z
  .strictObject({
    break: line.optional().describe('A line put first, after #!'),
    repair: line.optional().describe('A line taken away again'),
    append: script.optional(),
    content: script.optional(),
  })
  .refine(
    (script) => Object.keys(script).length === 1,
    `a script needs exactly one of ${scriptKinds.join(', ')}`,
  );

const anyScript = z.enum([...new Set(Object.values(scriptNames).flat())]);
const scripts = z.partialRecord(anyScript, z.union([removed, scriptContent])).default({});

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
  .regex(/^[^\r\n\0]*$/, { error: 'text of one line' });
const fieldChange = z.union([removed, fieldText, z.strictObject({ append: fieldText })]);
const fields = z.record(fieldName, fieldChange).default({});

const newPackage = z.strictObject({
  version,
  architecture: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, { error: 'an architecture: all, cortexa53' }),
  files: z.record(path, z.union([removed, fileContent])).default({}),
  conffiles: z.array(path).default([]),
  noreplace: z.array(path).default([]),
  scripts: z.partialRecord(anyScript, script).default({}),
  fields: z.record(fieldName, fieldText).default({}),
});

const change = z
  .strictObject({
    version: version.optional(),
    notNewer: z.literal(true).optional(),
    files,
    conffiles: z
      .strictObject({
        add: z.array(path).default([]),
        noreplace: z.array(path).default([]),
        remove: z.array(path).default([]),
      })
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
    const parts = [files, scripts, fields, split, Object.values(conffiles).flat()];
    const isMore = [version, notNewer, rename].some((value) => value !== undefined);
    if (isMore || parts.some((part) => Object.keys(part).length > 0))
      context.addIssue({ code: 'custom', message: 'a package that is added has all its keys below add' });
  });

/** A recipe: what the next release of a package feed has other than this one. */
export const recipeSchema = z
  .strictObject({
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
  })
  .superRefine(({ from, packages }, context) => {
    for (const [name, change] of Object.entries(packages))
      if (change !== 'removed')
        for (const { path, message } of strangers(from, change))
          context.addIssue({ code: 'custom', path: ['packages', name, ...path], message });
  });

/** What Debian and OE call the scriptlets of an rpm. */
const rpmNames: Readonly<Record<string, string>> = {
  preinst: 'pre',
  postinst: 'post',
  prerm: 'preun',
  postrm: 'postun',
};
const versions: Record<PackageFormat, { regex: RegExp; like: string }> = {
  ipk: { regex: /^[^_^]*$/, like: '1.35.0-r1' },
  deb: { regex: /^[^_^]*$/, like: '1:2.0-1' },
  rpm: { regex: /^[^-]+-[^-]+$/, like: '1.35.0-r1, with its release' },
};

/** What of a change no package of this format has. */
function strangers(from: PackageFormat, change: PackageChange): { path: string[]; message: string }[] {
  const { add } = change;
  const found: { path: string[]; message: string }[] = [];
  const checkScripts = (scripts: object, at: string[]) => {
    for (const name of Object.keys(scripts)) {
      if (scriptNames[from].some((one) => one === name)) continue;
      const other =
        from === 'rpm' ? rpmNames[name] : Object.keys(rpmNames).find((key) => rpmNames[key] === name);
      const meant =
        other === undefined ? `; expected one of ${scriptNames[from].join(', ')}` : `: it is called ${other}`;
      found.push({ path: [...at, 'scripts', name], message: `no ${from} has a script ${name}${meant}` });
    }
  };
  const checkVersion = (version: string | undefined, at: string[]) => {
    if (version !== undefined && !versions[from].regex.test(version))
      found.push({
        path: [...at, 'version'],
        message: `no ${from} has such a version; expected one like ${versions[from].like}`,
      });
  };
  checkScripts(change.scripts, []);
  checkScripts(add?.scripts ?? {}, ['add']);
  checkVersion(change.version, []);
  checkVersion(add?.version, ['add']);
  if (from !== 'rpm') {
    const message = 'only an rpm says which of its files an upgrade must not replace';
    if (change.conffiles.noreplace.length > 0) found.push({ path: ['conffiles', 'noreplace'], message });
    if ((add?.noreplace ?? []).length > 0) found.push({ path: ['add', 'noreplace'], message });
  }
  return found;
}

/** JSON Schema of a recipe, for editors. */
export function recipeJsonSchema(): Record<string, unknown> {
  return { title: 'brownout recipe', ...z.toJSONSchema(recipeSchema, { io: 'input' }) };
}

export type Recipe = z.output<typeof recipeSchema>;
export type PackageChange = z.output<typeof change>;
export type NewPackageRecipe = z.output<typeof newPackage>;
/** What becomes of a field: gone, this text, or more of it. */
export type FieldChange = z.output<typeof fieldChange>;
export type FileChange = z.output<typeof fileContent> | 'removed';
export type ScriptChange = z.output<typeof scriptContent> | 'removed';

/** Says what is wrong with the change of a package: at a value below it, or at a key of the mapping there. */
export type Complain = (path: readonly PropertyKey[], key: string | undefined, message: string) => void;
