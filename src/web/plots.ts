/** Plots on one time axis, with one crosshair for all, and the latest values below. */
import { element, setText } from './dom.js';
import { EVENT_GLYPHS } from './events.js';
import { clockTime, shortNumber } from './format.js';
import type { PlotMark } from './plot-marks.js';
import type { Point } from './series.js';
import uPlot from './uplot.js';

const HEIGHT = 190;
const LOW_HEIGHT = 120;
const CROSSHAIR = 'store';
/** On a shorter axis the ticks are less than a minute apart. */
const WITH_SECONDS_MAX = 400;
/** Just now a value may not have come yet. */
const LATEST_POINTS = 3;
/** A canvas keeps its colours until it is drawn again, which may be never where news are lost. */
const COLOUR_CHANGES = [matchMedia('(prefers-color-scheme: dark)'), matchMedia('print')];

/** Something that lasts, drawn as a band under the plot's top. */
export interface PlotBand {
  readonly fromSecond: number;
  readonly toSecond: number;
  readonly text: string;
}

export interface PlotLine {
  readonly label: string;
  /** The name of its colour in the style sheet. */
  readonly colour: string;
  readonly dash?: readonly number[];
  readonly isFilled?: boolean;
  readonly isStepped?: boolean;
}

export interface TimePlotOptions {
  readonly title: string;
  readonly lines: readonly PlotLine[];
  readonly isLow?: boolean;
  /** Lines that are nothing but zero are left out of the legend. */
  readonly hidesZero?: boolean;
  readonly format?: (value: number) => string;
}

/** What a plot shows. */
export interface PlotContent {
  /** Unix seconds. */
  readonly lastSecond: number;
  /** So many seconds up to the last one. */
  readonly spanSeconds: number;
  /** Each ends at the last second. */
  readonly lines: ReadonlyArray<readonly Point[]>;
  readonly marks: readonly PlotMark[];
  readonly bands: readonly PlotBand[];
}

export class TimePlot {
  readonly node: HTMLElement;
  readonly #plot: uPlot;
  readonly #resized: ResizeObserver;
  readonly #format: (value: number) => string;
  readonly #legendTime = element('span', { class: 'legend-time' });
  readonly #legendValues: readonly HTMLElement[];
  readonly #legendKeys: readonly HTMLElement[];
  readonly #hidesZero: boolean;
  #drawnSecond = 0;
  #spanSeconds = 0;
  #marks: readonly PlotMark[] = [];
  #bands: readonly PlotBand[] = [];

