/**
 * The bare loop that probing is compared with: mysql2 alone, one kept connection per host, at
 * freno's pace.
 */
import { fileURLToPath } from 'node:url';
import type { FleetAddress } from '../../src/demo/fleet.js';
import { Subprocess } from '../../src/demo/subprocess.js';

/** Whether the hosts are asked in turns, as freno does it with many, or all at once. */
type Pace = 'turns' | 'burst';

export interface BareProbesProtocol {
  /** Resolves when every host has answered once; from then on each is asked every `intervalMs`. */
  start(hosts: readonly FleetAddress[], query: string, intervalMs: number, pace: Pace): null;
  /** Answers since the start. */
  made(): number;
  /** Latencies of the answers since the call before. */
  latencies(): { readonly p50Micros: number; readonly p99Micros: number };
}

const ENTRY = fileURLToPath(new URL('./bare-probes-process.js', import.meta.url));

export class BareProbes {
  readonly #process = new Subprocess<BareProbesProtocol>(ENTRY, 'the bare probe loop');

  async start(
    hosts: readonly FleetAddress[],
    query: string,
    intervalMs: number,
    pace: Pace = 'turns',
  ): Promise<void> {
    await this.#process.call('start', [hosts, query, intervalMs, pace]);
  }

  made(): Promise<number> {
    return this.#process.call('made', []);
  }

  latencies(): Promise<ReturnType<BareProbesProtocol['latencies']>> {
    return this.#process.call('latencies', []);
  }

  get pid(): number {
    return this.#process.pid;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
