/** The modes of a probe, and which follow which. */

export type ProbeMode =
  | 'closed'
  | 'disconnected'
  | 'dialing'
  | 'greeting'
  | 'preparing'
  | 'idle'
  | 'querying';

const NEXT: Readonly<Record<ProbeMode, readonly ProbeMode[]>> = {
  /** Makes no connections. */
  closed: ['disconnected'],
  /** Has no connection; dials at the first tick from `#retryAtMs` on. */
  disconnected: ['dialing'],
  /** TCP connection in progress, times out at `#deadlineMs`. */
  dialing: ['greeting'],
  /**
   * Connected, waiting for the server's greeting and the end of the login, times out at
   * `#deadlineMs`.
   */
  greeting: ['preparing'],
  /** Logged in, setting up the session, each statement times out at `#deadlineMs`. */
  preparing: ['idle'],
  /** Logged in, no query in flight. */
  idle: ['querying'],
  /** Query sent at `#startedAtMs`, times out at `#deadlineMs`. */
  querying: ['idle'],
};

/** Throws. `closed` and `disconnected` (a failure) are legal from every mode. */
export function assertLegalChange(from: ProbeMode, to: ProbeMode): void {
  const isLegal = to === 'closed' || to === 'disconnected' || NEXT[from].includes(to);
  if (!isLegal) throw new Error(`a probe cannot go from ${from} to ${to}`);
}

/** Whether an attempt to log in is over: it leads to `preparing`, or has failed. */
export function isLoginEnd(from: ProbeMode, to: ProbeMode): boolean {
  return (from === 'dialing' && to !== 'greeting') || from === 'greeting';
}
