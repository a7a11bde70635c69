/** How many files and sockets this process may have open. */
import { readdirSync, readFileSync } from 'node:fs';

const OPEN_FILES = /^Max open files\s+(\d+)/m;

/** Left to threads, files, peers and requests of this process's own, beside hosts and clients. */
export const DESCRIPTORS_RESERVED = 100;

/** However many hosts there are: a load balancer, an operator, some clients. */
export const CLIENT_CONNECTIONS_MIN = 32;

/** Connections to hosts that leave descriptors to all else; infinite: there is no limit. */
export function probeSocketsMax(): number {
  const limit = descriptorsMax();
  if (limit === null) return Number.POSITIVE_INFINITY;
  return Math.max(1, limit - DESCRIPTORS_RESERVED - CLIENT_CONNECTIONS_MIN);
}

/** The limit now (`ulimit -n`); null where the system does not show it, or there is none. */
export function descriptorsMax(): number | null {
  try {
    const [, limit] = OPEN_FILES.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}

/** How many are open now; null where the system does not show it. */
export function descriptorsOpen(): number | null {
  try {
    // Without the one by which they are listed.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return null;
  }
}
