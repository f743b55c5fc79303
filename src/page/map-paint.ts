import type { TraceStates } from '../model/states.ts';
import { visibleText } from '../report/page/html.ts';
import type { MapModel, MapRow, RowKind, Stretch } from './map-model.ts';
import type { Palette } from './map-palette.ts';

/** What is seen of the log: writes from one to before another, in fractions. */
export interface Viewport {
  from: number;
  to: number;
}

/** A finding's place. */
export interface Pin {
  number: number;
  column: number;
}

/** Everything that one picture shows. */
export interface Picture {
  trace: TraceStates;
  model: MapModel;
  view: Viewport;
  pins: readonly Pin[];
  /** The write that the reader looks at. */
  selected: number | undefined;
  /** In CSS pixels. */
  width: number;
}

/** What each row is called. */
export const rowNames: Record<RowKind, string> = {
  prefix: 'nothing lost',
  none: 'all un-flushed lost',
  'all-but': 'one write lost',
  only: 'one write kept',
  subset: 'several lost',
  torn: 'one write torn',
};

const heights: Record<RowKind, number> = {
  prefix: 26,
  none: 26,
  'all-but': 26,
  only: 26,
  subset: 26,
  torn: 92,
};
const labelHeight = 20;
const laneHeight = 16;
const mostLanes = 7;
const font = '12px system-ui, sans-serif';
/** Width of a write from which on its own sectors are drawn. */
const closeUp = 6;

