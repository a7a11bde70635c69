/**
 * The identity of a cluster: a random id that its first leader proposes and that every node keeps
 * with its data. Peers compare it when they connect, so that nodes with the data of two clusters of
 * one name never take each other for peers.
 *
 * It goes through the log like any command, and the first one counts: all nodes agree on it
 * whatever fails while it is made. A node of a release that does not know the command could not
 * read the entry, so it is proposed only once every peer has listed the command in its greeting.
 */

import { randomUUID } from 'node:crypto';
import type { Logger } from '../../base/log.js';
import { sharedInterval } from '../../base/shared-interval.js';

const LOOK_INTERVAL_MS = 1_000;

export interface ClusterIdentityParts {
  /** The id that the data directory holds; empty: none. */
  readonly stored: string;
  /** The id of the replicated state; empty: none. */
  replicated(): string;
  isLeading(): boolean;
  /** Has no effect while some member cannot read it. */
  propose(clusterId: string): void;
  /** Keeps it with the data. */
  store(clusterId: string): void;
  /** The data are not those of the cluster. */
  failed(error: Error): void;
  readonly log: Logger;
}

export class ClusterIdentity {
  readonly #parts: ClusterIdentityParts;
  #id: string;
  #cancel: (() => void) | undefined;

  constructor(parts: ClusterIdentityParts) {
    this.#parts = parts;
    this.#id = parts.stored;
  }

  /** Empty while it is not known. */
  get id(): string {
    return this.#id;
  }

  /** Looks for it each second until it is known, and has it proposed where there is none. */
  start(): void {
    this.#cancel = sharedInterval(LOOK_INTERVAL_MS, () => this.#look());
  }

  stop(): void {
    this.#cancel?.();
  }

  #look(): void {
    const replicated = this.#parts.replicated();
    if (replicated !== '') this.#found(replicated);
    else if (this.#id === '' && this.#parts.isLeading()) this.#parts.propose(randomUUID());
  }

  #found(replicated: string): void {
    this.stop();
    if (this.#id === replicated) return;
    if (this.#id !== '') {
      const reason = `the data are of cluster ${this.#id}, the log is of cluster ${replicated}`;
      this.#parts.failed(new Error(reason));
      return;
    }
    this.#id = replicated;
    this.#parts.store(replicated);
    this.#parts.log.info({ clusterId: replicated }, 'raft: cluster identity set');
  }
}
