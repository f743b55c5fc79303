import type { Finding, Verdict } from '../model/record.ts';
import { pageDocument } from '../report/page/document.ts';
import { type Html, html } from '../report/page/html.ts';
import type { PageParts } from '../report/page/page-parts.ts';
import { verdictFrame } from '../report/page/verdict-frame.ts';
import { countText, headWords, verdictMark } from '../report/page/words.ts';
import { durationText } from '../report/text.ts';
import {
  type Admission,
  type Criterion,
  type CriterionVerdict,
  criterionIds,
  type Evidence,
  type PackageAdmission,
} from './admission.ts';
import { questions } from './questions.ts';

/** Evidence of one criterion that is shown line by line; all of it is in admission.json. */
const maxLines = 200;

/** The dossier as a committee reads it: the criteria first, then what decided each; from admission.json's content alone. */
export function dossierPage(admission: Admission, parts: PageParts): string {
  const { packages, verdict, brownout, created, image, agent, powerCuts, machines } = admission;
  const names = packages.map(({ name }) => name).join(', ');
  const body = html`<a class="skip" href="#verdict">To the verdict</a>
<header class="top"><p class="brand">brownout</p><p class="run">${admission.id}</p></header>
<main>
${verdictFrame({
  verdict,
  head: html`<p class="eyebrow">Admission of ${names}</p><h1 id="verdict-title"><span class="mark ${verdict}">${headWords[verdict]}</span> ${headline(admission)}</h1>`,
  open: [...openCriteria(admission), ...admission.limits],
  facts: html`<div><dt>Image</dt><dd>${image}, by ${agent}; releases ${admission.releases.join(', ')}</dd></div><div><dt>Machines</dt><dd>${machines.join(', ')}</dd></div><div><dt>Power cuts</dt><dd>${powerCuts}</dd></div><div><dt>Made by</dt><dd>brownout ${brownout}, ${created}</dd></div>`,
})}
<section id="criteria" aria-labelledby="criteria-title"><h2 id="criteria-title">Criteria</h2>${criteriaTable(admission)}</section>
${packages.map(packageSection)}
<section id="stated" aria-labelledby="stated-title"><h2 id="stated-title">To be stated by the proposer</h2><p class="quiet">No test shows these; none of them counts as passed.</p><ul class="stated">${admission.toBeStated.map((text) => html`<li>${text}</li>`)}</ul></section>
</main>
<footer><p>For machines: <a href="./admission.json">admission.json</a>. As text: <a href="./admission.md">admission.md</a>.</p></footer>
<p class="toast" role="status" aria-live="polite"></p>`;
  return pageDocument({ title: `${verdict}: admission of ${names}`, body, data: [] }, parts);
}

function headline({ verdict }: Admission): string {
  const texts: Record<Verdict, string> = {
    passed: 'All that was run holds.',
    known: 'All that was run holds, but for known findings.',
    failed: 'A promise was broken.',
    unknown: 'Not all that was asked for was decided.',
    error: 'The test bench broke, and says nothing of the package.',
  };
  return texts[verdict];
}

function openCriteria({ packages }: Admission): string[] {
  return packages.flatMap(({ name, criteria, missing }) => [
    ...criteria.flatMap(({ id, machine, verdict }) =>
      verdict === 'not run' || verdict === 'unknown'
        ? [`${name}, ${machine}: ${questions[id]}: ${verdict}.`]
        : [],
    ),
    ...missing.map(({ machine, release }) => `${name}: release ${release} for ${machine} does not have it.`),
  ]);
}

/** A verdict with its shape; what nobody asked for, or what does not apply, is neither good nor bad. */
function criterionMark(verdict: CriterionVerdict): Html {
  if (verdict === 'not run' || verdict === 'not applicable')
    return html`<span class="mark none">${verdict}</span>`;
  return verdictMark(verdict);
}