/** Partitions that are written to, those with the most writes first; the rest share a lane. */
function lanesOf({ writes, places }: TraceStates): { names: string[]; laneOf: number[] } {
  const names = writes.map(
    ([, , , , , , place]) => /^[^:]{1,40}(?=: )/.exec(places[place] ?? '')?.[0] ?? 'elsewhere',
  );
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const all = [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const shown = all.length > mostLanes ? [...all.slice(0, mostLanes - 1), 'elsewhere'] : all;
  return {
    names: shown,
    laneOf: names.map((name) => (shown.includes(name) ? shown.indexOf(name) : shown.length - 1)),
  };
}

/** How tall a picture is, in CSS pixels. */
export function pictureHeight({ model, trace }: Pick<Picture, 'model' | 'trace'>): number {
  const rows = model.rows.reduce((sum, { kind }) => sum + labelHeight + heights[kind], 0);
  return headHeight + labelHeight + lanesOf(trace).names.length * laneHeight + 14 + rows + footHeight;
}

/** Pins, upgrades and phases. */
const headHeight = 24 + 20 + 22;
/** The numbers of writes. */
const footHeight = 26;

/** Draws the picture from the top to the bottom. */
export function paint(context: CanvasRenderingContext2D, picture: Picture, palette: Palette): void {
  const { width, model } = picture;
  const height = pictureHeight(picture);
  context.clearRect(0, 0, width, height);
  context.font = font;
  context.textBaseline = 'middle';
  const x = (column: number) =>
    ((column - picture.view.from) / (picture.view.to - picture.view.from)) * width;
  const top = paintHead(context, picture, palette, x, height);
  let y = paintLanes(context, picture, palette, x, top);
  for (const row of model.rows) y = paintRow(context, picture, row, palette, x, y);
  paintNumbers(context, picture, palette, x, y);
  paintSelection(context, picture, palette, x, height);
  paintPins(context, picture, palette, x, height);
}

type Scale = (column: number) => number;

function paintHead(
  context: CanvasRenderingContext2D,
  { trace, model, width }: Picture,
  palette: Palette,
  x: Scale,
  height: number,
): number {
  let upgrade = '';
  trace.phases.forEach((phase, i) => {
    const [from, to] = [x(model.columnOf(phase.from)), x(model.columnOf(phase.to))];
    if (to < 0 || from > width) return;
    context.fillStyle = palette.colour(!phase.cut ? 'uncut' : i % 2 === 0 ? 'band-a' : 'band-b');
    context.fillRect(from, 44, to - from, height - 44 - footHeight);
    context.fillStyle = palette.colour('phase');
    context.fillRect(from, 44, 1, height - 44 - footHeight);
    label(
      context,
      palette,
      phase.cut ? phase.phase : `${phase.phase} (not cut)`,
      Math.max(from, 0) + 5,
      56,
      Math.min(to, width) - Math.max(from, 0) - 8,
      'text',
    );
    if (phase.upgrade === upgrade) return;
    upgrade = phase.upgrade;
    const last = trace.phases.findLast((other) => other.upgrade === upgrade) ?? phase;
    const end = Math.min(width, x(model.columnOf(last.to)));
    context.fillStyle = palette.colour('phase');
    context.fillRect(Math.max(0, from), 42, end - Math.max(0, from), 2);
    label(
      context,
      palette,
      upgrade.replace('->', ' → '),
      Math.max(from, 0) + 5,
      33,
      end - Math.max(from, 0) - 8,
      'text',
      600,
    );
  });
  return headHeight;
}

/** Where writes went, and the flushes between them. */
function paintLanes(
  context: CanvasRenderingContext2D,
  { trace, model, width, view }: Picture,
  palette: Palette,
  x: Scale,
  top: number,
): number {
  const { names, laneOf } = lanesOf(trace);
  label(context, palette, 'where each write went', 5, top + labelHeight / 2 + 2, width, 'muted');
  const begin = top + labelHeight;
  const [first, last] = seen(view, model.writes);
  const wide = Math.max(1, x(1) - x(0) - (x(1) - x(0) > 4 ? 1 : 0));
  context.fillStyle = palette.colour('write');
  for (let column = first; column < last; column += 1) {
    const sectors = trace.writes[column]?.[3] ?? 1;
    const tall = Math.min(laneHeight - 3, 3 + Math.log2(Math.max(1, sectors)));
    const y = begin + (laneOf[column] ?? 0) * laneHeight + (laneHeight - tall) / 2;
    context.fillRect(x(column), y, wide, tall);
  }
  names.forEach((name, lane) => {
    const y = begin + lane * laneHeight;
    context.fillStyle = palette.colour('hair');
    context.fillRect(0, y + laneHeight - 0.5, width, 0.5);
    label(context, palette, name, 5, y + laneHeight / 2, 160, 'text', 400, true);
  });
  const ticks = begin + names.length * laneHeight;
  context.fillStyle = palette.colour('flush');
  for (const [, , , completed] of trace.flushes) {
    if (completed < 0) continue;
    const at = x(model.columnOf(completed));
    if (at >= 0 && at <= width) context.fillRect(at - 0.5, ticks + 2, 1, 10);
  }
  label(context, palette, 'flushes', 5, ticks + 7, 100, 'muted', 400, true);
  return ticks + 14;
}

function paintRow(
  context: CanvasRenderingContext2D,
  { model, width, view }: Picture,
  row: MapRow,
  palette: Palette,
  x: Scale,
  top: number,
): number {
  const text = rowNames[row.kind];
  const middle = top + labelHeight / 2 + 1;
  label(context, palette, text, 5, middle, width * 0.6, 'text');
  const states = `${row.states.toLocaleString('en-US')} state${row.states === 1 ? '' : 's'}`;
  label(context, palette, states, width - 5 - context.measureText(states).width, middle, 160, 'muted');
  const y = top + labelHeight;
  const height = heights[row.kind];
  context.fillStyle = palette.colour('ground');
  context.fillRect(0, y, width, height);
  const [first, last] = seen(view, model.writes);
  const wide = x(1) - x(0);
  if (wide >= 1) {
    const gap = wide > 4 ? 1 : 0;
    for (let column = first; column < last; column += 1)
      if (row.kind === 'torn' && wide >= closeUp)
        paintTorn(context, model, column, palette, { x: x(column), y, width: wide - gap, height });
      else
        paintStack(context, model, row, palette, {
          from: column,
          to: column + 1,
          x: x(column),
          y,
          width: wide - gap + (gap === 0 ? 0.5 : 0),
          height,
        });
  } else {
    for (let pixel = 0; pixel < width; pixel += 1) {
      const scale = (view.to - view.from) / width;
      const from = Math.max(0, Math.floor(view.from + pixel * scale));
      const to = Math.min(model.writes, Math.max(from + 1, Math.floor(view.from + (pixel + 1) * scale)));
      paintStack(context, model, row, palette, { from, to, x: pixel, y, width: 1, height });
    }
  }
  return y + height;
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The shares of what came up, failures on top and never less than two pixels. */
function paintStack(
  context: CanvasRenderingContext2D,
  { categories }: MapModel,
  { before }: MapRow,
  palette: Palette,
  { from, to, x, y, width, height }: Box & { from: number; to: number },
): void {
  const counts = before.map((list) => (list[to] ?? 0) - (list[from] ?? 0));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return;
  let bottom = y + height;
  const failing: number[] = [];
  counts.forEach((count, i) => {
    if (count === 0) return;
    if (categories[i]?.key.startsWith('fail') === true) {
      failing.push(i);
      return;
    }
    const tall = (count / total) * height;
    context.fillStyle = palette.fill(categories[i]?.key ?? '');
    context.fillRect(x, bottom - tall, width, tall);
    bottom -= tall;
  });
  let from0 = y;
  for (const i of failing) {
    const tall = Math.max(3, ((counts[i] ?? 0) / total) * height);
    context.fillStyle = palette.fill(categories[i]?.key ?? '');
    context.fillRect(x, from0, width, tall);
    from0 += tall;
  }
}

/** One write's torn states: each of its own, the first sectors alone on top, then its last, then zeros after the first. */
function paintTorn(
  context: CanvasRenderingContext2D,
  model: MapModel,
  column: number,
  palette: Palette,
  { x, y, width, height }: Box,
): void {
  const own = model.at(column).filter((stretch): stretch is Stretch => stretch.row === 'torn');
  const total = own.reduce((sum, { states }) => sum + states, 0);
  let at = y;
  for (const { by, states } of own) {
    const tall = (states / total) * height;
    context.fillStyle = palette.fill(model.categories[model.categoryOf(by)]?.key ?? '');
    context.fillRect(x, at, width, Math.max(tall, 0.5));
    at += tall;
  }
}

function paintNumbers(
  context: CanvasRenderingContext2D,
  { model, view, width }: Picture,
  palette: Palette,
  x: Scale,
  top: number,
): void {
  const step = niceStep((view.to - view.from) / Math.max(2, width / 90));
  for (
    let column = Math.ceil(view.from / step) * step;
    column <= Math.min(view.to, model.writes);
    column += step
  ) {
    if (column === 0) continue;
    const at = x(column - 0.5);
    context.fillStyle = palette.colour('phase');
    context.fillRect(at, top + 2, 1, 5);
    const text = column.toLocaleString('en-US');
    const room = context.measureText(text).width;
    if (at - room / 2 > 0 && at + room / 2 < width)
      label(context, palette, text, at - room / 2, top + 16, 80, 'muted');
  }
}

function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power;
}

function paintSelection(
  context: CanvasRenderingContext2D,
  { selected }: Picture,
  palette: Palette,
  x: Scale,
  height: number,
): void {
  if (selected === undefined) return;
  const wide = Math.max(3, x(selected + 1) - x(selected));
  context.strokeStyle = palette.colour('select');
  context.lineWidth = 2;
  context.strokeRect(x(selected) - 1, headHeight + 1, wide + 1, height - headHeight - footHeight);
}

function paintPins(
  context: CanvasRenderingContext2D,
  { pins, width }: Picture,
  palette: Palette,
  x: Scale,
  height: number,
): void {
  const columns = [...new Set(pins.map(({ column }) => column))].sort((one, other) => one - other);
  for (const column of columns) {
    const at = x(column + 0.5);
    if (at < -10 || at > width + 10) continue;
    const text = pins
      .filter((pin) => pin.column === column)
      .map(({ number }) => number)
      .join(' · ');
    context.font = `600 ${font}`;
    const half = Math.max(9, context.measureText(text).width / 2 + 5);
    context.strokeStyle = palette.colour('pin');
    context.fillStyle = palette.colour('pin');
    context.lineWidth = 1.5;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(at, 24);
    context.lineTo(at, height - footHeight);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    for (const [dx, y] of [
      [-half, 2],
      [half, 2],
      [half, 17],
      [0, 25],
      [-half, 17],
    ] as const)
      context.lineTo(at + dx, y);
    context.fill();
    context.fillStyle = palette.colour('pin-text');
    context.fillText(text, at - context.measureText(text).width / 2, 11);
    context.font = font;
  }
}

/** Text that is left out where it has no room; on `plate` it stands on a plate of its own. */
function label(
  context: CanvasRenderingContext2D,
  palette: Palette,
  text: string,
  x: number,
  y: number,
  room: number,
  colour: string,
  weight = 400,
  plate = false,
): void {
  context.font = `${weight} ${font}`;
  let shown = visibleText(text).slice(0, 80);
  while (shown.length > 1 && context.measureText(shown).width > room) shown = `${shown.slice(0, -2)}…`;
  if (shown.length > 1 || room > 12) {
    if (plate) {
      context.fillStyle = palette.colour('plate');
      context.fillRect(x - 3, y - 7, context.measureText(shown).width + 6, 14);
    }
    context.fillStyle = palette.colour(colour);
    context.fillText(shown, x, y);
  }
  context.font = font;
}

/** The writes that a view shows any of. */
function seen({ from, to }: Viewport, writes: number): [first: number, last: number] {
  return [Math.max(0, Math.floor(from)), Math.min(writes, Math.ceil(to))];
}
