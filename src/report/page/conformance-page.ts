import type { CaseRecord, CaseVerdict, ConformanceRecord } from '../../model/conformance.ts';
import { worst } from '../../model/record.ts';
import { durationText } from '../text.ts';
import { consoleLink } from './console-link.ts';
import { pageDocument } from './document.ts';
import { type Html, html } from './html.ts';
import type { PageParts } from './page-parts.ts';
import { verdictFrame } from './verdict-frame.ts';
import { countText, headWords, numberText, verdictMark } from './words.ts';

/** A suite for one scenario on one machine, and its folder below the page's; empty: the page's own. */
export interface OneSuite {
  record: ConformanceRecord;
  folder: string;
}

/** The matrix of a conformance suite: a row a case, a column an agent on a machine, with what decided each. */
export function conformancePage(id: string, suites: readonly OneSuite[], parts: PageParts): string {
  const verdict = worst(suites.map(({ record }) => record.verdict));
  const cases = suites.flatMap(({ record }) => record.cases);
  const judged = cases.filter((one) => !['not-applicable', 'ability-missing'].includes(one.verdict));
  const passed = judged.filter((one) => one.verdict === 'passed').length;
  const body = html`<a class="skip" href="#verdict">To the verdict</a>
<header class="top"><p class="brand">brownout</p><p class="run">${id}</p></header>
<main>
${verdictFrame({
  verdict,
  head: html`<p class="eyebrow">Conformance <span class="on">of ${suites.map(({ record }) => `${record.agent} on ${record.machine}`).join(', ')}</span></p>
<h1 id="verdict-title"><span class="mark ${verdict}">${headWords[verdict]}</span> ${numberText(passed)} of ${countText(judged.length, 'case')} hold.</h1>
${suites.flatMap(({ record: { problem } }) => (problem === undefined ? [] : [html`<p class="problem">${problem.message} <code>${problem.code}</code></p>`]))}`,
  open: openTexts(cases),
  facts: html`${suites.map(suiteFacts)}`,
})}
<section id="cases" aria-labelledby="cases-title"><h2 id="cases-title">Cases</h2>
<p class="filter" hidden><label>Only those with <input type="search" data-filter="cases-table" placeholder="a verdict, a case, a word"></label></p>
${matrix(suites)}</section>
</main>
<footer><p>For machines: <a href="./conformance.json">conformance.json</a>, <a href="./junit.xml">junit.xml</a>. As text: <a href="./conformance.md">conformance.md</a>.</p></footer>
<p class="toast" role="status" aria-live="polite"></p>`;
  return pageDocument({ title: `${verdict}: conformance`, body, data: [] }, parts);
}

const words: Record<CaseVerdict, string> = {
  passed: 'holds',
  failed: 'fails',
  unknown: 'unknown',
  error: 'error',
  'not-applicable': 'not applicable',
  'ability-missing': 'not claimed',
  'proves-nothing': 'proves nothing',
};

/** What a verdict is shown as; the others are nobody's fault and nobody's pass. */
const marks: Partial<Record<CaseVerdict, string>> = {
  passed: 'passed',
  failed: 'failed',
  unknown: 'unknown',
  error: 'error',
  'proves-nothing': 'unknown',
};

function openTexts(cases: readonly CaseRecord[]): string[] {
  const of = (verdict: CaseVerdict) => cases.filter((one) => one.verdict === verdict).length;
  const say = (verdict: CaseVerdict, text: string) =>
    of(verdict) === 0 ? [] : [`${countText(of(verdict), 'case')} ${text}`];
  return [
    ...say('unknown', 'not decided.'),
    ...say('error', 'in which the harness broke.'),
    ...say('proves-nothing', 'in which what must go wrong did not, so that nothing is shown.'),
    ...say('ability-missing', 'about what the agent does not claim: what then happens is told, not judged.'),
    ...say('not-applicable', 'that the image or the scenario has nothing to try with.'),
    'What the suite does not ask.',
  ];
}

function suiteFacts({ record }: OneSuite): Html {
  const { scenario, machine, agent, abilities, image, seconds, releases } = record;
  return html`<div><dt>${agent}, ${machine}</dt><dd>${scenario}; image ${image}; claims ${abilities.length === 0 ? 'nothing' : abilities.join(', ')}; releases ${Object.entries(
    releases,
  )
    .map(([role, release]) => `${role} ${release}`)
    .join(', ')}; ${durationText(seconds)}</dd></div>`;
}

function matrix(suites: readonly OneSuite[]): Html {
  const rows = new Map<string, CaseRecord>();
  for (const { record } of suites) for (const one of record.cases) rows.set(one.id, rows.get(one.id) ?? one);
  const cell = ({ record, folder }: OneSuite, id: string) => {
    const one = record.cases.find((candidate) => candidate.id === id);
    return one === undefined ? html`<span class="quiet">not tried</span>` : caseCell(one, folder);
  };
  return html`<div class="scroll tall" tabindex="0" role="region" aria-label="Table of the cases"><table class="matrix" id="cases-table">
<thead><tr><th scope="col">Case</th>${suites.map(({ record }) => html`<th scope="col">${record.agent}, ${record.machine}</th>`)}</tr></thead>
<tbody>${[...rows.values()].map(
    ({
      id,
      title,
      group,
    }) => html`<tr><th scope="row"><strong>${id}</strong> ${title}<br><span class="quiet">${group}</span></th>${suites.map((suite) => html`<td>${cell(suite, id)}</td>`)}</tr>
`,
  )}</tbody></table></div>`;
}

function caseCell(
  { verdict, reason, problem, steps, notes, findings = [], seconds, done }: CaseRecord,
  folder: string,
): Html {
  const why = reason ?? problem?.message;
  return html`<span class="mark ${marks[verdict] ?? 'none'}">${words[verdict]}</span>
${why === undefined ? '' : html`<p>${why}</p>`}
${findings.map(({ check, message, token }) => html`<p>${check}: ${message}${token === '' ? '' : html` <button type="button" class="small" data-copy="${`brownout replay ${token}`}">Copy replay command</button>`}</p>`)}
${notes.map((note) => html`<p class="note">${note}</p>`)}
${
  steps.length === 0
    ? ''
    : html`<details><summary>${countText(steps.length, 'step')}, ${done === undefined ? durationText(seconds) : `by an earlier run, ${done.slice(0, 10)}`}</summary><ol class="plain">${steps.map((step) => html`<li>${verdictMark(step.verdict, step.name)}${step.problem === undefined ? '' : `: ${step.problem.message}`}${step.console === undefined ? '' : html` ${consoleLink(folder === '' ? step.console : `${folder}/${step.console}`, 'console')}`}</li>`)}</ol></details>`
}`;
}
