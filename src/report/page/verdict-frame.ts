import type { Verdict } from '../../model/record.ts';
import { type Content, type Html, html } from './html.ts';

/** What the top of a page has. */
interface Top {
  verdict: Verdict;
  head: Content;
  /** What a reader might take for shown and that is not. */
  open: readonly string[];
  /** Rows of a list of facts. */
  facts: Content;
}

/** A verdict with what was not shown right beside it, or, where that has no room, right below and before all else. */
export function verdictFrame({ verdict, head, open, facts }: Top): Html {
  return html`<section id="verdict" class="verdict ${verdict}" aria-labelledby="verdict-title">
<div class="head">${head}</div>
<aside class="not-shown" aria-labelledby="not-shown-title">
<h2 id="not-shown-title">What this does not show</h2>
<ul>${open.map((text) => html`<li>${text}</li>`)}</ul>
</aside>
<dl class="facts">${facts}</dl>
</section>`;
}
