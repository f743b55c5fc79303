import { select } from 'd3-selection';
import { type D3ZoomEvent, type ZoomTransform, zoom, zoomIdentity } from 'd3-zoom';
import type { StageName } from '../model/record.ts';
import type { StageStates, StatesRecord, TraceStates } from '../model/states.ts';
import { element, tell } from './dom.ts';
import { embedded } from './embedded.ts';
import { writeDetail, writeTable } from './map-detail.ts';
import { type ColourBy, type MapModel, mapModel } from './map-model.ts';
import { type Picture, type Pin, paint, pictureHeight, type Viewport } from './map-paint.ts';
import { Palette } from './map-palette.ts';

/** A finding, and the state that shows it. */
interface Finding {
  number: number;
  state: string;
  text: string;
}

const stageNames: Record<StageName, string> = {
  whole: 'does it come back whole?',
  retry: 'can the upgrade be done again?',
  'second-cut': 'does it come back whole from a second cut?',
  'third-cut': 'and from a third one?',
  'fourth-cut': 'and from a fourth one?',
  'reset-storm': 'does it stand a reset storm?',
};

/** A write takes at most so many CSS pixels. */
const mostPixels = 160;

/** Shows the cut map, where the page has one. */
export async function showMap(): Promise<void> {
  const root = document.querySelector<HTMLElement>('[data-cut-map]');
  const [states, findings] = await Promise.all([embedded('states'), embedded('findings')]);
  if (root === null || states === undefined) return;
  new MapView(root, JSON.parse(states) as StatesRecord, JSON.parse(findings ?? '[]') as Finding[]);
}

/** As people count: `p2` before `p10`. */
function byName(one: TraceStates, other: TraceStates): number {
  return one.name.localeCompare(other.name, 'en', { numeric: true });
}

class MapView {
  private readonly root: HTMLElement;
  private readonly states: StatesRecord;
  private readonly findings: readonly Finding[];
  private readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private trace: TraceStates;
  private stage: StageStates;
  private colour: ColourBy = 'outcome';
  private model: MapModel;
  private pins: Pin[] = [];
  private transform: ZoomTransform = zoomIdentity;
  private selected: number | undefined;
  /** Whether the reader has chosen the write, so that pointing at others does not change it. */
  private held = false;
  private drawing = 0;
  private palette: Palette | undefined;
  private readonly zoomer;

  constructor(root: HTMLElement, states: StatesRecord, findings: readonly Finding[]) {
    this.root = root;
    this.states = { ...states, traces: [...states.traces].sort(byName) };
    this.findings = findings;
    this.canvas = this.part('canvas') as HTMLCanvasElement;
    this.context = this.canvas.getContext('2d') as CanvasRenderingContext2D;
    this.trace = this.states.traces[0] as TraceStates;
    this.stage = this.trace.stages[0] as StageStates;
    this.model = mapModel(this.trace, this.stage, this.colour);
    this.zoomer = zoom<HTMLCanvasElement, unknown>()
      // A wheel alone scrolls the page.
      .filter((event: MouseEvent) =>
        event.type === 'wheel' ? event.ctrlKey || event.metaKey : event.button === 0,
      )
      .on('zoom', (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
        this.transform = event.transform;
        this.draw();
      });
    select(this.canvas).call(this.zoomer).on('dblclick.zoom', null);
    this.choices();
    this.take(this.trace, this.stage);
    this.listen();
  }

  private part(name: string): HTMLElement {
    return this.root.querySelector(`[data-map="${name}"]`) as HTMLElement;
  }

  private choices(): void {
    const traces = this.part('trace') as HTMLSelectElement;
    const text = ({ name, releases, recording, after }: TraceStates) =>
      [
        releases.join(' → '),
        ...(recording === undefined ? [] : [recording]),
        ...(after === undefined ? [] : [`after the cut ${after}`]),
      ].join(', ') + ` (${name})`;
    traces.replaceChildren(
      ...this.states.traces.map((trace, i) => element('option', { value: String(i) }, text(trace))),
    );
    traces.addEventListener('change', () => {
      const trace = this.states.traces[Number(traces.value)];
      if (trace !== undefined) this.take(trace, trace.stages[0]);
    });
    const stages = this.part('stage') as HTMLSelectElement;
    stages.addEventListener('change', () => this.take(this.trace, this.trace.stages[Number(stages.value)]));
    const colour = this.part('colour') as HTMLSelectElement;
    colour.addEventListener('change', () => {
      this.colour = colour.value === 'boot' ? 'boot' : 'outcome';
      this.take(this.trace, this.stage);
    });
  }

