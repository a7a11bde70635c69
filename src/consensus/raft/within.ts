/** Waiting for a callback, but not for ever. */

/** Resolves when `wait` calls back, or after `timeoutMs`. */
export function within(timeoutMs: number, wait: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    wait(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
