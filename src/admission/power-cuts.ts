import { type CrashRecord, type RunRecord, worst } from '../model/record.ts';
import { undecidedText } from '../report/text.ts';
import type { Criterion, CriterionVerdict, JudgedRun } from './admission.ts';

/** What power cuts during the upgrades showed. Nobody's word but the crash record's counts. */
export function powerCutCriterion({ machine, ran, powerCuts, scenarioFile }: JudgedRun): Criterion {
  const record = ran?.record;
  const verdict = verdictOf(powerCuts, record);
  const findings = (record?.findings ?? []).filter(({ cut }) => cut !== '');
  const again = `brownout run ${scenarioFile} --machine ${machine} --power-cuts ${powerCuts === 'none' ? 'all' : powerCuts} --seed ${record?.seed ?? '1'}`;
  const replays = findings.flatMap(({ file, token }) => {
    const what = file === undefined || ran === undefined ? token : `${ran.folder}/${file}`;
    return what === '' ? [] : [`brownout replay ${what}`];
  });
  return {
    id: 'power-cuts',
    machine,
    verdict,
    summary: summaryOf(powerCuts, record),
    evidence: [],
    findings,
    reproduce: [again, ...replays],
  };
}

function verdictOf(powerCuts: string, record: RunRecord | undefined): CriterionVerdict {
  if (powerCuts === 'none') return 'not run';
  const crash = record?.crash;
  if (record === undefined || crash === undefined) return 'unknown';
  if (crash.mismatches > 0) return 'error';
  const verdicts = crash.cuts.map((cut) => cut.verdict);
  if (verdicts.includes('error')) return 'error';
  const worstCut = worst(verdicts);
  if (worstCut === 'failed') return 'failed';
  const whole =
    crash.undecided === 0 &&
    crash.skipped === 0 &&
    crash.boots > 0 &&
    crash.claim !== 'unaudited' &&
    crash.stages.every(({ ended }) => ended !== 'budget') &&
    crash.audits?.ended !== 'budget';
  return whole && record.problem === undefined ? worstCut : 'unknown';
}

function summaryOf(powerCuts: string, record: RunRecord | undefined): string {
  if (powerCuts === 'none') return 'power was not cut';
  const crash = record?.crash;
  if (record === undefined || crash === undefined)
    return record?.problem === undefined
      ? 'nothing was cut: no upgrade passed without a cut'
      : `nothing was cut: ${record.problem.message}`;
  return countsText(crash, record.seed);
}

function countsText(crash: CrashRecord, seed: string): string {
  const sum = (counts: CrashRecord['states']) => counts.prefix + counts.lost + counts.torn + counts.subset;
  const failed = crash.cuts.filter(({ verdict }) => verdict === 'failed').length;
  const parts = [
    `${sum(crash.decided)} of ${sum(crash.states)} crash states decided by ${crash.boots} boots (${crash.claim}; seed ${seed})`,
    `${crash.recording.writes} writes and ${crash.recording.flushes} flushes recorded`,
    ...(failed > 0 ? [`${failed} of the boots FAILED`] : []),
    ...(crash.skipped > 0
      ? [`${crash.skipped} states not tried, because their epoch had failed already`]
      : []),
    ...(crash.undecided > 0 ? [`${crash.undecided} states UNKNOWN: ${undecidedText(crash)}`] : []),
    ...(crash.audited > 0 ? [`${crash.audited} states audited, ${crash.mismatches} mismatches`] : []),
  ];
  return parts.join('; ');
}
