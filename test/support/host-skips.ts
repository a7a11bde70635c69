/** Skipped hosts without a cluster. */
import { EMPTY_IMAGE, type HostSkips, ThrottleState } from '../../src/throttle/state.js';

/** Hosts by name or `host:port`, each with the Unix time in milliseconds until which it is so. */
export function skipsOf(hosts: ReadonlyArray<readonly [string, number]>): HostSkips {
  const state = new ThrottleState();
  const skippedHosts = hosts.map(([host, expireAtMs]) => [host, { expireAtMs }] as const);
  state.restore({ ...EMPTY_IMAGE, skippedHosts });
  return state;
}