  /** Shows a question of a trace. */
  private take(trace: TraceStates, stage: StageStates | undefined): void {
    if (stage === undefined) return;
    const isOther = trace !== this.trace;
    this.trace = trace;
    this.stage = stage;
    this.model = mapModel(trace, stage, this.colour);
    this.pins = this.findings.flatMap(({ number, state }) => {
      const column = this.columnOf(state);
      return column === undefined ? [] : [{ number, column }];
    });
    (this.part('trace') as HTMLSelectElement).value = String(this.states.traces.indexOf(trace));
    const stages = this.part('stage') as HTMLSelectElement;
    stages.replaceChildren(
      ...trace.stages.map(({ name }, i) => element('option', { value: String(i) }, stageNames[name])),
    );
    stages.value = String(trace.stages.indexOf(stage));
    this.legend();
    if (isOther) {
      this.selected = undefined;
      this.held = false;
    }
    this.size();
    if (isOther || this.transform === zoomIdentity) this.fit();
    this.tellSelected();
    this.draw();
  }

  /** The write that a state of the run is at, in this trace. */
  private columnOf(state: string): number | undefined {
    const begin = `${this.trace.name}${this.trace.after === undefined ? '.' : ''}`;
    return state.startsWith(begin) ? this.model.placeOf(state.slice(begin.length))?.column : undefined;
  }

  private legend(): void {
    const { categories } = this.model;
    const items =
      this.colour === 'boot'
        ? [
            element(
              'span',
              { class: 'key' },
              `${this.stage.boots.length} boots, neighbours in colours of their own`,
            ),
          ]
        : [];
    for (const { key, name, states } of categories)
      if (name !== '')
        items.push(
          element(
            'span',
            { class: 'key' },
            element('i', { class: `swatch ${key}` }),
            `${name} `,
            element('b', {}, states.toLocaleString('en-US')),
          ),
        );
    this.part('legend').replaceChildren(...items);
  }

  private get width(): number {
    return this.canvas.clientWidth;
  }

  private size(): void {
    const { width } = this;
    const most = Math.max(1, (mostPixels * this.model.writes) / Math.max(1, width));
    this.canvas.style.height = `${pictureHeight({ model: this.model, trace: this.trace })}px`;
    this.zoomer
      .extent([
        [0, 0],
        [width, 1],
      ])
      .translateExtent([
        [0, 0],
        [width, 1],
      ])
      .scaleExtent([1, most]);
  }

  private get view(): Viewport {
    const scale = this.model.writes / Math.max(1, this.width);
    const { x, k } = this.transform;
    return { from: (-x / k) * scale, to: ((this.width - x) / k) * scale };
  }

  /** Shows some of the writes; those of the phases that are cut where nothing is said. */
  private fit(wanted?: Viewport): void {
    const cut = this.trace.phases.filter((phase) => phase.cut);
    const { columnOf, writes } = this.model;
    const { from, to } = wanted ?? {
      from: Math.max(0, columnOf(cut[0]?.from ?? 0) - 2),
      to: Math.min(writes, columnOf(cut.at(-1)?.to ?? Number.POSITIVE_INFINITY) + 2),
    };
    const k = writes / Math.max(1, to - from);
    const x = -(from / writes) * this.width * k;
    this.zoomer.transform(select(this.canvas), zoomIdentity.translate(x, 0).scale(k));
  }

