/** Consensus of a node that has no peers and keeps nothing on disk: always leader, and every command is applied at once. */
import { FrenoError } from '../base/errors.js';
import type { Command } from '../throttle/commands.js';
import type {
  Consensus,
  ConsensusObserver,
  ConsensusStatus,
  StateMachine,
} from '../wire/consensus.js';

const ONLY_TERM = 1;

export class AlwaysLeader implements Consensus {
  readonly #address: string;
  readonly #state: StateMachine;
  readonly #observer: ConsensusObserver;

  /** `address` is what `/raft/leader` tells. */
  constructor(address: string, state: StateMachine, observer: ConsensusObserver) {
    this.#address = address;
    this.#state = state;
    this.#observer = observer;
  }

  async start(): Promise<void> {
    this.#observer.leadershipChanged(true, ONLY_TERM);
    this.#observer.leaseExtended(Number.POSITIVE_INFINITY);
  }

  async stop(): Promise<void> {
    this.#observer.leadershipChanged(false, ONLY_TERM);
  }

  async submit(command: Command): Promise<void> {
    const [outcome] = await this.#state.apply([command]);
    if (outcome === 'full') throw new FrenoError('OVERLOADED', 'too many entries');
  }

  async readBarrier(): Promise<void> {}

  status(): ConsensusStatus {
    return {
      ServiceID: this.#address,
      Healthy: true,
      IsLeader: true,
      Leader: this.#address,
      State: 'Leader',
      Domain: '',
      ShareDomain: '',
      ShareDomainServices: null,
      ShareDomainServicesList: null,
      HealthyDomainServicesList: null,
    };
  }
}
