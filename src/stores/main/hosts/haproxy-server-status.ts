/**
 * The status of a server on HAProxy's statistics page (management.txt, section 9.1, field
 * "status"), and what it means for probing.
 */

export interface ServerStatus {
  /** Whether HAProxy sends traffic to the server, or would if the server were up. */
  readonly isUsed: boolean;
  readonly up: boolean;
  /**
   * Health checks are about to change the state, as in `UP 1/3`. After a reload every server
   * starts like this.
   */
  readonly inTransition: boolean;
}

/**
 * By the first word of the status, which decides: `DOWN (agent)`, `UP 1/3`,
 * `MAINT (via pool/server)`, `MAINT(via)`, `MAINT (resolution)`.
 */
const BY_FIRST_WORD = {
  UP: { isUsed: true, up: true },
  DOWN: { isUsed: true, up: false },
  /** Gets no new connections, because its health check returned 404 (`disable-on-404`). */
  NOLB: { isUsed: false, up: false },
  /** Disabled by an operator, by the server it tracks, or because its name does not resolve. */
  MAINT: { isUsed: false, up: false },
  /** Gets no new connections, by the decision of an operator or of its agent check. */
  DRAIN: { isUsed: false, up: false },
} as const;

const STATUS = /^(UP|DOWN|NOLB|MAINT|DRAIN)\b(?: (\d+\/\d+))?/;

/** Null: not a status of a server. */
export function serverStatus(text: string): ServerStatus | null {
  if (text === 'no check') return { isUsed: true, up: false, inTransition: false };
  const match = STATUS.exec(text);
  if (match === null) return null;
  const { isUsed, up } = BY_FIRST_WORD[match[1] as keyof typeof BY_FIRST_WORD];
  const inTransition = match[2] !== undefined;
  // A server that is up but about to go down has just failed a check.
  return { isUsed: isUsed && !(up && inTransition), up, inTransition };
}
