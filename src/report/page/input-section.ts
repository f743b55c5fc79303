import type { RunRecord } from '../../model/record.ts';
import { againCommand } from '../again-command.ts';
import { durationText } from '../text.ts';
import { type Html, html } from './html.ts';

/** Enough to run it again. */
export function inputSection(record: RunRecord): Html {
  const { inputs, host, seed, timings, crash } = record;
  const again = againCommand(record);
  const rows: [string, string][] = [
    ['scenario', inputs.scenario],
    ['image', `${inputs.image}${inputs.imageKey === '' ? '' : ` (${inputs.imageKey})`}`],
    ...(crash === undefined ? [] : [['recordings', crash.recording.sha256] satisfies [string, string]]),
    ...Object.entries(inputs.disks).map(([name, digest]): [string, string] => [`disk ${name}`, digest]),
    ...Object.entries(inputs.bundles).map(([name, digest]): [string, string] => [`bundle ${name}`, digest]),
  ];
  const packages = Object.entries(inputs.packages);
  return html`<section id="inputs" aria-labelledby="inputs-title">
<h2 id="inputs-title">Inputs <span class="count">enough to run it again</span></h2>
<p class="command"><code>${again}</code> <button type="button" data-copy="${again}">Copy</button></p>
<dl class="facts">
<div><dt>Begun</dt><dd>${record.started}</dd></div>
<div><dt>Host</dt><dd>QEMU ${host.qemu}, ${host.accelerator}: ${host.acceleratorReason}; Node.js ${host.node}, ${host.cores} cores</dd></div>
<div><dt>Network</dt><dd>${record.network}</dd></div>
<div><dt>Seed</dt><dd><code>${seed}</code></dd></div>
<div><dt>CPU</dt><dd>${Object.entries(timings).map(([name, seconds], i) => `${i === 0 ? '' : ', '}${name} ${durationText(seconds)}`)}</dd></div>
</dl>
<details><summary>Digests (SHA-256): ${rows.length}</summary><div class="scroll" tabindex="0" role="region" aria-label="Digests"><table><tbody>${rows.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td><code>${value}</code></td></tr>
`,
  )}</tbody></table></div></details>
${
  packages.length === 0
    ? ''
    : html`<details><summary>Packages of the image: ${packages.length}</summary><div class="scroll" tabindex="0" role="region" aria-label="Packages of the image"><table><tbody>${packages.map(
        ([name, version]) => html`<tr><th scope="row">${name}</th><td><code>${version}</code></td></tr>
`,
      )}</tbody></table></div></details>`
}
</section>`;
}
