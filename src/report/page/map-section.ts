import type { RunRecord } from '../../model/record.ts';
import { type Html, html } from './html.ts';
import { countText, numberText, questionNames } from './words.ts';

/** The cut map's frame; the page's script draws into it. `present`: whether the run's states are at hand. */
export function mapSection({ crash, powerCuts }: RunRecord, present: boolean): Html {
  if (crash === undefined) return html``;
  const missing = powerCuts.startsWith('naive')
    ? 'Processes were killed, which is no state of a write log: there is nothing to draw.'
    : 'There is no states.json in the run’s folder (an older brownout wrote none), so the map cannot be drawn.';
  return html`<section id="map" aria-labelledby="map-title">
<h2 id="map-title">The cut map <span class="count">${countText(crash.recording.writes, 'write')} in order, and what a cut at each would leave</span></h2>
${present ? frame() : html`<p class="missing">${missing}</p>`}
${groupTable(crash)}
</section>`;
}

function frame(): Html {
  return html`<div class="cut-map" data-cut-map>
<div class="tools">
<label>Log <select data-map="trace"></select></label>
<label>Question <select data-map="stage"></select></label>
<label>Colour <select data-map="colour"><option value="outcome">what came up</option><option value="boot">which boot decided it</option></select></label>
<span class="zoom" role="group" aria-label="Zoom">
<button type="button" data-map="out" aria-label="Zoom out">−</button>
<button type="button" data-map="in" aria-label="Zoom in">+</button>
<button type="button" data-map="fit">Whole log</button>
</span>
</div>
<p class="legend" data-map="legend"></p>
<span data-map="probe" hidden></span>
<canvas data-map="canvas" tabindex="0" role="application" aria-roledescription="map of crash states" aria-describedby="map-help" aria-label="Cut map"></canvas>
<p id="map-help" class="help">Drag to pan; pinch, Ctrl and wheel, or + and − to zoom. Arrow keys go from write to write, Page Up and Page Down from phase to phase, N and P from finding to finding, 0 shows the whole log.</p>
<div class="detail" data-map="detail" aria-live="polite"><p class="quiet">Point at a write, or go there with the arrow keys, to see its crash states.</p></div>
<details class="as-table"><summary>The writes in view as a table</summary><div data-map="table"></div></details>
<noscript><p class="missing">The map is drawn by the page’s own script; the table below has its sums.</p></noscript>
</div>`;
}

/** The same data in sums, for whoever does not see the map, and for print. */
function groupTable({ groups = [], cuts }: NonNullable<RunRecord['crash']>): Html {
  const rows = groups.filter(({ states }) => states > 0);
  if (rows.length === 0) return html``;
  const outcomes = new Map(cuts.map(({ id, outcome }) => [id, outcome]));
  const text = (by: (typeof rows)[number]['by']) => {
    const sums = new Map<string, number>();
    for (const { cut, states } of by) {
      const outcome = outcomes.get(cut) ?? 'another boot';
      sums.set(outcome, (sums.get(outcome) ?? 0) + states);
    }
    return [...sums]
      .sort((a, b) => b[1] - a[1])
      .map(([outcome, states]) => html`<li>${numberText(states)} ${outcome}</li>`);
  };
  return html`<details><summary>All states in sums: ${countText(rows.length, 'row')}</summary>
<div class="scroll" tabindex="0" role="region" aria-label="All states in sums"><table>
<thead><tr><th scope="col">Question</th><th scope="col">Upgrade</th><th scope="col">Power fails during</th><th scope="col">Kind</th><th scope="col" class="number">States</th><th scope="col" class="number">Undecided</th><th scope="col" class="number">Given up</th><th scope="col" class="number">Boots</th><th scope="col">What came up</th></tr></thead>
<tbody>${rows.map(
    ({
      stage,
      upgrade,
      during,
      kind,
      states,
      skipped,
      undecided,
      by,
    }) => html`<tr><td>${questionNames[stage]}</td><td>${upgrade.replace('->', ' → ')}</td><td>${during}</td><td>${kind}</td><td class="number">${numberText(states)}</td><td class="number">${numberText(undecided)}</td><td class="number">${numberText(skipped)}</td><td class="number">${by.length}</td><td><ul class="plain">${text(by)}</ul></td></tr>
`,
  )}</tbody></table></div></details>`;
}
