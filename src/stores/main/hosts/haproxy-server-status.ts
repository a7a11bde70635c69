/**
 * What HAProxy says of a server (management.txt, section 9.1, field "status"), and what that means
 * for probing.
 */

export interface ServerStatus {
  /** Whether the server is one that HAProxy uses, or would use if it answered. */
  readonly counts: boolean;
  readonly up: boolean;
  /**
   * Health checks are about to change the state, as `UP 1/3` says; after a reload every server
   * begins like this.
   */
  readonly inTransition: boolean;
}

/**
 * By the first word of the status: `DOWN (agent)`, `UP 1/3`, `MAINT (via pool/server)`,
 * `MAINT(via)` and `MAINT (resolution)` are what their first words are.
 */
const WORDS = {
  UP: { counts: true, up: true },
  DOWN: { counts: true, up: false },
  /** Not load-balanced: its check asked for no new connections (`disable-on-404`). */
  NOLB: { counts: false, up: false },
  /** Taken out by an operator, by the server it tracks, or for want of an address. */
  MAINT: { counts: false, up: false },
  /** Gets no new connections, by an operator or its agent. */
  DRAIN: { counts: false, up: false },
} as const;

const STATUS = /^(UP|DOWN|NOLB|MAINT|DRAIN)\b(?: (\d+\/\d+))?/;

/** Null: nothing that HAProxy says of servers. */
export function serverStatus(text: string): ServerStatus | null {
  if (text === 'no check') return { counts: true, up: false, inTransition: false };
  const match = STATUS.exec(text);
  if (match === null) return null;
  const { counts, up } = WORDS[match[1] as keyof typeof WORDS];
  const inTransition = match[2] !== undefined;
  return { counts: counts && !(up && inTransition), up, inTransition };
}
