import type { ConfigurationTable, FileFate } from '../model/configuration.ts';
import { momentText } from '../model/steps.ts';
import { oneLine } from './text.ts';

/** Files of one table that are shown one by one; the others are in run.json. */
const maxFiles = 10;

/** What became of the owner's files in one line: `4 preserved, 1 lost; 1 spurious copy`. */
export function countsText({ files }: ConfigurationTable): string {
  const counts = new Map<string, number>();
  for (const { fate } of files) counts.set(fate, (counts.get(fate) ?? 0) + 1);
  const spurious = files.flatMap(({ copies }) => copies.filter((copy) => copy.spurious)).length;
  const fates = [...counts].map(([fate, count]) => `${count} ${fate}`).join(', ');
  return spurious === 0 ? fates : `${fates}; ${spurious} spurious cop${spurious === 1 ? 'y' : 'ies'}`;
}

/** The files that are not simply as they should be, one a line. */
export function remarkableLines({ files }: ConfigurationTable): string[] {
  const remarkable = files.filter(
    ({ fate, note }) => (fate !== 'preserved' && fate !== 'default') || note !== undefined,
  );
  const rest = remarkable.length - maxFiles;
  return [
    ...remarkable.slice(0, maxFiles).map(fileText),
    ...(rest > 0 ? [`and ${rest} more in run.json`] : []),
  ];
}

function fileText({ path, fate, kinds, note, copy, case: what }: FileFate): string {
  const became =
    kinds === undefined || kinds.owner === kinds.now
      ? ''
      : `, ${oneLine(kinds.owner)} before, ${oneLine(kinds.now)} now`;
  const but = note === undefined ? '' : `; ${oneLine(note)}`;
  const where = copy === undefined ? '' : `, what the owner had is in ${oneLine(copy)}`;
  return `${oneLine(path)}: ${fate}${became}${where} (${what})${but}`;
}

/** The contents of the lost files by their digests, one file a line. */
export function lostLines({ files }: ConfigurationTable): string[] {
  return files
    .filter(({ fate }) => fate === 'lost')
    .map(({ path, case: what, digests: { owner, shippedBefore, shippedNow, now } }) => {
      const shipped =
        shippedBefore === undefined && shippedNow === undefined
          ? ''
          : `; shipped ${shippedBefore ?? '?'}, then ${shippedNow ?? '?'}`;
      return `lost: ${path} (${what}): SHA-256 ${owner}, now ${now}${shipped}`;
    });
}

/** The tables of a path, those that read alike in one: `owner's files: 5 preserved (1.0->1.1, rollback)`. */
export function tableLines(tables: readonly ConfigurationTable[]): string[] {
  const alike = new Map<string, { table: ConfigurationTable; steps: string[] }>();
  for (const table of tables) {
    const text = [countsText(table), ...remarkableLines(table)].join('\n');
    const group = alike.get(text) ?? { table, steps: [] };
    group.steps.push(oneLine(momentText(table.id)));
    alike.set(text, group);
  }
  return [...alike.values()].flatMap(({ table, steps }) => [
    `owner's files: ${countsText(table)} (${steps.join(', ')})`,
    ...remarkableLines(table).map((line) => `  ${line}`),
  ]);
}
