import parseExpression from 'spdx-expression-parse';
import { bounds } from './bounds.ts';
import { idString } from './id-string.ts';

/** A licence as SPDX says it. */
export interface Licence {
  /** A valid expression of SPDX 2.3, annex D; or `NONE`, which only an image's own document says. */
  expression: string;
  /** What is known of each `LicenseRef-...` in it. */
  texts: readonly LicenceText[];
}

/** A licence that the SPDX list does not have. */
export interface LicenceText {
  /** `LicenseRef-PD` */
  id: string;
  /** As the package calls it. */
  name: string;
  /** Its text, or that it is not known. */
  text: string;
}

/** Finds what a `LicenseRef-...` of another document means; undefined where the document does not say. */
export type ResolveReference = (id: string) => LicenceText | undefined;

/**
 * A licence statement as an SPDX expression: Yocto's (`GPL-2.0-only & (MIT | PD)`: its reference manual, LICENSE), rpm's
 * or SPDX's own. Names of the SPDX list and OpenEmbedded's other names for such licences become the list's; everything
 * else, `PD` and `CLOSED` among it, becomes a `LicenseRef-...` of which only the name is known. A statement that is no
 * expression becomes one such reference as a whole.
 */
export function licenceOf(statement: string, resolve: ResolveReference = () => undefined): Licence {
  const texts = new Map<string, LicenceText>();
  const reference = (name: string) => {
    const known = /LicenseRef-/.test(name) ? resolve(name) : undefined;
    const text = known ?? unknownText(name);
    texts.set(text.id, text);
    return text.id;
  };
  if (statement.length > bounds.licenceCharacters) return unknownLicence(statement);
  const words = statement.match(/[()&|]|[^\s()&|]+/g) ?? [];
  const operators = words.map((word) => operatorOf.get(word.toLowerCase()));
  const expression = words
    .map(
      (word, i) => operators[i] ?? (operators[i - 1] === 'WITH' ? word : (listed(word) ?? reference(word))),
    )
    .join(' ')
    .replaceAll('( ', '(')
    .replaceAll(' )', ')');
  if (isExpression(expression)) return { expression, texts: [...texts.values()] };
  return unknownLicence(statement.trim());
}

const operatorOf = new Map([
  ['(', '('],
  [')', ')'],
  ['&', 'AND'],
  ['and', 'AND'],
  ['|', 'OR'],
  ['or', 'OR'],
  ['with', 'WITH'],
]);

/** The id of the SPDX list that a name stands for. */
function listed(name: string): string | undefined {
  const id = otherNames.get(name) ?? gnuLicence(name) ?? name;
  return !id.includes('LicenseRef-') && isExpression(id) ? id : undefined;
}

function isExpression(text: string): boolean {
  try {
    parseExpression(text);
    return true;
  } catch {
    return false;
  }
}

function unknownLicence(name: string): Licence {
  const text = unknownText(name);
  return { expression: text.id, texts: [text] };
}

function unknownText(name: string): LicenceText {
  return {
    id: `LicenseRef-${idString(name.replace(/^LicenseRef-/, ''))}`,
    name,
    text: `The package's licence statement says ${JSON.stringify(name)}. Its text is not known here.`,
  };
}

/** `GPLv2+`, `LGPL-2.1` and the like: GNU's versions always mean one of two ids of the list. */
function gnuLicence(name: string): string | undefined {
  const [, family, version, later] = /^([AL]?GPL)-?v?(1|2|2\.1|3)(?:\.0)?(\+)?$/.exec(name) ?? [];
  if (family === undefined || version === undefined) return undefined;
  return `${family}-${version === '2.1' ? version : `${version}.0`}-${later === undefined ? 'only' : 'or-later'}`;
}

/** OpenEmbedded's other names for licences of the SPDX list (openembedded-core, meta/conf/licenses.conf, SPDXLICENSEMAP). */
const otherNames = new Map([
  ['AFL-1', 'AFL-1.2'],
  ['AFLv1', 'AFL-1.2'],
  ['AFL-2', 'AFL-2.0'],
  ['AFLv2', 'AFL-2.0'],
  ['Apache-2', 'Apache-2.0'],
  ['Apachev2', 'Apache-2.0'],
  ['Artistic-1', 'Artistic-1.0'],
  ['Artisticv1', 'Artistic-1.0'],
  ['CDDL-1', 'CDDL-1.0'],
  ['CDDLv1', 'CDDL-1.0'],
  ['EPLv1.0', 'EPL-1.0'],
  ['MIT-X', 'MIT'],
  ['MIT-style', 'MIT'],
  ['MPL-1', 'MPL-1.0'],
  ['MPLv1', 'MPL-1.0'],
  ['MPLv1.1', 'MPL-1.1'],
  ['MPLv2', 'MPL-2.0'],
  ['openssl', 'OpenSSL'],
  ['PSF', 'Python-2.0'],
  ['PSFv2', 'Python-2.0'],
  ['Python-2', 'Python-2.0'],
]);
