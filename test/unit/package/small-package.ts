import fc from 'fast-check';
import type { NewTarEntry } from '../../../src/package/archive/tar.ts';
import { field, type Stanza } from '../../../src/package/control/stanza.ts';
import { type NewPackage, writePackage } from '../../../src/package/control/write-package.ts';

/** A control file's fields, in the order given. */
function stanza(fields: Readonly<Record<string, string>>): Stanza {
  return Object.entries(fields).map(([name, value]) => {
    const [first = '', ...more] = value.split('\n');
    return { ...field(name, first), lines: [first, ...more] };
  });
}

/** A package of a few files, with as many fields as are given besides the three that must be. */
export function smallPackage(
  name: string,
  version: string,
  fields: Readonly<Record<string, string>> = {},
): NewPackage {
  return {
    control: stanza({ Package: name, Version: version, Architecture: 'all', ...fields }),
    conffiles: [`/etc/${name}.conf`],
    scripts: { postinst: '#!/bin/sh\nexit 0\n' },
    files: [
      { path: '/', type: 'directory', mode: 0o755 },
      { path: '/etc', type: 'directory', mode: 0o755 },
      { path: `/etc/${name}.conf`, type: 'file', mode: 0o640, content: Buffer.from(`release=${version}\n`) },
      { path: '/usr/bin/alias', type: 'symlink', target: `../lib/${name}` },
    ],
  };
}

/** The bytes of `smallPackage`. */
export function smallPackageFile(...given: Parameters<typeof smallPackage>): Promise<Buffer> {
  return writePackage(smallPackage(...given));
}

const word = fc.stringMatching(/^[a-z][a-z0-9.+-]{0,30}$/);
const line = fc.stringMatching(/^[!-"$-~]([ -~]{0,60}[!-~])?$/);
const mode = fc.integer({ min: 0, max: 0o7777 });
const content = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes));
const path = fc
  .array(fc.stringMatching(/^[\wäß +-]{1,40}$/u), { minLength: 1, maxLength: 5 })
  .map((parts) => `/${parts.join('/')}`);

const entry: fc.Arbitrary<NewTarEntry> = fc.oneof(
  fc.record({ path, type: fc.constant('file'), mode, content }),
  fc.record({ path, type: fc.constant('directory'), mode }),
  fc.record({ path, type: fc.constant('symlink'), target: path }),
);

/** Any package that can be written. */
export const anyPackage: fc.Arbitrary<NewPackage> = fc.record({
  control: fc
    .tuple(word, word, word, fc.dictionary(fc.stringMatching(/^X-[A-Za-z]{1,10}$/), fc.array(line)))
    .map(([name, version, architecture, more]) => {
      const names = new Map(Object.entries(more).map(([key, value]) => [key.toLowerCase(), [key, value]]));
      const extra = [...names.values()].map(([key, value]) => [key, (value as string[]).join('\n')]);
      const fixed = { Package: name, Version: version, Architecture: architecture };
      return stanza({ ...fixed, ...(Object.fromEntries(extra) as Record<string, string>) });
    }),
  // dpkg takes blanks away at the end of a line.
  conffiles: fc.array(
    path.filter((one) => !one.endsWith(' ')),
    { maxLength: 3 },
  ),
  scripts: fc.dictionary(fc.constantFrom('preinst', 'postinst', 'prerm', 'postrm'), fc.string()),
  files: fc.array(entry, { maxLength: 6 }),
});
