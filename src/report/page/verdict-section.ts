import {
  type CrashRecord,
  type RunRecord,
  type StageRecord,
  type Verdict,
  worst,
} from '../../model/record.ts';
import { shardText } from '../../model/shard.ts';
import { entryText } from '../known-text.ts';
import { durationText, recordingsText, reusedText, undecidedText, whyOpen } from '../text.ts';
import { type Html, html } from './html.ts';
import { verdictFrame } from './verdict-frame.ts';
import {
  claimTexts,
  countText,
  headWords,
  numberText,
  questionNames,
  totalOf,
  verdictMark,
} from './words.ts';

/** May it ship? With what was not shown right beside it. */
export function verdictSection(record: RunRecord): Html {
  const { crash } = record;
  return verdictFrame({
    verdict: record.verdict,
    head: html`<p class="eyebrow">${record.scenario} <span class="on">on ${record.machine}</span></p>
<h1 id="verdict-title"><span class="mark ${record.verdict}">${headWords[record.verdict]}</span> ${headline(record)}</h1>
${record.problem === undefined ? '' : problemText(record.problem)}`,
    open: notShown(record),
    facts: html`${crash === undefined ? '' : crashFacts(crash)}
<div><dt>Checked</dt><dd>${checksText(record)}</dd></div>
${goneFacts(record)}
<div><dt>Took</dt><dd>${durationText(record.seconds)}${crash === undefined ? '' : `, ${bootsText(crash)}`}; QEMU ${record.host.qemu} (${record.host.accelerator}), ${countText(record.host.cores, 'core')}</dd></div>`,
  });
}

function bootsText(crash: CrashRecord): string {
  const reused = reusedText(crash);
  return `${countText(crash.boots, 'boot')} after cuts${reused === undefined ? '' : `; ${reused}`}`;
}

/** What is on the list of known findings and can be taken off it. */
function goneFacts({ known = [] }: RunRecord): Html {
  const gone = known.filter(({ status }) => status === 'gone');
  if (gone.length === 0) return html``;
  return html`<div><dt>Known findings</dt><dd><ul class="plain">${gone.map((entry) => html`<li>${verdictMark('passed', entryText(entry))}</li>`)}</ul></dd></div>`;
}

/** What a run came to, in a sentence. */
export function headline({ verdict, crash, findings, problem, paths, shard }: RunRecord): string {
  const steps = paths.reduce((sum, path) => sum + path.steps.length, 0);
  switch (verdict) {
    case 'passed':
      if (crash === undefined) return `All ${countText(steps, 'step')} without a cut hold what was promised.`;
      if (shard !== undefined)
        return `The device comes back whole from all ${countText(totalOf(crash.decided), 'crash state')} of ${shardText(shard)}; the other parts are not judged here.`;
      return crash.claim === 'exhaustive' || crash.claim === 'unaudited'
        ? `The device comes back whole from all ${countText(totalOf(crash.decided), 'crash state')}.`
        : `The device came back whole from each of ${countText(crash.boots, 'power cut')}.`;
    case 'known':
      return `${brokenText(crash, 'known', findings)}, as is known; nothing else does.`;
    case 'failed': {
      const known = findings.filter((finding) => finding.known?.status === 'known').length;
      const besides = known === 0 ? '' : ` ${countText(known, 'finding')} besides, as is known.`;
      return `${brokenText(crash, 'failed', findings)}.${besides}`;
    }
    case 'unknown':
      if (crash !== undefined && crash.undecided === 0 && findings.length > 0)
        return 'Known findings keep the rest from being decided.';
      return crash === undefined
        ? 'Nothing was decided.'
        : `${countText(crash.undecided, 'crash state')} of ${numberText(totalOf(crash.states))} left open: ${undecidedText(crash)}.`;
    case 'error':
      return problem?.kind === 'scenario'
        ? 'The scenario or the image description is wrong, so the device was not judged.'
        : 'The run ended before its time, so the device was not judged.';
  }
}

