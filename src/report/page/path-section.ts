import type { PathRecord, RunRecord, StepRecord } from '../../model/record.ts';
import { durationText } from '../text.ts';
import { consoleLink } from './console-link.ts';
import { type Html, html } from './html.ts';
import { verdictMark } from './words.ts';

/** The way of each device through its releases, without a cut. */
export function pathSection({ paths }: RunRecord): Html {
  if (paths.length === 0) return html``;
  return html`<section id="path" aria-labelledby="path-title">
<h2 id="path-title">The path <span class="count">without a cut</span></h2>
<div class="paths">${paths.map(onePath)}</div>
</section>`;
}

function onePath({ releases, recording, steps, notes = [], taken }: PathRecord): Html {
  const groups = groupsOf(releases, steps);
  const longest = Math.max(...steps.map(({ seconds }) => seconds), 0.001);
  return html`<div class="path">
<h3>${releases.join(' → ')}${recording === undefined ? '' : html` <span class="count">recording ${recording.number}${recording.by === undefined ? '' : `, disturbed by ${recording.by}`}</span>`}${taken === undefined ? '' : html` <span class="count">by an earlier run, ${taken.slice(0, 10)}</span>`}</h3>
<ol class="metro">${groups.map(
    ({ station, steps: own }) => html`<li class="station"><span class="stop">${station}</span>
<ol>${own.map((step) => oneStep(step, longest))}</ol></li>`,
  )}</ol>
${notes.length === 0 ? '' : html`<details><summary>The kernel's warnings: ${notes.length}</summary><ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul></details>`}
</div>`;
}

interface Station {
  station: string;
  steps: StepRecord[];
}

/** Steps by where they lead: into service at the first release, then one station an upgrade, then what comes after. */
function groupsOf(releases: readonly string[], steps: readonly StepRecord[]): Station[] {
  const groups: Station[] = [];
  for (const step of steps) {
    const station = stationOf(releases, step);
    const last = groups.at(-1);
    if (last?.station === station) last.steps.push(step);
    else groups.push({ station, steps: [step] });
  }
  return groups;
}

function stationOf(releases: readonly string[], { id }: StepRecord): string {
  if ('upgrade' in id) return id.upgrade.replace('->', ' → ');
  const names: Partial<Record<typeof id.moment, string>> = {
    'in-service': `${releases[0] ?? ''} in service`,
    rollback: 'rolled back',
    'rolled-back': 'rolled back',
    confirmed: 'confirmed, started again and again',
  };
  return names[id.moment] ?? id.moment;
}

function oneStep(
  { name, id, verdict, seconds, problem, note, console: log }: StepRecord,
  longest: number,
): Html {
  const width = Math.round((100 * seconds) / longest);
  return html`<li class="step ${verdict}">
<span class="name">${verdictMark(verdict, id.check === '' ? name : id.check)}</span>
<span class="time">${seconds < 0.05 ? '' : durationText(seconds)}</span>
<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="${width}" height="4"/></svg>
${log === undefined ? html`<span></span>` : consoleLink(log, 'console')}
${problem === undefined ? '' : html`<p class="problem">${problem.message} <code>${problem.code}</code>${problem.hint === undefined ? '' : html`<br>${problem.hint}`}</p>`}
${note === undefined ? '' : html`<p class="note">${note}</p>`}
</li>`;
}
