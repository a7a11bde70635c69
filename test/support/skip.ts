/** Skipping tests for what the machine lacks: with a warning, and never in CI. */
import type { Context } from 'mocha';

/**
 * Skips the test or suite of `context` with a warning, unless `possible`. Where `CI` is set it
 * fails instead.
 */
export function skipUnless(context: Context, possible: boolean, reason: string): void {
  if (possible) return;
  if (process.env.CI) throw new Error(`nothing may be skipped in CI: ${reason}`);
  console.warn(`\n  SKIPPED: ${context.test?.parent?.fullTitle() ?? 'a test'}: ${reason}\n`);
  context.skip();
}
