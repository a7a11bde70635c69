/**
 * Publishes the metrics of a probe thread's stores in memcached: at most one write per metric in 25
 * ms, and only while this node may act as leader.
 */

import { parseAddress } from '../../../base/address.js';
import { monotonicMs } from '../../../base/clock.js';
import { goFixed } from '../../../base/json.js';
import type { Logger } from '../../../base/log.js';
import { TlsClient } from '../../../base/tls-client.js';
import type {
  MemcacheAddress,
  MetricPublisher,
  PublisherStatistics,
  StorePublication,
} from '../../../contracts/publisher.js';
import { MetricState } from '../../../throttle/metric.js';
import { keyProblem, metricKey, serverOf } from './keys.js';
import { MemcacheServer, type WriteCounters } from './server.js';

/** Shortest time between two writes of one metric. */
export const WRITE_INTERVAL_MS = 25;

const MEMCACHE_PORT = 11_211;

export interface MemcachePublisherOptions {
  readonly address: MemcacheAddress;
  /**
   * Whether this node may act as leader now. Evaluated before each write: the lease may end before
   * main sends that probing is over.
   */
  readonly mayAct: () => boolean;
  readonly log: Logger;
}

/** Where a metric is published. */
interface KeyLocation {
  readonly key: string;
  readonly server: MemcacheServer;
}

interface Publication {
  readonly store: string;
  /** Empty: the store's own metric. */
  readonly metric: string;
  state: MetricState;
  value: number;
  writtenAtMs: number;
  /** Null: it cannot be published. */
  location: KeyLocation | null;
  /** The version of the address for which `location` was computed. */
  locationVersion: number;
}

export class MemcachePublisher implements MetricPublisher {
  readonly #options: MemcachePublisherOptions;
  readonly #counters: WriteCounters = { written: 0, deleted: 0, failed: 0, dropped: 0 };
  /** Publications with something to write as soon as the rate limit allows. */
  readonly #deferred = new Set<Publication>();
  #servers: readonly MemcacheServer[] = [];
  #path = '';
  /** Counts the changes of the address; 0 is none. */
  #version = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MemcachePublisherOptions) {
    this.#options = options;
    this.setAddress(options.address);
  }

  get statistics(): PublisherStatistics {
    return { ...this.#counters };
  }

  open(store: string, metric = ''): StorePublication {
    const publication: Publication = {
      store,
      metric,
      state: MetricState.nothing,
      value: 0,
      writtenAtMs: Number.NEGATIVE_INFINITY,
      location: null,
      locationVersion: 0,
    };
    return {
      publish: (state, value) => this.#publish(publication, state, value),
      withdraw: () => void this.#deferred.delete(publication),
    };
  }

  setAddress({ servers, path, tls }: MemcacheAddress): void {
    const client = tls === null ? null : new TlsClient(tls, 'MemcacheTLS');
    for (const server of this.#servers) server.close();
    this.#path = path;
    this.#servers = servers.map((text) => {
      const address = parseAddress(text, MEMCACHE_PORT);
      if (address === null) throw new Error('an address in MemcacheServers was not validated');
      return new MemcacheServer(address, client, this.#counters, this.#options.log);
    });
    this.#version++;
    if (servers.length === 0) this.#deferred.clear();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#deferred.clear();
    for (const server of this.#servers) server.close();
    this.#servers = [];
  }

  #publish(publication: Publication, state: MetricState, value: number): void {
    if (this.#servers.length === 0) return;
    publication.state = state;
    publication.value = value;
    this.#writeOrDefer(publication, monotonicMs());
  }

  #writeOrDefer(publication: Publication, nowMs: number): void {
    if (nowMs - publication.writtenAtMs < WRITE_INTERVAL_MS) {
      this.#deferred.add(publication);
      this.#timer ??= setTimeout(() => this.#writeDeferred(), WRITE_INTERVAL_MS);
      return;
    }
    this.#deferred.delete(publication);
    publication.writtenAtMs = nowMs;
    if (this.#options.mayAct()) this.#write(publication);
  }

  #writeDeferred(): void {
    this.#timer = undefined;
    const deferred = [...this.#deferred];
    this.#deferred.clear();
    const nowMs = monotonicMs();
    for (const publication of deferred) this.#writeOrDefer(publication, nowMs);
  }

  #write(publication: Publication): void {
    if (publication.locationVersion !== this.#version) {
      publication.locationVersion = this.#version;
      publication.location = this.#locationOf(publication);
    }
    if (publication.location === null) return;
    const { key, server } = publication.location;
    if (publication.state === MetricState.ok) {
      server.set(key, `${Date.now()}:${goFixed(publication.value, 6)}`);
    } else {
      server.delete(key);
    }
  }

  /** A key that memcached cannot store is logged once, and not used. */
  #locationOf({ store, metric }: Publication): KeyLocation | null {
    const key = metricKey(this.#path, store, metric);
    const problem = keyProblem(key);
    if (problem === '') return { key, server: this.#servers[serverOf(key, this.#servers.length)]! };
    this.#options.log.warn(
      { key, problem },
      'memcached cannot store this key: the metric is not published',
    );
    return null;
  }
}
