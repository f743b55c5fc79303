import fc from 'fast-check';
import parse from 'spdx-expression-parse';
import { describe, expect, it } from 'vitest';
import { licenceOf } from '../../../src/sbom/licence.ts';
import { anyCharacter } from '../../support/any-character.ts';

describe('a licence statement', () => {
  it.each([
    ['MIT', 'MIT'],
    ['GPL-2.0-only & LGPL-2.1-only', 'GPL-2.0-only AND LGPL-2.1-only'],
    ['AFL-2.1 | GPL-2.0-or-later', 'AFL-2.1 OR GPL-2.0-or-later'],
    [
      '(GPL-2.0-or-later|LGPL-3.0-only)&Unicode-DFS-2016',
      '(GPL-2.0-or-later OR LGPL-3.0-only) AND Unicode-DFS-2016',
    ],
    ['GPLv2+ & LGPLv2.1', 'GPL-2.0-or-later AND LGPL-2.1-only'],
    ['GPL-2.0 | AGPLv3+', 'GPL-2.0-only OR AGPL-3.0-or-later'],
    ['Apachev2 & openssl & MPLv2', 'Apache-2.0 AND OpenSSL AND MPL-2.0'],
    ['GPLv2+ and MIT', 'GPL-2.0-or-later AND MIT'],
    [
      'GPL-2.0-only WITH Linux-syscall-note AND Apache-2.0+',
      'GPL-2.0-only WITH Linux-syscall-note AND Apache-2.0+',
    ],
  ])('%s is %s', (statement, expression) => {
    expect(licenceOf(statement)).toEqual({ expression, texts: [] });
  });

  it.each([
    ['PD', 'LicenseRef-PD', ['PD']],
    ['CLOSED', 'LicenseRef-CLOSED', ['CLOSED']],
    ['GPL-2.0-only & bzip2-1.0.4', 'GPL-2.0-only AND LicenseRef-bzip2-1.0.4', ['bzip2-1.0.4']],
    ['MIT & BSD & BSD', 'MIT AND LicenseRef-BSD AND LicenseRef-BSD', ['BSD']],
    ['GPL', 'LicenseRef-GPL', ['GPL']],
    ['Vendor_EULA', 'LicenseRef-Vendor-EULA-6df92e32', ['Vendor_EULA']],
    ['NONE', 'LicenseRef-NONE', ['NONE']],
    ['LicenseRef-Our-EULA', 'LicenseRef-Our-EULA', ['LicenseRef-Our-EULA']],
  ])('%s is %s, and says so', (statement, expression, names) => {
    const { expression: found, texts } = licenceOf(statement);
    expect(found).toBe(expression);
    expect(texts.map(({ name }) => name)).toEqual(names);
    expect(texts.every(({ text }) => text.includes('is not known'))).toBe(true);
  });

  it.each(['MIT &', 'MIT Apache-2.0', '((MIT)', 'GPL-2.0-only WITH Nothing', ''])(
    'that is no expression is a reference as a whole: %j',
    (statement) => {
      const { expression, texts } = licenceOf(statement);
      expect(expression).toMatch(/^LicenseRef-/);
      expect(texts).toEqual([expect.objectContaining({ id: expression, name: statement })]);
    },
  );

  it('keeps two names apart that SPDX ids cannot', () => {
    const [a, b] = ['A_B', 'A+B'].map((name) => licenceOf(name).expression);
    expect(a).not.toBe(b);
  });

  it('is a valid expression whatever it says, with each reference in it explained', () => {
    const words = fc.constantFrom(
      'MIT',
      'GPLv2+',
      'PD',
      '&',
      '|',
      '(',
      ')',
      'WITH',
      'AND',
      ' ',
      'LicenseRef-x_y',
    );
    const statements = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.array(words).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(statements, (statement) => {
        const { expression, texts } = licenceOf(statement);
        expect(() => parse(expression)).not.toThrow();
        const used = new Set(expression.match(/LicenseRef-[A-Za-z0-9.-]+/g));
        expect(new Set(texts.map(({ id }) => id))).toEqual(used);
      }),
    );
  });
});
