/** Leadership handed over to another node: because this one stops, or because an operator asks. */
import { FrenoError } from '../../base/errors.js';
import type { NodeId, SoftState } from './core/types.js';
import { within } from './within.js';

/** What a hand-over needs of a running node. */
interface TransferringDriver {
  /** False if a transfer is in progress, or no follower (or not that one) can take over. */
  transferLeadership(to?: NodeId): boolean;
}

export class Handover {
  #onSoftState: () => void = () => {};

  /** `timeoutMs`: that after which the core aborts a transfer. */
  constructor(
    private readonly timeoutMs: number,
    private readonly soft: () => SoftState,
  ) {}

  /** To be called at each change of the soft state. */
  softStateChanged(): void {
    this.#onSoftState();
  }

  /**
   * Resolves when another node is known to lead, so that requests can still be forwarded to it, or
   * after the time-out. False: nothing has begun.
   */
  async begin(driver: TransferringDriver, to?: NodeId): Promise<boolean> {
    if (!driver.transferLeadership(to)) return false;
    await within(this.timeoutMs, (done) => {
      this.#onSoftState = () => {
        const { role, leader } = this.soft();
        if (role !== 'leader' && leader !== null) done();
      };
      this.#onSoftState();
    });
    this.#onSoftState = () => {};
    return true;
  }

  /** As `Consensus.yieldLeadership`. */
  async yield(driver: TransferringDriver, to?: NodeId): Promise<string> {
    const { role, leader: known, transferTo } = this.soft();
    if (role !== 'leader') throw conflict(`this node does not lead: ${leaderText(known)}`);
    if (transferTo !== null) throw conflict(`leadership is being handed over to ${transferTo}`);
    if (!(await this.begin(driver, to))) {
      if (to !== undefined) throw conflict(`${to} cannot lead now: it has not every command`);
      throw conflict('no other node can lead now: none responds that has every command');
    }
    const { role: roleNow, leader } = this.soft();
    if (roleNow === 'leader') throw conflict('no other node took over in time: this node leads on');
    if (leader !== null) return leader;
    const text = 'this node gave leadership up, and knows no other leader yet';
    throw new FrenoError('OUTCOME_UNKNOWN', text);
  }
}

function leaderText(leader: string | null): string {
  return leader === null ? 'no leader is known' : `the leader is ${leader}`;
}

function conflict(message: string): FrenoError {
  return new FrenoError('CONFLICT', message);
}
