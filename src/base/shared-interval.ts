/**
 * Intervals of equal length that run from one timer of the thread: a timer for each would wake the
 * thread up as often, and a wake-up costs more than most of what is done in it.
 */

/** Ends the calls. */
type Cancel = () => void;

interface SharedTimer {
  readonly timer: NodeJS.Timeout;
  readonly callbacks: Set<() => void>;
}

const timers = new Map<number, SharedTimer>();

/**
 * Calls back each `periodMs`, for the first time within the first of them. Does not keep the thread
 * alive. A callback must not throw.
 */
export function sharedInterval(periodMs: number, callback: () => void): Cancel {
  let shared = timers.get(periodMs);
  if (shared === undefined) {
    const callbacks = new Set<() => void>();
    const callAll = (): void => {
      for (const each of callbacks) each();
    };
    shared = { timer: setInterval(callAll, periodMs).unref(), callbacks };
    timers.set(periodMs, shared);
  }
  const { timer, callbacks } = shared;
  // Its own function: the same callback may be given twice.
  const own = (): void => callback();
  callbacks.add(own);
  return () => {
    callbacks.delete(own);
    if (callbacks.size > 0 || timers.get(periodMs)?.timer !== timer) return;
    clearInterval(timer);
    timers.delete(periodMs);
  };
}