/** Criteria as rows, packages and machines as columns. */
function criteriaTable({ packages, machines }: Admission): Html {
  const columns = packages.flatMap((one) => machines.map((machine) => ({ one, machine })));
  return html`<div class="scroll tall" tabindex="0" role="region" aria-label="Table of the criteria"><table class="matrix">
<thead><tr><th scope="col">Criterion</th>${columns.map(({ one, machine }) => html`<th scope="col">${packages.length > 1 ? `${one.name}, ` : ''}${machine}</th>`)}</tr></thead>
<tbody>${criterionIds.map(
    (id) => html`<tr><th scope="row">${questions[id]}</th>${columns.map(({ one, machine }) => {
      const found = one.criteria.find((candidate) => candidate.id === id && candidate.machine === machine);
      return html`<td>${criterionMark(found?.verdict ?? 'not run')}${found === undefined ? '' : html`<p>${found.summary}</p>`}</td>`;
    })}</tr>
`,
  )}</tbody></table></div>`;
}

function packageSection(one: PackageAdmission): Html {
  const { name, builds, scenario, runs, criteria } = one;
  return html`<section aria-label="${name}"><h2>${name} <span class="count">what it is, and what decided each criterion</span></h2>
<div class="scroll" tabindex="0" role="region" aria-label="Builds of ${name}"><table>
<thead><tr><th scope="col">Machine</th><th scope="col">Release</th><th scope="col">Version</th><th scope="col">File</th><th scope="col">SHA-256</th></tr></thead>
<tbody>${builds.map(
    ({
      machine,
      release,
      version,
      file,
      sha256,
    }) => html`<tr><td>${machine}</td><td>${release}</td><td>${version}</td><td><code>${file}</code></td><td><code>${sha256}</code></td></tr>
`,
  )}</tbody></table></div>
<p>Runs: ${runs.map((run, i) => html`${i === 0 ? '' : ', '}<a href="./${encodeURI(run.folder)}/index.html">${run.machine}</a> (${run.verdict}, ${durationText(run.seconds)})`)}${runs.length === 0 ? 'none' : ''}; scenario ${scenario.file === '' ? 'none' : html`<a href="./${encodeURI(scenario.file)}">${scenario.file}</a>`}.</p>
${criteria.map((criterion) => criterionDetails(name, criterion))}
</section>`;
}

function criterionDetails(
  name: string,
  { id, machine, verdict, evidence, findings, reproduce }: Criterion,
): Html {
  const rest = evidence.length - maxLines;
  return html`<details ${verdict === 'failed' || verdict === 'error' ? html`open` : html``}><summary>${questions[id]}, ${machine}: ${criterionMark(verdict)} <span class="quiet">${countText(evidence.length, 'piece')} of evidence</span></summary>
${findings.map(findingCard)}
${evidence.length === 0 ? '' : html`<div class="scroll tall" tabindex="0" role="region" aria-label="Evidence for ${name}: ${questions[id]}, ${machine}"><table><thead><tr><th scope="col">Release</th><th scope="col">What</th><th scope="col">Verdict</th><th scope="col">Seen</th></tr></thead><tbody>${evidence.slice(0, maxLines).map(evidenceRow)}</tbody></table></div>`}
${rest > 0 ? html`<p class="quiet">and ${rest} more in admission.json</p>` : ''}
${reproduce.map((line) => html`<p class="command"><code>${line}</code> <button type="button" class="small" data-copy="${line}">Copy</button></p>`)}
</details>`;
}

function evidenceRow({ subject, path, what, verdict, seen, console: log }: Evidence): Html {
  const whole = path.join('->');
  const where = path.length > 1 && whole !== subject ? `${subject} (on ${whole})` : subject;
  return html`<tr><td>${where}</td><td>${what}</td><td>${verdictMark(verdict)}</td><td>${seen}${log === undefined ? '' : html` <a href="${`./${encodeURI(log)}`}">console</a>`}</td></tr>
`;
}

function findingCard({ check, message, during, states, reason, files }: Finding): Html {
  return html`<div class="card"><h3>${check}: ${message}</h3>${reason === undefined ? '' : html`<p class="reason">${reason}</p>`}<p class="quiet">${during}; ${countText(states, 'state')} alike</p>${files.map((file) => html`<code class="place">${file}</code>`)}</div>`;
}
