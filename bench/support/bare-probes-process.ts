/** Entry of the bare loop's process. */
import { type Connection, createConnection } from 'mysql2';
import { serve } from '../../src/demo/subprocess.js';
import type { BareProbesProtocol } from './bare-probes.js';
import { Latencies } from './statistics.js';

/** Hosts are queried in ticks of that length, unless all at once. */
const TURN_MS = 5;

interface BareHost {
  readonly connection: Connection;
  waiting: boolean;
}

const hosts: BareHost[] = [];
let recorded = new Latencies();
let made = 0;

serve<BareProbesProtocol>({
  async start(addresses, query, intervalMs, pace) {
    for (const { host, port } of addresses) {
      const connection = createConnection({
        host,
        port,
        user: 'freno',
        password: 'freno',
        maxPreparedStatements: 8,
      });
      hosts.push({ connection, waiting: false });
    }
    await Promise.all(hosts.map((host) => ask(host, query)));
    recorded = new Latencies();
    queryInTicks(query, intervalMs, pace === 'burst' ? intervalMs : TURN_MS);
    return null;
  },
  made: () => made,
  latencies() {
    const result = {
      p50Micros: recorded.percentileMicros(50),
      p99Micros: recorded.percentileMicros(99),
    };
    recorded = new Latencies();
    return result;
  },
});

/**
 * Keeps the schedule: a repeating timer would fall behind by the duration of each tick.
 */
function queryInTicks(query: string, intervalMs: number, tickMs: number): void {
  const ticks = intervalMs / tickMs;
  let dueMs = performance.now();
  let tick = 0;
  const takeTurns = (): void => {
    for (; dueMs <= performance.now(); dueMs += tickMs) {
      for (let at = tick; at < hosts.length; at += ticks) {
        const host = hosts[at]!;
        if (!host.waiting) void ask(host, query);
      }
      tick = (tick + 1) % ticks;
    }
    setTimeout(takeTurns, dueMs - performance.now());
  };
  takeTurns();
}

/** Never rejects: a failing query ends the process, and with it the benchmark. */
function ask(host: BareHost, query: string): Promise<void> {
  host.waiting = true;
  const sentMs = performance.now();
  return new Promise((resolve) => {
    host.connection.query(query, (error: Error | null) => {
      if (error !== null) throw error;
      host.waiting = false;
      made++;
      recorded.record(performance.now() - sentMs);
      resolve();
    });
  });
}
