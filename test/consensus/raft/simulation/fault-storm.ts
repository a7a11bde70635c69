/** The faults of a simulation: what happens to which node, and when. */
import { majorityOf } from '../../../../src/consensus/raft/core/quorum.js';
import type { SeededRandom } from '../../../support/random.js';
import type { Checker } from './checker.js';
import type { FaultProfile, LeaderCrashPoint } from './fault-profile.js';
import type { Network, PartitionKind } from './network.js';
import type { Moment, SimulatedNode } from './node.js';
import type { Schedule } from './schedule.js';

/** What faults and clients act on. */
export interface Stage {
  readonly random: SeededRandom;
  readonly schedule: Schedule;
  readonly checker: Checker;
  readonly network: Network;
  readonly nodes: readonly SimulatedNode[];
  readonly faults: () => FaultProfile;
  readonly note: (node: string, number: number, text: () => string) => void;
}

export class FaultStorm {
  readonly #stage: Stage;
  #isOver = false;
  #elections = 0;
  #leaderCrashPoint: LeaderCrashPoint = 'later';
  /** Directions in which a connection is broken and its sender does not know yet. */
  readonly #broken = new Set<string>();
  /** The only node that may lose its disk: more than one would be a majority of three. */
  readonly #unlucky: SimulatedNode;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#unlucky = stage.random.pick(stage.nodes);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get elections(): number {
    return this.#elections;
  }

  end(): void {
    this.#isOver = true;
  }

  /** Whether what was sent in that direction is lost. */
  isBroken(from: string, to: string): boolean {
    return this.#broken.has(`${from}>${to}`);
  }

  /** Each kind of fault again and again. */
  begin(): void {
    const { random } = this.#stage;
    this.every('crashEveryMs', () => this.#crash(this.#victim()));
    this.every('pauseEveryMs', () =>
      this.#victim().standStill(random.wait(this.#stage.faults().pauseMs)),
    );
    this.every('stallEveryMs', () =>
      this.#victim().standStill(random.wait(this.#stage.faults().stallMs)),
    );
    this.every('transferEveryMs', () => this.#transfer());
    this.every('diskHangEveryMs', () => this.#hangDisk());
    if (this.#stage.nodes.length === 1) return;
    this.every('partitionEveryMs', () => this.#partition(this.#victim().id));
    this.every('crisisEveryMs', () => this.#crisis());
    this.every('brokenConnectionEveryMs', () => this.#breakConnection());
  }

  /** Until the storm is over. */
  every(interval: Extract<keyof FaultProfile, `${string}EveryMs`>, happen: () => void): void {
    const meanMs = this.#stage.faults()[interval];
    if (meanMs === Number.POSITIVE_INFINITY) return;
    this.#stage.schedule.after(this.#stage.random.wait(meanMs), () => {
      if (this.#isOver) return;
      happen();
      this.every(interval, happen);
    });
  }

  /** Mostly a node that matters now: a leader, or a node with writes pending. */
  #victim(): SimulatedNode {
    const up = this.#stage.nodes.filter(({ isUp }) => isUp);
    const aim = this.#stage.random.next();
    const hurt = up.filter((node) =>
      aim < 0.4 ? node.isLeader : aim < 0.7 && node.disk.hasPendingWrites,
    );
    return this.#stage.random.pick(hurt.length > 0 ? hurt : this.#stage.nodes);
  }

  #maybeLoseDisk(node: SimulatedNode): void {
    const isSpared = this.#stage.nodes.length === 1 || node !== this.#unlucky;
    if (isSpared || !this.#stage.random.chance(this.#stage.faults().diskLossRate)) return;
    // A cluster in which others have not joined either has not enough nodes left that know all.
    if (this.#stage.nodes.some(({ disk }) => disk.joining)) return;
    node.disk.lose();
    // It takes longer to replace a disk than to read what the node had sent.
    this.#stage.network.loseFrom(node.id);
    this.#stage.checker.diskLost(node.id);
    this.#stage.note(node.id, 10, () => 'LOSES ITS DISK');
    for (const other of this.#stage.nodes) this.#breakConnectionOf(other, node);
  }

  /** Nothing that was sent before the break arrives: it may state what the disk held. */
  #breakConnectionOf(node: SimulatedNode, lost: SimulatedNode): void {
    if (node === lost) return;
    this.#broken.add(`${node.id}>${lost.id}`);
    node.loseConnection(lost.id, () => this.#connectAgain(node, lost));
  }

  #connectAgain(from: SimulatedNode, to: SimulatedNode): void {
    if (this.#broken.delete(`${from.id}>${to.id}`)) this.#stage.network.loseBetween(from.id, to.id);
  }

  #crash(node: SimulatedNode): void {
    if (!node.isUp) return;
    node.crash();
    for (const other of this.#stage.nodes) this.#connectAgain(node, other);
    this.#maybeLoseDisk(node);
    if (this.#stage.random.chance(0.5)) this.#stage.network.loseFrom(node.id);
    if (this.#stage.random.chance(this.#stage.faults().doubleTroubleRate)) {
      this.#victim().standStill(this.#stage.random.wait(this.#stage.faults().pauseMs));
    }
    const { downMs, quickRestartRate } = this.#stage.faults();
    const isQuick = this.#stage.random.chance(quickRestartRate);
    this.#stage.schedule.after(
      isQuick ? this.#stage.random.between(0, 20) : this.#stage.random.wait(downMs),
      () => {
        if (!node.isUp) node.start();
      },
    );
  }

  /**
   * Something has just happened to a node: for a leader these are the moments after which it
   * matters most what others know of it.
   */
  moment(node: SimulatedNode, what: Moment): void {
    if (what === 'elected') this.#elections++;
    if (this.#isOver || !node.isLeader) return;
    const { leaderCrashPoints } = this.#stage.faults();
    if (what === 'elected')
      this.#leaderCrashPoint =
        leaderCrashPoints[this.#elections % leaderCrashPoints.length] ?? 'later';
    if (what !== this.#leaderCrashPoint) return;
    this.#leaderCrashPoint = 'later';
    this.#stage.schedule.after(0, () => {
      if (this.#stage.random.chance(0.5)) this.#crash(node);
      else this.#partition(node.id, 'alone');
    });
  }

  #transfer(): void {
    const node = this.#stage.random.chance(0.8)
      ? this.#stage.nodes.find(({ isLeader }) => isLeader)
      : undefined;
    const from = node ?? this.#stage.random.pick(this.#stage.nodes);
    if (from.driver?.transferLeadership())
      this.#stage.note(from.id, 5, () => 'hands leadership over');
  }

  #partition(target: string, kind?: PartitionKind): void {
    if (this.#stage.nodes.length === 1) return;
    if (this.#stage.random.chance(0.7)) this.#stage.network.heal();
    const ids = this.#stage.nodes.map(({ id }) => id);
    const done = this.#stage.network.partition(ids, target, kind);
    this.#stage.note(target, 6, () => `NETWORK ${done}`);
    this.#stage.schedule.after(this.#stage.random.wait(this.#stage.faults().partitionMs), () => {
      this.#stage.network.heal();
      this.#stage.note(target, 7, () => 'NETWORK heals');
    });
  }

  #crisis(): void {
    const leader = this.#stage.nodes.find(({ isLeader }) => isLeader);
    if (leader === undefined) return;
    this.#partition(leader.id, 'pair');
    const follower = this.#stage.random.pick(this.#stage.nodes.filter((node) => node !== leader));
    this.#stage.schedule.after(this.#stage.random.between(200, 700), () => {
      if (this.#isOver) return;
      leader.standStill(this.#stage.random.between(50, 400));
      this.#crash(follower);
    });
  }

  #hangDisk(): void {
    const { id, disk } = this.#victim();
    const hanging = this.#stage.nodes.filter((node) => node.disk.isHanging).length;
    if (
      disk.isHanging ||
      majorityOf(this.#stage.nodes.length) > this.#stage.nodes.length - hanging - 1
    )
      return;
    const forMs = this.#stage.random.wait(this.#stage.faults().diskHangMs);
    this.#stage.note(id, 10, () => `its disk hangs for ${forMs.toFixed(0)} ms`);
    disk.hang(forMs);
    this.#stage.schedule.after(forMs, () => disk.recover());
  }

  #breakConnection(): void {
    const [from, to] = this.#stage.random.shuffled(this.#stage.nodes);
    from!.driver?.unreachable(to!.id);
    this.#stage.note(from!.id, 8, () => `loses its connection to ${to!.id}`);
  }
}
