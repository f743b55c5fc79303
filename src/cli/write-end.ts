import type { RunRecord } from '../model/record.ts';
import { coloursFor, type View } from '../report/colour.ts';
import { type LastScreenOptions, lastScreen } from '../report/last-screen.ts';
import { nextCommand } from '../report/next-command.ts';
import { summaryText } from '../report/summary.ts';
import type { Streams } from './streams.ts';
import { asTyped } from './typed-command.ts';

/** The end of runs: one screen where somebody has watched or wants nothing more; in a log everything, and the next command. */
export function writeEnd(
  records: readonly RunRecord[],
  options: LastScreenOptions,
  view: View,
  { stdout, environment }: Streams,
): void {
  const colour = coloursFor(stdout, environment);
  if (view !== 'plain') {
    stdout.write(asTyped(lastScreen(records, { ...options, colour }), environment));
    return;
  }
  const { folderOf, page } = options;
  const all = page === undefined ? '' : `\nall runs: ${page}\n`;
  const worst = records.find(({ verdict }) => verdict !== 'passed') ?? records[0];
  const next = worst === undefined ? '' : `next: ${nextCommand(worst, folderOf(worst))}\n`;
  stdout.write(asTyped(`\n${summaryText(records, { colour, folderOf })}${all}${next}`, environment));
}
