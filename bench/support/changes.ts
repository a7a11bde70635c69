/**
 * Changes of a server's value, at times independent of the probes, and how long clients see the old
 * value.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Fleet } from '../../src/demo/fleet.js';
import { BAD_VALUE, GOOD_VALUE } from './freno.js';
import type { Poller } from './poller.js';
import { PROBE_INTERVAL_MS } from './prober.js';

const SEEN_TIMEOUT_MS = 5_000;

/**
 * One server's value across the threshold and back. For each client, which asks for a metric of
 * that server, the two times in milliseconds from the moment in which the server has the value to
 * the arrival of the first answer that shows it.
 */
export async function thereAndBack(
  fleet: Fleet,
  server: number,
  clients: readonly Poller[],
): Promise<number[][]> {
  const bad = await changeUntilSeen(fleet, server, clients, BAD_VALUE, 429);
  const good = await changeUntilSeen(fleet, server, clients, GOOD_VALUE, 200);
  return clients.map((_, index) => [bad[index]!, good[index]!]);
}

async function changeUntilSeen(
  fleet: Fleet,
  server: number,
  clients: readonly Poller[],
  value: number,
  status: number,
): Promise<number[]> {
  await delay(PROBE_INTERVAL_MS + Math.random() * 2 * PROBE_INTERVAL_MS);
  const changed = fleet.change([{ server, value }]);
  const seen = clients.map((client) => client.firstAnswer(status, SEEN_TIMEOUT_MS));
  const seenAtMs = await Promise.all(seen);
  const changedAtMs = await changed;
  return seenAtMs.map((atMs) => Math.max(0, atMs - changedAtMs));
}
