/**
 * Loaded by mocha before the tests (package.json): failures name the line in `.ts`, and do not bury
 * the reason under a long message.
 */
import { FindingsError } from './expect-none.js';
import { shorten } from './shorten.js';

// Before the tests are loaded: only modules that are loaded afterwards have their maps read. A flag
// of node would make mocha start a second process.
process.setSourceMapsEnabled(true);

// Each child process and each directory of a test is removed when this process exits.
process.setMaxListeners(100);

/** Mocha prints failures after all tests, from the error that is shortened here. */
export const mochaHooks = {
  afterEach(this: Mocha.Context): void {
    const error = this.currentTest?.err;
    if (error?.stack === undefined || error instanceof FindingsError) return;
    const { message } = error;
    const stack = error.stack.replace(message, () => shorten(message));
    error.message = shorten(message);
    error.stack = stack;
  },
};
