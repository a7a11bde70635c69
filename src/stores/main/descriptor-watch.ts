/** Whether there are more hosts to connect to than this process may have sockets. */
import { formatAddress } from '../../base/address.js';
import { descriptorsMax } from '../../base/descriptors.js';
import type { Logger } from '../../base/log.js';
import type { ClusterAssignment } from '../../contracts/stores.js';

/** For clients, peers and files. */
const RESERVED = 100;

export class DescriptorWatch {
  readonly #logger: Logger;
  readonly #descriptors: () => number | null;
  #hostsWarned = 0;

  /** `descriptors`: as `descriptorsMax`, which it is unless given. */
  constructor(logger: Logger, descriptors = descriptorsMax) {
    this.#logger = logger;
    this.#descriptors = descriptors;
  }

  /** Logs a warning when there are too many hosts, again only when there are more of them. */
  compare(assignments: readonly ClusterAssignment[]): void {
    const hosts = assignments.reduce((sum, assignment) => sum + hostsOf(assignment), 0);
    const descriptors = this.#descriptors();
    if (descriptors === null || hosts + RESERVED <= descriptors) {
      this.#hostsWarned = 0;
      return;
    }
    if (hosts <= this.#hostsWarned) return;
    this.#hostsWarned = hosts;
    this.#logger.warn(
      { hosts, descriptors, reserved: RESERVED },
      'more hosts than file descriptors: raise the limit of open files (LimitNOFILE)',
    );
  }
}

/** Metrics share the connection to a host. */
function hostsOf({ metrics }: ClusterAssignment): number {
  return new Set(metrics.flatMap(({ targets }) => targets.map(formatAddress))).size;
}
