import { commandLine } from '../../core/quote.ts';
import type { Finding, RunRecord, StepRecord } from '../../model/record.ts';
import { isSameStep } from '../../model/steps.ts';
import { knownCountText, knownText } from '../known-text.ts';
import { isFailure } from '../text.ts';
import { consoleLink } from './console-link.ts';
import { filesBeforeAfter } from './file-section.ts';
import { type Html, html } from './html.ts';
import { countText, numberText, verdictMark } from './words.ts';

/** What broke: a card for each finding. */
export function findingSection(record: RunRecord): Html {
  const { findings, crash } = record;
  if (findings.length === 0) return html``;
  const numbered = findings.map((finding, i) => ({ finding, number: i + 1 }));
  const isKnown = ({ finding: { known } }: (typeof numbered)[number]) => known?.status === 'known';
  const cards = [...numbered.filter((one) => !isKnown(one)), ...numbered.filter(isKnown)];
  const first = crash?.bootsUntilFound === undefined ? '' : `, the first by boot ${crash.bootsUntilFound}`;
  return html`<section id="findings" aria-labelledby="findings-title">
<h2 id="findings-title">What broke <span class="count">${countText(findings.length, 'finding')}${knownCountText(findings)}${first}</span></h2>
<ol class="cards">${cards.map(({ finding, number }) => card(record, finding, number))}</ol>
</section>`;
}

function card(record: RunRecord, finding: Finding, number: number): Html {
  const booted = record.crash?.cuts.find(({ id }) => id === finding.cut);
  const failed = failedOf(record, finding);
  const log = failed?.console ?? booted?.console;
  const replay = replayOf(finding);
  const { known } = finding;
  return html`<li class="card${known?.status === 'known' ? ' is-known' : ''}" id="finding-${number}" tabindex="-1">
<header><span class="pin" aria-hidden="true">${number}</span><h3>${finding.check}: ${finding.message}</h3></header>
${known === undefined ? '' : html`<p class="known-as">${verdictMark(known.status === 'known' ? 'known' : 'failed', knownText(known))}</p>`}
${finding.reason === undefined ? '' : html`<p class="reason">${finding.reason}</p>`}
${filesBeforeAfter(failed?.problem?.fates ?? [])}
${finding.minimal.length === 0 ? '' : writeList(finding.minimal)}
<dl class="facts">
<div><dt>When</dt><dd>${finding.cut === '' ? 'without a cut, ' : ''}${finding.during}</dd></div>
<div><dt>States</dt><dd>${numberText(finding.states)} ${finding.states === 1 ? 'fails' : 'fail alike'}</dd></div>
${booted === undefined ? '' : html`<div><dt>Came up</dt><dd>${booted.outcome}</dd></div>`}
${finding.files.length === 0 ? '' : html`<div><dt>Where</dt><dd>${finding.files.map((file) => html`<code class="place">${file}</code>`)}</dd></div>`}
${finding.token === '' ? '' : html`<div><dt>Token</dt><dd><code class="token">${finding.token}</code></dd></div>`}
</dl>
<p class="actions">
${finding.cut === '' ? '' : html`<button type="button" data-show-cut="${stateOf(finding)}">Show in the map</button>`}
${log === undefined ? '' : consoleLink(log, 'Console')}
${replay === undefined ? '' : html`<button type="button" data-copy="${replay}">Copy replay command</button>`}
<button type="button" data-copy="${issueText(record, finding)}">Copy as an issue</button>
</p>
</li>`;
}

/** The state that shows the finding best: the one that its token names. */
function stateOf({ token, cut }: Finding): string {
  return token.split(':').at(-1) ?? cut;
}

function writeList(minimal: readonly string[]): Html {
  return html`<div class="minimal"><h4>The fewest writes whose loss suffices</h4><ul>${minimal.map((text) => html`<li><code>${text}</code></li>`)}</ul></div>`;
}

/** The command that shows a finding again; undefined where there is nothing to replay. */
function replayOf({ file, token }: Finding): string | undefined {
  const what = file ?? token;
  return what === '' ? undefined : commandLine(['brownout', 'replay', what]);
}

/** The finding as a tracker takes it (markdown); its texts stand in blocks of code, where they are no markup. */
function issueText(record: RunRecord, finding: Finding): string {
  const replay = replayOf(finding);
  const fenced = (text: string) => {
    const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
    const fence = '`'.repeat(longest + 1);
    return `${fence}\n${text}\n${fence}`;
  };
  return [
    `A power cut breaks an upgrade (${record.scenario}, ${record.machine})`,
    '',
    fenced(`${finding.check}: ${finding.message}`),
    ...(finding.reason === undefined ? [] : ['Because:', '', fenced(finding.reason)]),
    'When:',
    '',
    fenced(finding.during),
    ...(finding.minimal.length === 0
      ? []
      : ['The fewest writes whose loss suffices:', '', fenced(finding.minimal.join('\n'))]),
    ...(replay === undefined ? [] : ['Again:', '', fenced(replay)]),
    `Run ${record.id}: ${countText(finding.states, 'crash state')}, QEMU ${record.host.qemu}.`,
  ].join('\n');
}

/** The step or check that a finding is of. */
function failedOf({ paths, crash }: RunRecord, { step, cut, during }: Finding): StepRecord | undefined {
  const steps =
    cut === ''
      ? paths.find(({ releases }) => releases.join('->') === during)?.steps
      : crash?.cuts.find(({ id }) => id === cut)?.checks;
  return steps?.find(({ id, verdict }) => isSameStep(id, step) && isFailure(verdict));
}