  private draw(): void {
    if (this.drawing !== 0) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = 0;
      const { canvas, context, model, trace, width, view, pins, selected } = this;
      const ratio = window.devicePixelRatio;
      const height = pictureHeight({ model, trace });
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const picture: Picture = { trace, model, view, pins, selected, width };
      if (this.palette?.ratio !== ratio) this.palette = new Palette(this.part('probe'), context, ratio);
      paint(context, picture, this.palette);
      if (this.part('table').closest('details')?.open === true) this.tabulate();
    });
  }

  private tabulate(): void {
    this.part('table').replaceChildren(writeTable(this.trace, this.stage, this.model, this.view));
  }

  private choose(column: number | undefined, held: boolean): void {
    this.selected = column;
    this.held = held && column !== undefined;
    this.tellSelected();
    this.draw();
  }

  private tellSelected(): void {
    const { selected } = this;
    if (selected === undefined) return;
    this.part('detail').replaceChildren(writeDetail(this.trace, this.stage, this.model, selected));
  }

  /** Brings a write into view. */
  private reach(column: number): void {
    const { from, to } = this.view;
    if (column < from || column + 1 > to) {
      const half = (to - from) / 2;
      const begin = Math.min(Math.max(0, column + 0.5 - half), Math.max(0, this.model.writes - 2 * half));
      this.fit({ from: begin, to: begin + 2 * half });
    }
  }

  private zoomBy(factor: number): void {
    const { from, to } = this.view;
    const middle = this.selected === undefined ? (from + to) / 2 : this.selected + 0.5;
    const at = ((middle - from) / (to - from)) * this.width;
    this.zoomer.scaleBy(select(this.canvas), factor, [at, 0]);
  }

  private listen(): void {
    const { canvas } = this;
    const at = (event: PointerEvent | MouseEvent) => {
      const { from, to } = this.view;
      const column = Math.floor(from + (event.offsetX / this.width) * (to - from));
      return column >= 0 && column < this.model.writes ? column : undefined;
    };
    canvas.addEventListener('pointermove', (event) => {
      if (!this.held && event.buttons === 0) this.choose(at(event), false);
    });
    canvas.addEventListener('click', (event) => {
      const column = at(event);
      this.choose(column, !(this.held && column === this.selected));
    });
    canvas.addEventListener('keydown', (event) => {
      if (this.key(event.key)) event.preventDefault();
    });
    this.part('in').addEventListener('click', () => this.zoomBy(2));
    this.part('out').addEventListener('click', () => this.zoomBy(0.5));
    this.part('fit').addEventListener('click', () => this.fit({ from: 0, to: this.model.writes }));
    this.part('table')
      .closest('details')
      ?.addEventListener('toggle', () => this.draw());
    document.addEventListener('click', (event) => {
      const button =
        event.target instanceof Element ? event.target.closest<HTMLElement>('[data-show-cut]') : null;
      if (button !== null) this.showState(button.dataset['showCut'] ?? '');
    });
    new ResizeObserver(() => {
      const seen = this.view;
      this.size();
      this.fit({ from: Math.max(0, seen.from), to: Math.min(this.model.writes, seen.to) });
    }).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.palette = undefined;
      this.draw();
    });
  }

  /** Whether a key means something here. */
  private key(key: string): boolean {
    const { model, trace, selected } = this;
    const now = selected ?? Math.floor(this.view.from);
    const go = (column: number | undefined) => {
      if (column === undefined) return true;
      const inside = Math.min(Math.max(0, column), model.writes - 1);
      this.choose(inside, true);
      this.reach(inside);
      return true;
    };
    const starts = trace.phases.map(({ from }) => model.columnOf(from));
    switch (key) {
      case 'ArrowRight':
        return go(selected === undefined ? now : now + 1);
      case 'ArrowLeft':
        return go(now - 1);
      case 'Home':
        return go(0);
      case 'End':
        return go(model.writes - 1);
      case 'PageDown':
        return go(starts.find((start) => start > now));
      case 'PageUp':
        return go(starts.findLast((start) => start < now));
      case 'n':
      case 'N':
        return go(this.nextPin(now, 1));
      case 'p':
      case 'P':
        return go(this.nextPin(now, -1));
      case '+':
      case '=':
        this.zoomBy(2);
        return true;
      case '-':
        this.zoomBy(0.5);
        return true;
      case '0':
        this.fit({ from: 0, to: model.writes });
        return true;
      case 'Escape':
        this.choose(undefined, false);
        return true;
      default:
        return false;
    }
  }

  private nextPin(now: number, step: 1 | -1): number | undefined {
    const columns = this.pins.map(({ column }) => column).sort((a, b) => a - b);
    const next =
      step === 1 ? columns.find((column) => column > now) : columns.findLast((column) => column < now);
    if (next === undefined) tell('No further finding in this log');
    return next;
  }

  /** Goes to a state of the run, in whichever trace it is. */
  private showState(state: string): void {
    const trace =
      this.states.traces.findLast(({ name, after }) =>
        state.startsWith(`${name}${after === undefined ? '.' : ''}`),
      ) ?? this.trace;
    if (trace !== this.trace) this.take(trace, trace.stages[0]);
    const column = this.columnOf(state);
    this.root.scrollIntoView({
      block: 'start',
      behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth',
    });
    if (column === undefined) {
      tell('This state is in none of the recorded logs');
      return;
    }
    const half = Math.max(10, Math.min(this.model.writes, this.width / 24) / 2);
    this.fit({ from: Math.max(0, column - half), to: Math.min(this.model.writes, column + half) });
    this.choose(column, true);
    this.canvas.focus({ preventScroll: true });
  }
}
