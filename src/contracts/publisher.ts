/**
 * Where a probe thread publishes the values of its stores, from the stores' side: nothing here
 * waits, fails or throws.
 */
import type { TlsSettings } from '../base/mysql/tls.js';
import type { MetricState } from '../throttle/metric.js';

/** Where values are published; `/config/memcache` shows servers and path. */
export interface MemcacheAddress {
  /** `host` or `host:port` (11211 where none is given). Empty: nothing is published. */
  readonly servers: readonly string[];
  /** First part of the keys. */
  readonly path: string;
  /** Null: not encrypted. */
  readonly tls: TlsSettings | null;
}

/** Writes to the servers since the start of the thread. */
export interface PublisherStatistics {
  /** Values written and acknowledged. */
  readonly written: number;
  /** Keys deleted, or found missing already. */
  readonly deleted: number;
  /** Sent, and refused or not acknowledged in time. */
  readonly failed: number;
  /** Not sent: the server is unavailable, or too many writes to it are in flight. */
  readonly dropped: number;
}

/** One metric of a store, as it is published. */
export interface StorePublication {
  /** The newest outcome. Written at once, or as soon as the rate limit allows; the latest wins. */
  publish(state: MetricState, value: number): void;
  /** Forgets what is not written yet: the store is released, or its values no longer count. */
  withdraw(): void;
}

export interface MetricPublisher {
  /** `metric`: one beside the store's own. */
  open(store: string, metric?: string): StorePublication;
  /** Other servers, or another path, from the next value on. */
  setAddress(address: MemcacheAddress): void;
  readonly statistics: PublisherStatistics;
  /** Closes all connections; nothing is written any more. */
  close(): void;
}
