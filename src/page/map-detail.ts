import type { StageStates, TraceStates } from '../model/states.ts';
import { element } from './dom.ts';
import type { MapModel, RowKind, Stretch } from './map-model.ts';
import { rowNames, type Viewport } from './map-paint.ts';
import { isDecided } from './state-ids.ts';

/** Boots of one row that are named one by one. */
const mostBoots = 4;
/** Rows that the table has at once. */
const mostRows = 200;

/** What a person may want to know of a write and the states at it. */
export function writeDetail(
  trace: TraceStates,
  stage: StageStates,
  model: MapModel,
  column: number,
): DocumentFragment {
  const made = document.createDocumentFragment();
  const write = trace.writes[column];
  if (write === undefined) return made;
  const [, , sector, sectors, issued, completed, place] = write;
  const phase = trace.phases.find(({ from, to }) => issued >= from && issued < to);
  const flush = trace.flushes.find(
    ([, disk, at, done]) => disk === write[1] && done >= 0 && completed >= 0 && completed < at,
  );
  const flushed =
    flush === undefined
      ? 'no flush saves it in this log'
      : `saved by the flush after write ${model.columnOf(flush[3])}`;
  made.append(
    element(
      'h3',
      {},
      `Write ${column + 1} of ${trace.writes.length}`,
      element(
        'span',
        { class: 'count' },
        ` ${phase === undefined ? 'outside of all phases' : `${phase.phase} ${phase.upgrade.replace('->', ' → ')}`}`,
      ),
    ),
    element('p', {}, element('code', { class: 'place' }, trace.places[place] ?? 'nobody knows where')),
    element(
      'p',
      { class: 'quiet' },
      `disk ${trace.disks[write[1]]?.id ?? ''}, sectors ${sector}–${sector + sectors - 1} (${bytesText(sectors * 512)}); ${flushed}`,
    ),
  );
  const rows = byRow(model.at(column));
  if (rows.length === 0) {
    made.append(
      element('p', { class: 'quiet' }, 'No crash state of those that were asked for is at this write.'),
    );
    return made;
  }
  const body = element('tbody', {}, ...rows.flatMap(([row, own]) => stateRows(trace, stage, row, own)));
  const heads = ['Kind', 'States', 'What came up', 'Decided by the boot of', ''].map((text) =>
    element('th', { scope: 'col' }, text),
  );
  made.append(
    element(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'States at this write' },
      element('table', {}, element('thead', {}, element('tr', {}, ...heads)), body),
    ),
  );
  return made;
}

function stateRows(
  trace: TraceStates,
  stage: StageStates,
  row: RowKind,
  own: readonly Stretch[],
): HTMLElement[] {
  const byBoot = new Map<number, { states: number; first: string }>();
  for (const { by, states, id } of own) {
    const known = byBoot.get(by);
    byBoot.set(by, { states: (known?.states ?? 0) + states, first: known?.first ?? id });
  }
  const all = [...byBoot].sort((a, b) => b[1].states - a[1].states);
  // Failures are never among those that are left out.
  const shown = all.filter(([by], i) => i < mostBoots || isFailure(stage, by));
  const rest = all.length - shown.length;
  const rows = shown.map(([by, { states, first }], i) => {
    const boot = stage.boots[by];
    const token = `${trace.token}:${trace.name}${trace.after === undefined ? '.' : ''}${first}`;
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, i === 0 ? rowNames[row] : ''),
      element('td', { class: 'number' }, states.toLocaleString('en-US')),
      element(
        'td',
        {},
        element(
          'span',
          { class: `mark ${boot?.verdict ?? 'unknown'}` },
          boot === undefined
            ? by === -1
              ? 'undecided'
              : 'given up'
            : boot.verdict === 'known'
              ? `${boot.outcome} (known)`
              : boot.outcome,
        ),
      ),
      element('td', {}, isDecided(by) ? element('code', {}, boot?.cut ?? '') : ''),
      element(
        'td',
        {},
        element(
          'button',
          { type: 'button', class: 'small', 'data-copy': token, 'aria-label': `Copy the token of ${first}` },
          'token',
        ),
      ),
    );
  });
  return rest > 0
    ? [...rows, element('tr', {}, element('td', { colspan: '5', class: 'quiet' }, `and ${rest} more boots`))]
    : rows;
}

/** Also one that is on the list of known findings. */
function isFailure({ boots }: StageStates, by: number): boolean {
  const verdict = boots[by]?.verdict;
  return verdict === 'failed' || verdict === 'known';
}

function byRow(stretches: readonly Stretch[]): [RowKind, Stretch[]][] {
  const rows = new Map<RowKind, Stretch[]>();
  for (const stretch of stretches) rows.set(stretch.row, [...(rows.get(stretch.row) ?? []), stretch]);
  return [...rows];
}

/** The writes of a view with their states, as far as a table can be read. */
export function writeTable(
  trace: TraceStates,
  stage: StageStates,
  model: MapModel,
  view: Viewport,
): HTMLElement {
  const from = Math.max(0, Math.floor(view.from));
  const to = Math.min(model.writes, Math.ceil(view.to));
  const columns = Array.from({ length: Math.min(mostRows, to - from) }, (_, i) => from + i);
  const rows = columns.map((column) => {
    const [, disk, , sectors = 0, issued = 0, , place = -1] = trace.writes[column] ?? [];
    const phase = trace.phases.find((one) => issued >= one.from && issued < one.to);
    const own = model.at(column);
    const sum = (wanted: (by: number) => boolean) =>
      own.reduce((all, { by, states }) => all + (wanted(by) ? states : 0), 0);
    const cells = [
      phase?.phase ?? '',
      `${trace.disks[disk ?? 0]?.id ?? ''}, ${trace.places[place] ?? 'nobody knows where'}`,
      bytesText(sectors * 512),
      ...[
        (by: number) => stage.boots[by]?.verdict === 'passed',
        (by: number) => isFailure(stage, by),
        (by: number) => !isDecided(by),
      ].map((wanted) => sum(wanted).toLocaleString('en-US')),
    ];
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, String(column + 1)),
      ...cells.map((text) => element('td', {}, text)),
    );
  });
  const heads = ['Write', 'Phase', 'Where', 'Size', 'Pass', 'Fail', 'Open'].map((text) =>
    element('th', { scope: 'col' }, text),
  );
  const more = to - from - columns.length;
  return element(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'The writes in view' },
    element('table', {}, element('thead', {}, element('tr', {}, ...heads)), element('tbody', {}, ...rows)),
    ...(more > 0 ? [element('p', { class: 'quiet' }, `and ${more} more: zoom in to have them here`)] : []),
  );
}

function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1 << 20
    ? `${(bytes / 1024).toLocaleString('en-US')} KiB`
    : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}