/** How much does not hold, of what is known or of what is not. */
function brokenText(
  crash: CrashRecord | undefined,
  verdict: 'failed' | 'known',
  findings: RunRecord['findings'],
): string {
  const states = failedStates(crash, verdict);
  if (crash !== undefined && states > 0)
    return `${countText(states, 'crash state')} of ${numberText(Math.max(totalOf(crash.states), crash.boots))} break what was promised`;
  const own = findings.filter(({ known }) => (known?.status === 'known') === (verdict === 'known'));
  return `${countText(own.length, 'promise')} broken without a cut`;
}

/** States that are decided not to come back whole; of states that were drawn, and where the live cut alone failed, the boots. */
function failedStates(crash: CrashRecord | undefined, wanted: 'failed' | 'known'): number {
  const failed = new Set(
    (crash?.cuts ?? [])
      .filter(({ verdict, stage = 'whole' }) => verdict === wanted && stage === 'whole')
      .map(({ id }) => id),
  );
  const decided = (crash?.groups ?? [])
    .filter(({ stage }) => stage === 'whole')
    .flatMap(({ by }) => by)
    .reduce((sum, { cut, states }) => sum + (failed.has(cut) ? states : 0), 0);
  return decided === 0 ? failed.size : decided;
}

function problemText({ message, code, hint, log }: NonNullable<RunRecord['problem']>): Html {
  return html`<p class="problem"><strong>Ended early:</strong> ${message} <code>${code}</code>${log === undefined ? '' : html` · log: <code>${log}</code>`}${hint === undefined ? '' : html`<br>${hint}`}</p>`;
}

function crashFacts(crash: CrashRecord): Html {
  const { recording, stages } = crash;
  const whole = stages.find(({ name }) => name === 'whole');
  const states = totalOf(crash.states);
  return html`<div><dt>Claim</dt><dd><strong>${crash.claim}</strong> ${recordingsText(crash)}: ${crash.claim === 'sampled' && whole !== undefined ? 'not every state was decided' : claimTexts[crash.claim]}</dd></div>
<div><dt>States</dt><dd>${numberText(totalOf(crash.decided))} of ${numberText(states)} decided${whole === undefined ? '' : ` by ${countText(whole.boots, 'boot')}`}; ${countText(recording.writes, 'write')}, ${countText(recording.flushes, 'flush', 'flushes')}</dd></div>
${stages
  .filter(({ name }) => name !== 'whole')
  .map(
    ({ name, decided, states: all, boots, claim }) =>
      html`<div><dt class="sub">${questionNames[name]}</dt><dd>${numberText(decided)} of ${numberText(all)} by ${countText(boots, 'boot')}, ${claim}</dd></div>`,
  )}
<div><dt>Audits</dt><dd>${auditsText(crash)}</dd></div>`;
}

function auditsText({ audited, mismatches, audits }: CrashRecord): string {
  if (audits === undefined || audits.asked === 0)
    return 'none: each state counts that was booted, or nobody asked';
  const again =
    audits.reseeded > 0 ? `, ${audits.reseeded} once more with other random numbers and timing` : '';
  return `${audited} of ${audits.asked} states booted after all${again}; ${countText(mismatches, 'mismatch', 'mismatches')}`;
}

/** What was looked at, each kind once: `boots, release, configuration`. */
function checksText({ paths, crash }: RunRecord): Html {
  const steps = [...(crash?.cuts ?? []).flatMap(({ checks }) => checks)];
  const found = new Map<string, Verdict[]>();
  for (const { id, verdict } of steps) found.set(id.check, [...(found.get(id.check) ?? []), verdict]);
  const own = paths.flatMap((path) => path.steps);
  const passed = own.filter(({ verdict }) => verdict === 'passed').length;
  const after = [...found].map(([check, verdicts]) => {
    const bad = verdicts.filter((verdict) => verdict !== 'passed').length;
    return bad === 0
      ? html`${verdictMark('passed', check)} `
      : html`${verdictMark(worst(verdicts), check)} <span class="quiet">(${countText(bad, 'boot')})</span> `;
  });
  return html`${numberText(passed)} of ${countText(own.length, 'step')} without a cut${after.length === 0 ? '' : html`; after cuts ${after}`}`;
}

