/**
 * What libraries print with `console` goes through the log, bounded: the MySQL client prints a
 * stack for each malformed length that a server sends, for example.
 */
import { format } from 'node:util';
import { monotonicMs } from './clock.js';
import { cutText } from './foreign-text.js';
import type { Logger } from './log.js';
import { LogBudget } from './log-budget.js';

const LINES_MAX = 5;
const PERIOD_MS = 60_000;

const METHODS = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const;

/** From now on, in this thread. */
export function logLibraryOutput(logger: Logger): void {
  const budget = new LogBudget(LINES_MAX, PERIOD_MS);
  const print = (...values: readonly unknown[]): void => {
    if (!budget.take(monotonicMs())) return;
    logger.warn({ text: cutText(format(...values)), ...budget.fields() }, 'a library printed text');
  };
  for (const method of METHODS) console[method] = print;
}
