/**
 * Where a probe thread publishes what it found, as the stores see it: nothing here waits, fails or
 * throws.
 */
import type { MetricState } from '../throttle/metric.js';
import type { MemcacheAddress } from './http.js';

/** What was asked of the servers since the start of the thread. */
export interface PublisherStatistics {
  /** Values written and acknowledged. */
  readonly written: number;
  /** Keys deleted, or found missing already. */
  readonly deleted: number;
  /** Sent, and refused or not answered in time. */
  readonly failed: number;
  /** Not sent: the server is away, or too many requests to it wait for their answers. */
  readonly dropped: number;
}

/** The published metric of one store. */
export interface StorePublication {
  /** The newest outcome. It is written at once, or as soon as the pace allows; the latest wins. */
  publish(state: MetricState, value: number): void;
  /**
   * Forgets what is not written yet: the store is let go, or what was found before counts no more.
   */
  withdraw(): void;
}

export interface MetricPublisher {
  open(store: string): StorePublication;
  /** Other servers, or another path, from the next value on. */
  setAddress(address: MemcacheAddress): void;
  readonly statistics: PublisherStatistics;
  /** Closes all connections; nothing is written any more. */
  close(): void;
}
