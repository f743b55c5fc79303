import type { RunRecord } from '../../model/record.ts';
import { bootSection } from './boot-section.ts';
import { type Embedded, pageDocument } from './document.ts';
import { fileSection } from './file-section.ts';
import { findingSection } from './finding-section.ts';
import { type Content, html } from './html.ts';
import { inputSection } from './input-section.ts';
import { mapSection } from './map-section.ts';
import type { PageParts } from './page-parts.ts';
import { pathSection } from './path-section.ts';
import { softwareSection } from './software-section.ts';
import { verdictSection } from './verdict-section.ts';

/** What a run's page is made of. */
export interface RunPage {
  record: RunRecord;
  /** The text of states.json; absent: there is none. */
  states?: string | undefined;
  /** Console logs by their paths below the run's folder. */
  consoles: ReadonlyMap<string, string>;
  /** Parts that the record does not have, for people: it is an older program's. */
  missing?: readonly string[];
}

/** What is kept of one console: its beginning and its end. */
const consoleLimit = 256 * 1024;

/** The page of one run, in the order in which a reader asks: may it ship, what broke, and then all the rest. */
export function runPage({ record, states, consoles, missing = [] }: RunPage, parts: PageParts): string {
  const sections: [id: string, title: string, content: Content][] = [
    ['verdict', 'Verdict', verdictSection(record)],
    ['findings', 'Findings', findingSection(record)],
    ['map', 'Cut map', mapSection(record, states !== undefined)],
    ['path', 'Path', pathSection(record)],
    ['files', 'Owner’s files', fileSection(record)],
    ['software', 'Software', softwareSection(record)],
    ['boots', 'Boots', bootSection(record)],
    ['inputs', 'Inputs', inputSection(record)],
  ];
  const there = sections.filter(([, , content]) => html`${content}`.text !== '');
  const body = html`<a class="skip" href="#verdict">To the verdict</a>
<header class="top"><p class="brand">brownout</p><p class="run">${record.id}</p></header>
<nav aria-label="Sections"><ol>${there.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ol></nav>
<main>
${missing.length === 0 ? '' : html`<p class="missing">The record was written by an older brownout and does not have: ${missing.join(', ')}.</p>`}
${there.map(([, , content]) => content)}
</main>
<footer><p>Made from <a href="./run.json">run.json</a> alone, with <a href="./states.json">states.json</a> and the consoles beside it. For machines: <a href="./junit.xml">junit.xml</a>.</p></footer>
<dialog class="console-view" aria-labelledby="console-title"><form method="dialog"><h2 id="console-title"></h2><span class="marks"></span><button type="button" data-console="previous">Previous mark</button><button type="button" data-console="next">Next mark</button><button value="close">Close</button></form><pre tabindex="0"></pre></dialog>
<p class="toast" role="status" aria-live="polite"></p>`;
  const data: Embedded[] = [
    ...(states === undefined ? [] : [{ kind: 'states', name: 'states.json', text: states }]),
    { kind: 'findings', name: 'findings', text: JSON.stringify(pinsOf(record)) },
    ...[...consoles].map(([name, text]) => ({
      kind: 'console',
      name,
      text: cutMiddleLines(text, consoleLimit),
    })),
  ];
  return pageDocument(
    { title: `${record.verdict}: ${record.scenario} on ${record.machine}`, body, data },
    parts,
  );
}

/** Where findings are in the map: by the state that shows each best. */
function pinsOf({ findings }: RunRecord): { number: number; state: string; text: string }[] {
  return findings.flatMap(({ token, cut, check, message }, i) => {
    const state = token === '' ? cut : (token.split(':').at(-1) ?? cut);
    return state === '' ? [] : [{ number: i + 1, state, text: `${check}: ${message}` }];
  });
}

/** Leaves out the middle of a long console, and says how much. */
function cutMiddleLines(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const half = limit / 2;
  return `${text.slice(0, half)}\n[... ${text.length - limit} characters left out: the file has them ...]\n${text.slice(-half)}`;
}
