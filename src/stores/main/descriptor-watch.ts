/** Whether there are more hosts to connect to than this process may have sockets. */
import { formatAddress } from '../../base/address.js';
import { DESCRIPTORS_RESERVED, descriptorsMax } from '../../base/descriptors.js';
import type { Logger } from '../../base/log.js';
import type { ClusterAssignment } from '../../contracts/stores.js';

export class DescriptorWatch {
  readonly #logger: Logger;
  readonly #counted: (hosts: number) => void;
  readonly #descriptors: () => number | null;
  #hostsWarned = 0;

  /**
   * `counted` is called with the number of hosts that are connected to. `descriptors`: as
   * `descriptorsMax`, which it is unless given.
   */
  constructor(logger: Logger, counted: (hosts: number) => void, descriptors = descriptorsMax) {
    this.#logger = logger;
    this.#counted = counted;
    this.#descriptors = descriptors;
  }

  /** Logs a warning when there are too many hosts, again only when there are more of them. */
  compare(assignments: readonly ClusterAssignment[]): void {
    const hosts = assignments.reduce((sum, assignment) => sum + hostsOf(assignment), 0);
    this.#counted(hosts);
    const descriptors = this.#descriptors();
    if (descriptors === null || hosts + DESCRIPTORS_RESERVED <= descriptors) {
      this.#hostsWarned = 0;
      return;
    }
    if (hosts <= this.#hostsWarned) return;
    this.#hostsWarned = hosts;
    this.#logger.warn(
      { hosts, descriptors, reserved: DESCRIPTORS_RESERVED },
      'more hosts than file descriptors: raise the limit of open files (LimitNOFILE)',
    );
  }
}

/** Metrics share the connection to a host. */
function hostsOf({ metrics }: ClusterAssignment): number {
  return new Set(metrics.flatMap(({ targets }) => targets.map(formatAddress))).size;
}