/** Everything that a reader might take for shown and that is not; never empty. */
export function notShown(record: RunRecord): string[] {
  const { crash, network, powerCuts, problem, verdict, paths, shard, known = [] } = record;
  const none = powerCuts === 'none' || (crash === undefined && problem === undefined);
  return [
    ...known.filter(({ status }) => status !== 'gone').map((entry) => `Known finding: ${entryText(entry)}.`),
    ...(none ? ['Power cuts: none were made.'] : []),
    ...(shard === undefined
      ? []
      : [
          `Whatever is not of ${shardText(shard)}, the live cut, second cuts, and what failures are to be blamed on: brownout report merge.`,
        ]),
    ...(powerCuts === 'none'
      ? []
      : paths
          .filter(({ steps }) => steps.some((step) => step.verdict === 'known'))
          .map(
            ({ releases }) => `Power cuts of ${releases.join(' → ')}: it fails without one, as is known.`,
          )),
    ...(problem !== undefined ? ['Whatever comes after the point at which the run ended.'] : []),
    ...(crash === undefined ? [] : openStates(crash)),
    ...(crash?.claim === 'sampled' && crash.stages.every(({ name }) => name !== 'whole')
      ? [
          `States that were not drawn: ${numberText(Math.max(0, totalOf(crash.states) - totalOf(crash.decided)))} of ${numberText(totalOf(crash.states))}.`,
        ]
      : []),
    ...(crash?.claim === 'heuristic'
      ? [
          powerCuts.startsWith('naive')
            ? 'Lost writes: a process that is killed loses nothing that it has written.'
            : 'States that were not booted: boots of one state came to more than one end.',
        ]
      : []),
    ...(crash?.phasesWithoutStates ?? []).map(
      (phase) => `Cuts during ${phase}: nothing was written there, so no state is its own.`,
    ),
    ...(crash === undefined
      ? []
      : [
          `Other timings: each claim is about ${countText(crash.recording.count, 'recorded upgrade')}, and another one writes in another order.`,
        ]),
    ...(network === 'open' ? ['A closed network: the guest could reach whatever the host reached.'] : []),
    ...(paths.some(({ steps }) => steps.some(({ note }) => note !== undefined))
      ? ['What some steps did not compare; their notes say so.']
      : []),
    ...(verdict === 'passed' && crash !== undefined
      ? ['Hardware: drives that lie about flushes, and what QEMU does not model.']
      : []),
  ];
}

function openStates(crash: CrashRecord): string[] {
  const sampled = crash.states.sampled - crash.decided.sampled;
  return [
    ...(crash.undecided > 0 && crash.stages.length > 0
      ? [`${countText(crash.undecided, 'state')} not decided: ${undecidedText(crash)}.`]
      : []),
    ...(crash.skipped > 0
      ? [`${countText(crash.skipped, 'state')} not tried: their epoch had failed in that way already.`]
      : []),
    ...crash.stages.flatMap((stage) => stageText(stage)),
    ...(crash.states.sampled > 0
      ? [
          `Larger sets of lost writes: ${numberText(crash.states.sampled)} were drawn${sampled > 0 ? `, ${numberText(sampled)} of them open` : ''}; there are very many more.`,
        ]
      : []),
    ...auditsLeft(crash),
  ];
}

/** What a later question leaves open. */
function stageText({ name, states, decided, ended, written }: StageRecord): string[] {
  if (name === 'whole') return [];
  const why =
    ended === 'bound' ? ', beyond the boots it was given' : ended === 'complete' ? '' : `: ${whyOpen(ended)}`;
  if (states === 0) return ended === 'complete' ? [] : [`${questionNames[name]}: not begun${why}.`];
  const uncut = (written ?? []).filter(({ cuts }) => cuts.length === 0).length;
  return [
    ...(decided < states
      ? [`${questionNames[name]}: ${numberText(states - decided)} of ${countText(states, 'state')}${why}.`]
      : []),
    ...(uncut > 0
      ? [
          `${questionNames[name]}: ${countText(uncut, 'set')} of places that devices wrote to while they came back, none of which was cut again.`,
        ]
      : []),
  ];
}

function auditsLeft({ audits, audited }: CrashRecord): string[] {
  if (audits === undefined) return [];
  if (audits.asked === 0) return ['Audits: what was decided without a boot was not booted after all.'];
  return audited < audits.asked
    ? [`Audits: ${numberText(audits.asked - audited)} of ${numberText(audits.asked)} were not made.`]
    : [];
}
