/** A small line of the last two minutes, with its threshold. */
import type { MetricSeries } from './series.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 120;
const HEIGHT = 22;

export class Sparkline {
  readonly node: SVGSVGElement;
  readonly #value: SVGPathElement;
  readonly #threshold: SVGPathElement;

  constructor() {
    this.node = document.createElementNS(SVG, 'svg');
    this.node.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.node.setAttribute('class', 'spark');
    this.node.setAttribute('aria-hidden', 'true');
    this.#threshold = document.createElementNS(SVG, 'path');
    this.#threshold.setAttribute('class', 'spark-threshold');
    this.#value = document.createElementNS(SVG, 'path');
    this.#value.setAttribute('class', 'spark-value');
    this.node.append(this.#threshold, this.#value);
  }

  draw(series: MetricSeries): void {
    const values = series.values.slice(-WIDTH);
    const thresholds = series.thresholds.slice(-WIDTH);
    const numbers = [...values, ...thresholds].filter((value) => value !== null);
    const highest = Math.max(...numbers, Number.MIN_VALUE) * 1.15;
    const y = (value: number): string => (HEIGHT - 1 - (value / highest) * (HEIGHT - 2)).toFixed(1);
    this.#value.setAttribute('d', pathOf(values, y));
    this.#threshold.setAttribute('d', pathOf(thresholds, y));
  }
}

/** With gaps where there are gaps. */
function pathOf(points: ReadonlyArray<number | null>, y: (value: number) => string): string {
  let path = '';
  let isDrawing = false;
  for (const [x, value] of points.entries()) {
    if (value === null) isDrawing = false;
    else {
      path += `${isDrawing ? 'L' : 'M'}${x} ${y(value)}`;
      if (!isDrawing) path += `h0.5`;
      isDrawing = true;
    }
  }
  return path;
}
