import type { CrashRecord, StageName, Verdict } from '../../model/record.ts';
import { type Html, html } from './html.ts';

/** `1,258,380` */
export function numberText(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 state`, `12 states` */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}

/** What each question is called. */
export const questionNames: Record<StageName, string> = {
  whole: 'comes back whole',
  retry: 'upgrade done again',
  'second-cut': 'second cut while coming back',
  'third-cut': 'third cut in a row',
  'fourth-cut': 'fourth cut in a row',
  'reset-storm': 'reset storm',
};

/** What each claim says, in a sentence. */
export const claimTexts: Record<CrashRecord['claim'], string> = {
  exhaustive: 'every state of the kinds asked for was decided, and audits agreed',
  part: 'every state of one part was decided; other workers have the rest',
  unaudited: 'every state was decided, but not audited as often as was asked for',
  sampled: 'some of the states were drawn and booted',
  heuristic: 'QEMU was only killed, or boots did not agree: this proves little',
};

/** A verdict with its shape, so that nothing hangs on its colour. */
export function verdictMark(verdict: Verdict, text: string = verdict): Html {
  return html`<span class="mark ${verdict}">${text}</span>`;
}

/** Totals of a record's states. */
export function totalOf(counts: CrashRecord['states']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** A verdict in large letters. */
export const headWords: Record<Verdict, string> = {
  passed: 'Passed.',
  known: 'Known.',
  failed: 'Failed.',
  error: 'No verdict.',
  unknown: 'Not decided.',
};
