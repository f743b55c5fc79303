import { type RunRecord, type Verdict, worst } from '../../model/record.ts';
import { durationText } from '../text.ts';
import { pageDocument } from './document.ts';
import { type Html, html } from './html.ts';
import type { PageParts } from './page-parts.ts';
import { verdictFrame } from './verdict-frame.ts';
import { notShown } from './verdict-section.ts';
import { countText, headWords, numberText, totalOf, verdictMark } from './words.ts';

/** A run of several, and its folder below theirs. */
export interface OneOfRuns {
  record: RunRecord;
  folder: string;
}

/** The page of several runs: one table of scenarios and machines, what broke in any, and what each leaves open. */
export function runsPage(id: string, runs: readonly OneOfRuns[], parts: PageParts): string {
  const verdict = worst(runs.map(({ record }) => record.verdict));
  const findings = runs.flatMap((run) =>
    run.record.findings.map((finding, i) => ({ run, finding, number: i + 1 })),
  );
  const count = (wanted: Verdict) => runs.filter(({ record }) => record.verdict === wanted).length;
  const known = count('known');
  const body = html`<a class="skip" href="#verdict">To the verdict</a>
<header class="top"><p class="brand">brownout</p><p class="run">${id}</p></header>
<main>
${verdictFrame({
  verdict,
  head: html`<h1 id="verdict-title"><span class="mark ${verdict}">${headWords[verdict]}</span> ${numberText(count('passed') + known)} of ${countText(runs.length, 'run')} passed${known === 0 ? '' : `, ${numberText(known)} of them but for known findings`}.</h1>`,
  open: openTexts(runs),
  facts: html`<div><dt>States</dt><dd>${statesText(runs)}</dd></div><div><dt>Findings</dt><dd>${findings.length === 0 ? 'none' : numberText(findings.length)}</dd></div><div><dt>Machine time</dt><dd>${durationText(runs.reduce((sum, { record }) => sum + record.seconds, 0))}, all runs together</dd></div>`,
})}
<section id="runs" aria-labelledby="runs-title"><h2 id="runs-title">The runs</h2>${matrix(runs)}</section>
${
  findings.length === 0
    ? ''
    : html`<section id="findings" aria-labelledby="findings-title"><h2 id="findings-title">What broke <span class="count">${countText(findings.length, 'finding')}</span></h2>
<ol class="cards">${findings.map(({ run, finding, number }) => html`<li class="card"><h3><a href="${address(run)}#finding-${number}">${finding.check}: ${finding.message}</a></h3><p class="quiet">${run.record.scenario} on ${run.record.machine}; ${finding.during}</p>${finding.reason === undefined ? '' : html`<p class="reason">${finding.reason}</p>`}</li>`)}</ol></section>`
}
</main>
<footer><p>For machines: <a href="./junit.xml">junit.xml</a>, and the run.json of each run.</p></footer>`;
  return pageDocument({ title: `${verdict}: ${countText(runs.length, 'run')}`, body, data: [] }, parts);
}

function address({ folder }: OneOfRuns): string {
  return `./${encodeURI(folder)}/index.html`;
}

function statesText(runs: readonly OneOfRuns[]): string {
  const sum = (of: 'states' | 'decided') =>
    runs.reduce((all, { record: { crash } }) => all + (crash === undefined ? 0 : totalOf(crash[of])), 0);
  return sum('states') === 0
    ? 'no power was cut'
    : `${numberText(sum('decided'))} of ${numberText(sum('states'))} crash states decided`;
}

/** What runs leave open, equal sentences once, with how many runs say so. */
function openTexts(runs: readonly OneOfRuns[]): string[] {
  const counts = new Map<string, number>();
  for (const { record } of runs)
    for (const text of notShown(record)) counts.set(text, (counts.get(text) ?? 0) + 1);
  const shown = [...counts].sort((one, other) => other[1] - one[1]);
  return shown.map(([text, count]) =>
    count === runs.length ? text : `${text} (${countText(count, 'run')})`,
  );
}

/** Scenarios as rows, machines as columns. */
function matrix(runs: readonly OneOfRuns[]): Html {
  const machines = [...new Set(runs.map(({ record }) => record.machine))];
  const rows = new Map<string, OneOfRuns[]>();
  for (const run of runs) {
    const key = JSON.stringify([run.record.scenario, run.record.scenarioFile]);
    rows.set(key, [...(rows.get(key) ?? []), run]);
  }
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table of the runs"><table class="matrix">
<thead><tr><th scope="col">Scenario</th>${machines.map((machine) => html`<th scope="col">${machine}</th>`)}</tr></thead>
<tbody>${[...rows.values()].map(
    (
      own,
    ) => html`<tr><th scope="row">${own[0]?.record.scenario}<br><code>${own[0]?.record.scenarioFile}</code></th>${machines.map((machine) => html`<td>${cells(own.filter(({ record }) => record.machine === machine))}</td>`)}</tr>
`,
  )}</tbody></table></div>`;
}

function cells(runs: readonly OneOfRuns[]): Html {
  if (runs.length === 0) return html`<span class="quiet">not run</span>`;
  return html`${runs.map((run) => {
    const { record } = run;
    const { crash, findings } = record;
    const facts = [
      ...(crash === undefined
        ? ['no cut']
        : [
            `${numberText(totalOf(crash.decided))} of ${numberText(totalOf(crash.states))} states`,
            countText(crash.boots, 'boot'),
            crash.claim,
          ]),
      ...(findings.length === 0 ? [] : [countText(findings.length, 'finding')]),
      durationText(record.seconds),
    ];
    return html`<p><a href="${address(run)}">${verdictMark(record.verdict, verdictWords[record.verdict])}</a></p><p class="quiet">${facts.join(' · ')}</p>`;
  })}`;
}

const verdictWords: Record<Verdict, string> = {
  passed: 'passed',
  known: 'known findings alone',
  failed: 'failed',
  error: 'no verdict',
  unknown: 'not decided',
};
