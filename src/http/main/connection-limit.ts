/**
 * How many HTTP connections there may be: as many as leave descriptors to probes, peers and files.
 *
 * Without a bound, clients that only connect take them all. Then no host can be connected to, no
 * thread can start, and the native engine tries in vain, without a pause, to accept the next one.
 */
import {
  CLIENT_CONNECTIONS_MIN,
  DESCRIPTORS_RESERVED,
  descriptorsMax,
  descriptorsOpen,
} from '../../base/descriptors.js';
import type { Logger } from '../../base/log.js';
import { sharedInterval } from '../../base/shared-interval.js';
import { ConnectionCounts } from '../../board/connection-counts.js';
import type { ConnectionReport, ConnectionReporter } from '../../contracts/reports.js';

const LOOK_INTERVAL_MS = 1_000;

/** While connections are refused, a line is logged this often. */
const LINE_INTERVAL_MS = 60_000;

/** For what is opened after the start: files, peers, lists of hosts, memcached, a new thread. */
const OPENED_LATER = 66;

/** A host has a second connection while the first is renewed, and for its HTTP check. */
const CONNECTIONS_PER_HOST = 1.25;

/** `null`: there is no limit. */
export interface DescriptorNumbers {
  readonly max: () => number | null;
  readonly open: () => number | null;
}

const OWN_NUMBERS: DescriptorNumbers = { max: descriptorsMax, open: descriptorsOpen };

export class ConnectionLimit implements ConnectionReporter {
  readonly counts = ConnectionCounts.create();
  readonly #log: Logger;
  readonly #descriptors: DescriptorNumbers;
  #reserved = DESCRIPTORS_RESERVED;
  #hosts = 0;
  #refusedLogged = 0;
  #quietUntilMs = 0;
  #cancel: (() => void) | undefined;

  constructor(log: Logger, descriptors = OWN_NUMBERS) {
    this.#log = log;
    this.#descriptors = descriptors;
  }

  /** To be called when all threads have started: what is open now, they need. */
  start(): void {
    const open = (this.#descriptors.open() ?? 0) - this.counts.open;
    this.#reserved = Math.max(DESCRIPTORS_RESERVED, open + OPENED_LATER);
    this.setHosts(this.#hosts);
    this.#cancel = sharedInterval(LOOK_INTERVAL_MS, () => this.look(performance.now()));
  }

  stop(): void {
    this.#cancel?.();
  }

  /** How many hosts are connected to while this node leads. */
  setHosts(hosts: number): void {
    this.#hosts = hosts;
    const limit = this.#descriptors.max();
    if (limit === null) return;
    const left = limit - this.#reserved - Math.ceil(hosts * CONNECTIONS_PER_HOST);
    this.counts.max = Math.max(CLIENT_CONNECTIONS_MIN, left);
  }

  report(): ConnectionReport {
    const { open, max, refused, closedForPipelining, requestsRefused, isBounded } = this.counts;
    return {
      open,
      max: isBounded ? max : null,
      refused,
      closedForPipelining,
      requestsRefused,
      descriptorsOpen: this.#descriptors.open(),
      descriptorsMax: this.#descriptors.max(),
    };
  }

  /** Logs what was refused since the line before. */
  look(nowMs: number): void {
    const { max, refused } = this.counts;
    if (refused === this.#refusedLogged || nowMs < this.#quietUntilMs) return;
    this.#log.warn(
      {
        refused: (refused - this.#refusedLogged) >>> 0,
        max,
        descriptors: this.#descriptors.max(),
      },
      'too many HTTP connections: closing new ones; raise the limit of open files (LimitNOFILE)',
    );
    this.#refusedLogged = refused;
    this.#quietUntilMs = nowMs + LINE_INTERVAL_MS;
  }
}
