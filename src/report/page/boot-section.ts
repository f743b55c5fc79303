import type { CutRecord, RunRecord } from '../../model/record.ts';
import { durationText } from '../text.ts';
import { consoleLink } from './console-link.ts';
import { type Html, html } from './html.ts';
import { countText, numberText, questionNames, verdictMark } from './words.ts';

/** Every boot after a cut: how long it took, what it decided, and its console. */
export function bootSection({ crash, timings }: RunRecord): Html {
  if (crash === undefined) return html``;
  const cpu = timings['cuts.cpu'];
  return html`<section id="boots" aria-labelledby="boots-title">
<h2 id="boots-title">Boots <span class="count">${countText(crash.cuts.length, 'boot')}${cpu === undefined ? '' : `, ${durationText(cpu)} of CPU`}</span></h2>
${histogram(crash.cuts)}
<details><summary>Every boot, in the order in which they ended</summary>
<p class="filter" hidden><label>Only those with <input type="search" data-filter="boots-table" placeholder="a phase, an outcome, an id"></label></p>
<div class="scroll" tabindex="0" role="region" aria-label="Every boot"><table id="boots-table">
<thead><tr><th scope="col">State</th><th scope="col">Power failed</th><th scope="col">Came up</th><th scope="col">Question</th><th scope="col" class="number">Decides</th><th scope="col" class="number">Took</th><th scope="col">Console</th></tr></thead>
<tbody>${crash.cuts.map(oneBoot)}</tbody></table></div></details>
</section>`;
}

function oneBoot({
  id,
  upgrade,
  during,
  description,
  outcome,
  verdict,
  stage,
  decides,
  seconds,
  console: log,
  token,
}: CutRecord): Html {
  return html`<tr><th scope="row"><code>${id}</code>${token === undefined ? '' : html` <button type="button" class="small" data-copy="${token}" aria-label="Copy the token of ${id}">token</button>`}</th><td>${during} ${upgrade.replace('->', ' → ')}, ${description}</td><td>${verdictMark(verdict, outcome)}</td><td>${stage === undefined ? '' : questionNames[stage]}</td><td class="number">${decides === undefined ? '' : decides === 0 ? 'audit' : numberText(decides)}</td><td class="number">${durationText(seconds)}</td><td>${log === undefined ? '' : consoleLink(log, 'open')}</td></tr>
`;
}

const bins = 24;

/** How long boots took: a bar for each stretch of time, and where a slow one is. */
function histogram(cuts: readonly CutRecord[]): Html {
  const slowest = Math.max(...cuts.map(({ seconds }) => seconds));
  if (cuts.length < 4 || !(slowest > 0)) return html``;
  const width = slowest / bins;
  const counts = Array.from({ length: bins }, () => ({ passed: 0, other: 0 }));
  for (const { seconds, verdict } of cuts) {
    const bin = counts[Math.min(bins - 1, Math.floor(seconds / width))];
    if (bin !== undefined) bin[verdict === 'passed' ? 'passed' : 'other'] += 1;
  }
  const most = Math.max(...counts.map(({ passed, other }) => passed + other));
  const tall = (count: number) => Math.round((96 * count) / most);
  return html`<figure class="histogram"><svg viewBox="0 0 480 100" preserveAspectRatio="none" role="img" aria-label="Seconds that boots took: up to ${durationText(slowest)}">
${counts.map(({ passed, other }, i) => html`<rect class="passed" x="${i * 20 + 1}" width="18" y="${100 - tall(passed)}" height="${tall(passed)}"/>${other === 0 ? '' : html`<rect class="failed" x="${i * 20 + 1}" width="18" y="${100 - tall(passed) - tall(other)}" height="${tall(other)}"/>`}`)}
</svg><figcaption><span>0 s</span><span>how long each boot took, those that did not pass on top</span><span>${durationText(slowest)}</span></figcaption></figure>`;
}