  constructor(given: TimePlotOptions) {
    const { title, lines, isLow = false, hidesZero = false, format = shortNumber } = given;
    this.#format = format;
    this.#hidesZero = hidesZero;
    this.#legendValues = lines.map(() => element('strong'));
    this.#legendKeys = lines.map(({ label, colour, dash }, at) => {
      const swatch = element('i', {
        class: `swatch ${colour}${dash === undefined ? '' : ' dashed'}`,
      });
      return element('span', { class: 'legend-key' }, swatch, label, ' ', this.#legendValues[at]!);
    });
    const canvas = element('div');
    const legend = element('div', { class: 'legend' }, ...this.#legendKeys, this.#legendTime);
    this.node = element('div', { class: 'plot' }, element('h2', {}, title), canvas, legend);
    const height = isLow ? LOW_HEIGHT : HEIGHT;
    const options: uPlot.Options = {
      width: 600,
      height,
      cursor: { sync: { key: CROSSHAIR }, drag: { x: false, y: false } },
      scales: { x: { time: true }, y: { range: (_, __, highest) => [0, (highest || 1) * 1.1] } },
      legend: { show: false },
      axes: [
        {
          ...axis(),
          size: 30,
          values: (_, seconds) => seconds.map((second) => this.#tick(second)),
        },
        { ...axis(), size: 64, values: (_, values) => values.map((value) => format(value)) },
      ],
      series: [{}, ...lines.map(seriesOf)],
      hooks: { draw: [(plot) => this.#drawMarks(plot)], setCursor: [() => this.#writeLegend()] },
    };
    this.#plot = new uPlot(options, [[], ...lines.map(() => [])] as uPlot.AlignedData, canvas);
    this.#resized = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0) this.#plot.setSize({ width, height });
    });
    this.#resized.observe(canvas);
    for (const change of COLOUR_CHANGES) change.addEventListener('change', this.#recoloured);
  }

  draw({ lastSecond, spanSeconds, lines, marks, bands }: PlotContent): void {
    // There is nothing new before the next second.
    if (lastSecond === this.#drawnSecond && spanSeconds === this.#spanSeconds) return;
    this.#drawnSecond = lastSecond;
    this.#spanSeconds = spanSeconds;
    this.#marks = marks;
    this.#bands = bands;
    const first = lastSecond - spanSeconds + 1;
    const seconds = Array.from({ length: spanSeconds }, (_, index) => first + index);
    const shown = lines.map((line) => line.slice(-spanSeconds));
    this.#plot.setData([seconds, ...shown] as uPlot.AlignedData);
    this.#writeLegend();
  }

  /** The values under the crosshair, or the latest. */
  #writeLegend(): void {
    const [seconds, ...lines] = this.#plot.data;
    const { idx } = this.#plot.cursor;
    const isPointed = typeof idx === 'number';
    const at = isPointed ? idx : this.#latest();
    const second = seconds[at];
    const time = second === undefined ? '' : `at ${clockTime(second * 1_000)}`;
    setText(this.#legendTime, isPointed ? time : 'now');
    for (const [index, line] of lines.entries()) {
      const value = line[at];
      const isIdle = this.#hidesZero && !line.some((point) => point);
      this.#legendKeys[index]!.hidden = isIdle;
      setText(this.#legendValues[index]!, typeof value === 'number' ? this.#format(value) : '–');
    }
  }

  #latest(): number {
    const [seconds, ...lines] = this.#plot.data;
    const last = seconds.length - 1;
    for (let at = last; at > last - LATEST_POINTS && at > 0; at--) {
      if (lines.some((line) => typeof line[at] === 'number')) return at;
    }
    return last;
  }

  #tick(second: number): string {
    const time = clockTime(second * 1_000);
    return this.#spanSeconds < WITH_SECONDS_MAX ? time : time.slice(0, 5);
  }

  destroy(): void {
    for (const change of COLOUR_CHANGES) change.removeEventListener('change', this.#recoloured);
    this.#resized.disconnect();
    this.#plot.destroy();
  }

  readonly #recoloured = (): void => this.#plot.redraw();

  #drawMarks(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const { left, top, width, height } = bbox;
    const place = (second: number): number =>
      Math.min(left + width, Math.max(left, plot.valToPos(second, 'x', true)));
    ctx.save();
    ctx.fillStyle = colourOf('band');
    for (const { fromSecond, toSecond } of this.#bands) {
      const from = place(fromSecond);
      ctx.fillRect(from, top, Math.max(1, place(toSecond) - from), height);
    }
    ctx.strokeStyle = colourOf('mark');
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.fillStyle = colourOf('mark');
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'top';
    const glyphHeight = 13 * devicePixelRatio;
    for (const { second, kind } of this.#marks) {
      const x = place(second);
      ctx.fillText(EVENT_GLYPHS[kind] ?? '·', x, top);
      ctx.beginPath();
      ctx.moveTo(x, top + glyphHeight);
      ctx.lineTo(x, top + height);
      ctx.stroke();
    }
    ctx.restore();
  }
}

function axis(): uPlot.Axis {
  return {
    stroke: () => colourOf('muted'),
    grid: { stroke: () => colourOf('grid'), width: 1 },
    ticks: { stroke: () => colourOf('grid'), width: 1 },
    font: '12px system-ui, sans-serif',
  };
}

function seriesOf(line: PlotLine): uPlot.Series {
  const { label, colour, dash, isFilled = false, isStepped = false } = line;
  return {
    label,
    stroke: () => colourOf(colour),
    width: 1.5,
    points: { show: false },
    ...(dash !== undefined && { dash: [...dash] }),
    ...(isFilled && { fill: () => `${colourOf(colour)}22` }),
    ...(isStepped &&
      uPlot.paths.stepped !== undefined && { paths: uPlot.paths.stepped({ align: 1 }) }),
  };
}

/** Of the colour scheme in force. */
function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
