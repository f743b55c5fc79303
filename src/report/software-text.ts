import type { SoftwareChange, SoftwareDiff, SoftwareTable } from '../model/software.ts';
import { oneLine } from './text.ts';

/** What became of the packages of a system: a line for each that changed, and a line that counts. */
export function softwareText({ changes, unchanged }: SoftwareDiff): string {
  const names = namesOf(changes);
  const rows = changes.map((change, i) => [change.kind, names[i] ?? '', versions(change), rest(change)]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, `${counts(changes)}${unchanged} as before`].map((line) => `${line}\n`).join('');
}

/** Names as people read them: with the architecture where one name stands for several (`libc6:i386`). */
function namesOf(changes: readonly SoftwareChange[]): string[] {
  const architecture = ({ before, after }: SoftwareChange) => (after ?? before)?.architecture ?? '';
  const known = new Map<string, Set<string>>();
  for (const change of changes)
    known.set(change.name, (known.get(change.name) ?? new Set()).add(architecture(change)));
  return changes.map((change) => {
    const isOne = (known.get(change.name)?.size ?? 0) < 2;
    return oneLine(isOne ? change.name : `${change.name}:${architecture(change)}`);
  });
}

/** Changes that are shown one by one; the others are in run.json. */
const maxChanges = 10;

/** What one upgrade made of a device's packages, for a run's summary. */
export function softwareLines({ upgrade, diff, documents }: SoftwareTable): string[] {
  const rest = diff.changes.length - maxChanges;
  const shown = { changes: diff.changes.slice(0, maxChanges), unchanged: 0 };
  return [
    `packages: ${counts(diff.changes)}${diff.unchanged} as before (${oneLine(upgrade)}); ${documents.join(', ')}`,
    ...softwareText(shown)
      .split('\n')
      .slice(0, shown.changes.length)
      .map((line) => `  ${line}`),
    ...(rest > 0 ? [`  and ${rest} more in run.json`] : []),
  ];
}

function counts(changes: readonly SoftwareChange[]): string {
  const found = new Map<string, number>();
  for (const { kind } of changes) found.set(kind, (found.get(kind) ?? 0) + 1);
  return [...found].map(([kind, count]) => `${count} ${kind}, `).join('');
}

function versions({ before, after }: SoftwareChange): string {
  return arrow(before?.version, after?.version);
}

/** What differs besides the version; a package that is not wholly installed says so. */
function rest({ before, after, differs }: SoftwareChange): string {
  const of = (aspect: 'architecture' | 'licence' | 'state') =>
    `${aspect} ${arrow(before?.[aspect], after?.[aspect])}`;
  const parts = differs.flatMap((aspect) => {
    if (aspect === 'checksum') return differs.includes('version') ? [] : ['other checksum'];
    return aspect === 'version' ? [] : [of(aspect)];
  });
  if (before === undefined && after !== undefined && after.state !== 'installed') parts.push(of('state'));
  return parts.join('; ');
}

function arrow(before: string | undefined, after: string | undefined): string {
  const sides = [before, after].filter((side) => side !== undefined);
  return [...new Set(sides.map((side) => oneLine(side)))].join(' -> ');
}
