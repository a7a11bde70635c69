/** Schema of the rules for single apps. */
import { z } from 'zod';
import { list, metricName, text, threshold } from './key-types.js';

/** Patterns are tried one after the other, for each path that is compiled. */
export const APP_PATTERNS_MAX = 1_000;
const PATTERN_LENGTH_MAX = 128;
const SEPARATOR_LENGTH_MAX = 8;

const app = z.strictObject({
  Metrics: list(metricName()).min(1).optional().meta({
    description: 'The metrics that apply, by name. Not set: all of the store.',
  }),
  Thresholds: z.record(metricName(), threshold()).optional().meta({
    description: 'Thresholds by name of a metric, instead of those of the store.',
  }),
  Priority: z.enum(['low', 'normal']).optional().meta({
    description: 'Priority of a check without `p=`. Not set: normal.',
  }),
});

const pattern = z
  .string()
  .min(1, 'a pattern must not be empty')
  .max(PATTERN_LENGTH_MAX, `a pattern must have at most ${PATTERN_LENGTH_MAX} characters`)
  .regex(/^[^/]*$/, 'a pattern must not contain "/": the name of an app does not');

export const appKeys = {
  Apps: z
    .record(pattern, app)
    .default({})
    .meta({
      description:
        'What holds for single apps, by name; `*` in a name stands for any characters. ' +
        'Of several that fit, the one with the most characters beside `*`.',
      live: true,
      maxProperties: APP_PATTERNS_MAX,
    }),
  AppSeparator: text()
    .max(SEPARATOR_LENGTH_MAX)
    .regex(/^[^/*]*$/, 'must not contain "/" or "*"')
    .default('')
    .meta({
      description:
        'Separates the parts of the name of an app: with `:` the app `gh-ost:orders` is also ' +
        'throttled, and has the rules, as `gh-ost`. Empty: names have no parts.',
      live: true,
    }),
};
