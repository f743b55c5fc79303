import type { RpmRelation } from '../package/rpm/labels.ts';
import { sense } from '../package/rpm/tags.ts';

const operators: Readonly<Record<string, number>> = {
  '<': sense.less,
  '>': sense.greater,
  '=': sense.equal,
  '<=': sense.less | sense.equal,
  '>=': sense.greater | sense.equal,
};

/** Relations as a spec file writes them, with commas between: `a, b >= 1.0, (c or d)`; or what is wrong with one. */
export function parseRelations(text: string): { relations: RpmRelation[] } | { problem: string } {
  const relations: RpmRelation[] = [];
  for (const part of text.split(',').map((one) => one.trim())) {
    const [, name, operator, version] =
      /^(\([^()].*\)|[^\s()<>=][^\s<>=]*)(?:\s+([<>]=?|=)\s+([^\s<>=]+))?$/.exec(part) ?? [];
    if (name === undefined)
      return {
        problem: `${JSON.stringify(part)} is no relation of an rpm; write "name" or "name >= 1.0-r0"`,
      };
    relations.push({ name, flags: operators[operator ?? ''] ?? 0, version: version ?? '' });
  }
  return { relations };
}
