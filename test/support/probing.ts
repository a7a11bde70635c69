/** A probe worker in the thread of the test, with a board to read. */
import { once } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { createLogger } from '../../src/base/log.js';
import { Board, emptyStoreReading, type StoreReading } from '../../src/board/board.js';
import { LoginCounts } from '../../src/board/login-counts.js';
import { ProbeSockets } from '../../src/board/probe-sockets.js';
import { StoreTurns } from '../../src/board/store-turns.js';
import type { FromProbe, ProbeStatistics, ToProbe } from '../../src/contracts/probe.js';
import type { ClusterAssignment, ProbeTarget } from '../../src/contracts/stores.js';
import { MemcachePublisher } from '../../src/publish/prober/memcache/publisher.js';
import { ProbeWorker } from '../../src/stores/prober/probe-worker.js';
import { MetricState } from '../../src/throttle/metric.js';
import { clusterAssignment, type MetricChanges } from './cluster-settings.js';
import { until } from './until.js';

export class Probing {
  readonly board = Board.create();
  readonly #port: MessagePort;
  readonly #ended: Promise<void>;
  readonly #assignments = new Map<number, ClusterAssignment>();
  #version = 0;
  #generation = 0;
  #collection = 0;

  /** `leading`: probes under term 1 from the start. `socketsMax`: connections to hosts. */
  constructor(
    leading = true,
    socketsMax = Number.POSITIVE_INFINITY,
    logins = LoginCounts.memory(1),
  ) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const log = { level: 'error', stacks: false } as const;
    const memcache = { servers: [], path: '', tls: null };
    const sockets = ProbeSockets.memory(1);
    const places = { sockets, socketsMax, logins, turns: StoreTurns.memory(1) };
    const task = { port: port2, board: this.board.memory, ...places, log, memcache, worker: 0 };
    const publisher = new MemcachePublisher({
      address: memcache,
      mayAct: () => false,
      log: createLogger(log, 'test'),
    });
    this.#ended = new ProbeWorker(task, publisher).run();
    if (leading) this.lead(true, 1);
  }

  /**
   * Assigns a cluster to a slot, with a new generation unless the slot is assigned already.
   * Resolves when the assignment is in effect.
   */
  async assign(
    slot: number,
    targets: readonly ProbeTarget[],
    changes: MetricChanges = {},
    generation = this.#assignments.get(slot)?.metrics[0].generation ?? ++this.#generation,
  ): Promise<void> {
    const settings = { metricQuery: '', password: 'secret-of-freno', ...changes };
    this.#assignments.set(slot, clusterAssignment(slot, targets, generation, settings));
    await this.#assign();
  }

  async remove(slot: number): Promise<void> {
    this.#assignments.delete(slot);
    await this.#assign();
  }

  lead(probing: boolean, term: number): void {
    this.#port.postMessage({ kind: 'lead', probing, term } satisfies ToProbe);
  }

  read(slot: number): StoreReading {
    return this.board.readStore(slot, emptyStoreReading());
  }

  /**
   * Resolves with the first wanted reading. Rejects, with the last reading, when there is none in
   * time.
   */
  async until(
    slot: number,
    isWanted: (reading: StoreReading) => boolean,
    withinMs?: number,
  ): Promise<StoreReading> {
    return until(
      () => {
        const reading = this.read(slot);
        return isWanted(reading) && reading;
      },
      withinMs,
      () => JSON.stringify(this.read(slot)),
    );
  }

  /** Waits for a value. */
  async value(slot: number): Promise<number> {
    return (await this.until(slot, ({ state }) => state === MetricState.ok)).value;
  }

  /** Waits for an error, and resolves with its text. */
  async error(slot: number, withinMs?: number): Promise<string> {
    return (await this.until(slot, ({ state }) => state === MetricState.error, withinMs)).errorText;
  }

  /** Of a thread with few stores. */
  async statistics(): Promise<ProbeStatistics> {
    const [statistics] = await this.statisticsInChunks();
    return statistics!;
  }

  /** `afterFirst` is awaited between the first chunk and the others. */
  async statisticsInChunks(afterFirst = async () => {}): Promise<ProbeStatistics[]> {
    const collection = ++this.#collection;
    const chunks: ProbeStatistics[] = [];
    for (;;) {
      this.#port.postMessage({ kind: 'collect', id: 1, collection } satisfies ToProbe);
      const { statistics, isLast } = await this.#next('collected');
      chunks.push(statistics);
      if (isLast) return chunks;
      if (chunks.length === 1) await afterFirst();
    }
  }

  async stop(): Promise<void> {
    this.#port.postMessage({ kind: 'stop' } satisfies ToProbe);
    await this.#ended;
    this.#port.close();
  }

  async #assign(): Promise<void> {
    const version = ++this.#version;
    const assignments = [...this.#assignments.values()];
    this.#port.postMessage({ kind: 'assign', version, assignments } satisfies ToProbe);
    await this.#next('acknowledge');
  }

  async #next<K extends FromProbe['kind']>(kind: K): Promise<Extract<FromProbe, { kind: K }>> {
    for (;;) {
      const [message] = (await once(this.#port, 'message')) as [FromProbe];
      if (message.kind === kind) return message as Extract<FromProbe, { kind: K }>;
    }
  }
}
