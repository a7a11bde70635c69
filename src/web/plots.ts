/** Plots of fifteen minutes on one time axis, with one crosshair for all. */
import { clockTime, shortNumber } from './format.js';
import { type Point, SERIES_SECONDS } from './series.js';
import uPlot from './uplot.js';

const HEIGHT = 190;
const LOW_HEIGHT = 120;
const CROSSHAIR = 'store';

/** Something that happened, drawn as a line. */
export interface PlotMark {
  readonly second: number;
  readonly text: string;
}

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
  readonly format?: (value: number) => string;
}

export class TimePlot {
  readonly node: HTMLElement;
  readonly #plot: uPlot;
  readonly #resized: ResizeObserver;
  #drawnSecond = 0;
  #marks: readonly PlotMark[] = [];
  #bands: readonly PlotBand[] = [];

  constructor({ title, lines, isLow = false, format = shortNumber }: TimePlotOptions) {
    this.node = document.createElement('div');
    this.node.className = 'plot';
    const height = isLow ? LOW_HEIGHT : HEIGHT;
    const options: uPlot.Options = {
      title,
      width: 600,
      height,
      cursor: { sync: { key: CROSSHAIR }, drag: { x: false, y: false } },
      scales: { x: { time: true }, y: { range: (_, __, highest) => [0, (highest || 1) * 1.1] } },
      legend: { live: true },
      axes: [
        { ...axis(), values: (_, seconds) => seconds.map(shortClock) },
        { ...axis(), size: 64, values: (_, values) => values.map((value) => format(value)) },
      ],
      series: [
        { value: (_, second) => (second === null ? '' : clockTime(second * 1_000)) },
        ...lines.map((line) => seriesOf(line, format)),
      ],
      hooks: { draw: [(plot) => this.#drawMarks(plot)] },
    };
    this.#plot = new uPlot(options, [[], ...lines.map(() => [])] as uPlot.AlignedData, this.node);
    this.#resized = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0) this.#plot.setSize({ width, height });
    });
    this.#resized.observe(this.node);
  }

  /** Each line has `SERIES_SECONDS` points, the last one at `lastSecond`. */
  draw(
    lastSecond: number,
    lines: ReadonlyArray<readonly Point[]>,
    marks: readonly PlotMark[],
    bands: readonly PlotBand[],
  ): void {
    // There is nothing new before the next second.
    if (lastSecond === this.#drawnSecond) return;
    this.#drawnSecond = lastSecond;
    this.#marks = marks;
    this.#bands = bands;
    const first = lastSecond - SERIES_SECONDS + 1;
    const seconds = Array.from({ length: SERIES_SECONDS }, (_, index) => first + index);
    this.#plot.setData([seconds, ...lines.map((line) => [...line])] as uPlot.AlignedData);
  }

  destroy(): void {
    this.#resized.disconnect();
    this.#plot.destroy();
  }

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
    const [earliest = 0] = plot.data[0];
    for (const { second } of this.#marks) {
      if (second < earliest) continue;
      ctx.beginPath();
      ctx.moveTo(place(second), top);
      ctx.lineTo(place(second), top + height);
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

function seriesOf(line: PlotLine, format: (value: number) => string): uPlot.Series {
  const { label, colour, dash, isFilled = false, isStepped = false } = line;
  return {
    label,
    stroke: () => colourOf(colour),
    width: 1.5,
    points: { show: false },
    value: (_, value) => (value === null ? '' : format(value)),
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

function shortClock(second: number): string {
  return new Date(second * 1_000).toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
  });
}
