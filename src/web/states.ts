/** How a state looks: a shape and a word before it is a colour. */
import type { StoreRow, StoreState } from './topics.js';

interface StateLook {
  readonly glyph: string;
  readonly word: string;
}

export const STATE_LOOKS: Readonly<Record<StoreState, StateLook>> = {
  above: { glyph: '✕', word: 'above' },
  error: { glyph: '!', word: 'error' },
  'not read yet': { glyph: '…', word: 'not read yet' },
  unknown: { glyph: '?', word: 'unknown' },
  within: { glyph: '○', word: 'fine' },
};

const WORST_FIRST = Object.keys(STATE_LOOKS) as StoreState[];

/** The metric that decides: the worst of those that are enforced. */
export function decidingMetric({ Metrics }: StoreRow) {
  const enforced = Metrics.filter(({ Mode }) => Mode !== 'observe');
  const rank = (state: StoreState): number => WORST_FIRST.indexOf(state);
  return (enforced.length > 0 ? enforced : Metrics).reduce((worst, metric) =>
    rank(metric.State) < rank(worst.State) ? metric : worst,
  );
}

export function storeState(store: StoreRow): StoreState {
  return decidingMetric(store).State;
}
