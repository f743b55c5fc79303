import type { ChalkInstance } from 'chalk';
import type { CutRecord } from '../model/record.ts';
import { durationText, oneLine } from './text.ts';

/** What a replay came to, for a terminal. */
export function replayText(
  {
    reason,
    folder,
    cut,
    images,
  }: { reason: string; folder: string; cut?: CutRecord; images: readonly string[] },
  { green, red, yellow, bold }: ChalkInstance,
): string {
  const lines = [
    ...images.map((path) => `wrote ${path}`),
    ...(reason === '' || cut !== undefined ? [] : [`found then: ${oneLine(reason, 1000)}`]),
  ];
  if (cut !== undefined) {
    for (const { name, verdict, problem, seconds } of cut.checks) {
      const mark =
        verdict === 'passed' ? green('ok') : verdict === 'failed' ? red('FAILED') : yellow(verdict);
      lines.push(
        `  ${mark} ${oneLine(name)}${problem === undefined ? '' : `: ${oneLine(problem.message, 600)}`} ${durationText(seconds)}`,
      );
    }
    lines.push(`came up: ${bold(oneLine(cut.outcome))}`, `console: ${folder}/${cut.console ?? ''}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}
