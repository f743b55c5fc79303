import type { RunRecord } from '../../model/record.ts';
import type { InstalledPackage, SoftwareChange, SoftwareTable } from '../../model/software.ts';
import { type Html, html } from './html.ts';
import { countText } from './words.ts';

/** What the upgrades made of the installed packages. */
export function softwareSection({ paths }: RunRecord): Html {
  const tables = paths.flatMap(({ releases, software = [] }) =>
    software.map((table) => ({ releases, table })),
  );
  if (tables.length === 0) return html``;
  return html`<section id="software" aria-labelledby="software-title">
<h2 id="software-title">Software</h2>
${tables.map(({ releases, table }) => oneTable(releases, table))}
</section>`;
}

function oneTable(releases: readonly string[], { upgrade, diff, documents }: SoftwareTable): Html {
  const counts = new Map<string, number>();
  for (const { kind } of diff.changes) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const sums = [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
  return html`<details><summary>${releases.join(' → ')}, upgrade ${upgrade.replace('->', ' → ')}: ${sums === '' ? 'nothing changed' : sums}; ${diff.unchanged} as before</summary>
<p>SPDX: ${documents.map((file, i) => html`${i === 0 ? '' : ', '}<a href="${encodeURI(`./${file}`)}">${file}</a>`)}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Packages of ${upgrade}"><table>
<thead><tr><th scope="col">Package</th><th scope="col">Change</th><th scope="col">Before</th><th scope="col">After</th><th scope="col">Licence</th></tr></thead>
<tbody>${diff.changes.map(oneChange)}</tbody></table></div>
<p class="quiet">${countText(diff.changes.length, 'change')}</p></details>`;
}

function oneChange({ kind, name, before, after }: SoftwareChange): Html {
  const version = (side: InstalledPackage | undefined) =>
    side === undefined
      ? html`<span class="quiet">none</span>`
      : html`<code>${side.version}</code>${side.state === 'installed' ? '' : ` (${side.state})`}`;
  const licences = [...new Set([before?.licence, after?.licence].filter((text) => text !== undefined))];
  return html`<tr><th scope="row">${name}</th><td>${kind}</td><td>${version(before)}</td><td>${version(after)}</td><td>${licences.join(' → ')}</td></tr>
`;
}
