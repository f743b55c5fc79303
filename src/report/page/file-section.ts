import { diffLines } from 'diff';
import { sha256 } from '../../core/digest.ts';
import type { ConfigurationTable, Fate, FileFate } from '../../model/configuration.ts';
import type { PathRecord, RunRecord } from '../../model/record.ts';
import { momentText } from '../../model/steps.ts';
import { countsText } from '../configuration-text.ts';
import { type Html, html } from './html.ts';

/** What became of the owner's files, without a cut. */
export function fileSection({ paths }: RunRecord): Html {
  const own = paths.filter(({ configuration = [] }) => configuration.length > 0);
  if (own.length === 0) return html``;
  return html`<section id="files" aria-labelledby="files-title">
<h2 id="files-title">The owner’s files</h2>
${own.map((path) => (path.configuration ?? []).map((table) => oneTable(path, table)))}
</section>`;
}

function oneTable({ releases }: PathRecord, table: ConfigurationTable): Html {
  const when = momentText(table.id);
  return html`<details class="fates" ${table.files.some(isRemarkable) ? html`open` : html``}><summary>${releases.join(' → ')}${when === '' ? '' : `, after ${when.replace('->', ' → ')}`}: ${countsText(table)}</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Files of ${releases.join(' → ')} after ${when}"><table>
<thead><tr><th scope="col">File</th><th scope="col">Owner and packages</th><th scope="col">Became</th><th scope="col">Owner had</th><th scope="col">Shipped</th><th scope="col">Is now</th></tr></thead>
<tbody>${table.files.map(oneFile)}</tbody></table></div></details>`;
}

function isRemarkable({ fate, note }: FileFate): boolean {
  return (fate !== 'preserved' && fate !== 'default') || note !== undefined;
}

/** What is the owner's loss, what is worth a look, and what is as it should be. */
const weights: Record<Fate, 'passed' | 'unknown' | 'failed'> = {
  preserved: 'passed',
  'access changed': 'unknown',
  'kind changed': 'unknown',
  merged: 'passed',
  'replaced with copy': 'unknown',
  damaged: 'failed',
  lost: 'failed',
  recreated: 'unknown',
  default: 'passed',
  'stale default': 'unknown',
};

/** What the owner had in some files, and what is there; empty where nothing is known of that. */
export function filesBeforeAfter(files: readonly FileFate[]): Html {
  return html`${files.map(({ path, fate, texts, digests }) => {
    const now =
      digests.now === 'absent'
        ? 'it is gone'
        : digests.now === emptyDigest
          ? 'it has 0 bytes'
          : 'it has other content';
    return html`<div class="before-after"><h4>What the owner had in <code>${path}</code>, and what is there: <span class="mark ${weights[fate]}">${fate}</span></h4>${texts === undefined ? html`<p>${now}</p>` : difference(texts)}</div>`;
  })}`;
}

/** The first digits of the SHA-256 of nothing, as records have them. */
const emptyDigest = sha256('').slice(0, 12);

function oneFile(file: FileFate): Html {
  const { path, case: what, fate, kinds, note, digests, copy, copies, texts } = file;
  const digest = (value: string | undefined) =>
    value === undefined ? html`<span class="quiet">not known</span>` : html`<code>${value}</code>`;
  const shipped =
    digests.shippedBefore === undefined && digests.shippedNow === undefined
      ? digest(undefined)
      : html`${digest(digests.shippedBefore)}, then ${digest(digests.shippedNow)}`;
  return html`<tr><th scope="row"><code>${path}</code></th><td>${what}</td><td>
<span class="mark ${weights[fate]}">${fate}</span>
${kinds === undefined ? '' : html`<p>${kinds.owner} before, ${kinds.now} now</p>`}
${copy === undefined ? '' : html`<p>The owner’s bytes are in <code>${copy}</code></p>`}
${copies.map((one) => html`<p><code>${one.path}</code> holds ${one.holds}${one.spurious ? ', and nobody needs it' : ''}</p>`)}
${note === undefined ? '' : html`<p class="note">${note}</p>`}
${texts === undefined ? '' : difference(texts)}
</td><td>${digest(digests.owner)}</td><td>${shipped}</td><td>${digest(digests.now)}</td></tr>
`;
}

/** What the owner had and what is there now, line by line, with signs besides colours. */
function difference({ owner, now }: NonNullable<FileFate['texts']>): Html {
  if (now === '') return html`<p>0 bytes are left of:</p><pre class="diff"><del>${owner}</del></pre>`;
  const lines = diffLines(owner, now).flatMap(({ value, added, removed }) =>
    value
      .replace(/\n$/, '')
      .split('\n')
      .map((line) =>
        added
          ? html`<ins>+ ${line}</ins>`
          : removed
            ? html`<del>- ${line}</del>`
            : html`<span>  ${line}</span>`,
      ),
  );
  return html`<pre class="diff">${lines}</pre>`;
}
