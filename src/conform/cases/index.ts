import { ScenarioError } from '../../core/errors.ts';
import { didYouMean } from '../../document/suggest.ts';
import type { CaseGroup, ConformanceCase } from '../conformance-case.ts';
import { boot } from './boot.ts';
import { confirm } from './confirm.ts';
import { data } from './data.ts';
import { install } from './install.ts';
import { power } from './power.ts';
import { storage } from './storage.ts';
import { transport } from './transport.ts';
import { verification } from './verification.ts';

/** The suite, in the order in which it is told. */
const caseGroups: readonly CaseGroup[] = [
  ...[install, verification, storage, boot, confirm, transport, data],
  power,
];

/** A case and the group that it is of. */
export type GroupedCase = ConformanceCase & { group: string };

/** Which cases are asked for; nothing named: all. */
export interface CaseChoice {
  ids: readonly string[];
  groups: readonly string[];
}

/** The cases that are asked for. Throws ScenarioError `no-such-case`. */
export function chosenCases({ ids, groups }: CaseChoice): GroupedCase[] {
  const all = caseGroups.flatMap(({ name, cases }) => cases.map((one) => ({ ...one, group: name })));
  assertKnown(
    'case',
    ids,
    all.map(({ id }) => id),
  );
  assertKnown(
    'group',
    groups,
    caseGroups.map(({ name }) => name),
  );
  if (ids.length === 0 && groups.length === 0) return all;
  return all.filter(({ id, group }) => ids.includes(id) || groups.includes(group));
}

function assertKnown(what: string, asked: readonly string[], known: readonly string[]): void {
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new ScenarioError(
    'no-such-case',
    `the suite has no ${what} ${unknown}${didYouMean(unknown, known)}`,
    {
      hint: `there are ${known.join(', ')}`,
    },
  );
}
