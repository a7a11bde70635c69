/** A word for newcomers: what each term means, in the sentences of the documents. */

export const GLOSSARY = {
  threshold: 'Jobs wait while the value is above the threshold.',
  above: 'The value is above its threshold: checks get 429, and jobs wait.',
  error: 'A host cannot be read and may not be ignored: checks get 500, and jobs wait.',
  'not read yet': 'A host has not been read yet: checks get 500 until it is.',
  within: 'The value is at or below its threshold: checks get 200.',
  unknown: 'This node does not lead, or has measured nothing within the last seconds.',
  ratio: 'The share of checks that a throttled app is denied.',
  throttled: "An operator's entry denies this app's checks (417), whatever the metrics say.",
  skipped: "An operator's entry excludes this host from all probes.",
  exempt: 'Checks of this app get 200, whatever the metrics say. A throttle wins over it.',
  'set threshold': 'An operator has set this threshold for a time; then the configured one counts.',
  'left out': 'The host does not count: its HTTP check said so.',
  'catching up': 'A host that was just added counts once it has caught up (CatchUp).',
  observe: 'This metric is judged and counted, and denies nothing.',
  priority: 'A job of low priority waits while one of normal priority is held back.',
  'unknown store': 'No store of this name is configured.',
  'no value': 'The store had no value yet, or this node did not lead.',
  operator: 'A throttle that an operator has entered.',
  waits: 'Share of the checks of the last minute that did not get 200.',
} as const;

export type Term = keyof typeof GLOSSARY;

/** The explanation of a term; undefined: there is none. */
export function meaningOf(term: string): string | undefined {
  return GLOSSARY[term as Term];
}
