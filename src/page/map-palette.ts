/** Colours and patterns of the page's theme. */
export class Palette {
  private readonly probe: HTMLElement;
  private readonly colours = new Map<string, string>();
  private readonly made = new Map<string, string | CanvasPattern>();
  private readonly context: CanvasRenderingContext2D;
  readonly ratio: number;

  /** `probe`: an element that nobody sees, of the page's theme. */
  constructor(probe: HTMLElement, context: CanvasRenderingContext2D, ratio: number) {
    this.probe = probe;
    this.context = context;
    this.ratio = ratio;
  }

  colour(name: string): string {
    const known = this.colours.get(name);
    if (known !== undefined) return known;
    // A custom property is text; only a property of the browser's own is resolved to a colour.
    this.probe.style.color = `var(--map-${name})`;
    const found = getComputedStyle(this.probe).color;
    this.colours.set(name, found);
    return found;
  }

  /** What a category is filled with: failures and what is open have a pattern besides their colour. */
  fill(key: string): string | CanvasPattern {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const made = this.make(key);
    this.made.set(key, made);
    return made;
  }

  private make(key: string): string | CanvasPattern {
    const colour = this.colour(key);
    const isPlain = !key.startsWith('fail') && key !== 'open' && key !== 'given-up';
    if (isPlain) return colour;
    const size = 8 * this.ratio;
    const tile = new OffscreenCanvas(size, size);
    const draw = tile.getContext('2d');
    if (draw === null) return colour;
    draw.fillStyle = colour;
    draw.fillRect(0, 0, size, size);
    draw.strokeStyle = this.colour(key.startsWith('fail') ? 'fail-line' : `${key}-line`);
    draw.fillStyle = draw.strokeStyle;
    draw.lineWidth = 1.4 * this.ratio;
    if (key === 'given-up') {
      draw.beginPath();
      draw.arc(size / 2, size / 2, 1.3 * this.ratio, 0, 7);
      draw.fill();
    } else
      for (const shift of [-size, 0, size]) {
        draw.beginPath();
        const [a, b] = key === 'open' ? [0, size] : [size, 0];
        draw.moveTo(shift + a, -1);
        draw.lineTo(shift + b, size + 1);
        draw.stroke();
      }
    const pattern = this.context.createPattern(tile, 'repeat');
    pattern?.setTransform(new DOMMatrix().scale(1 / this.ratio));
    return pattern ?? colour;
  }
}
