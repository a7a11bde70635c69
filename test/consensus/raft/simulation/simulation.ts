/** One cluster, one seed: a storm of faults, then calm, in which the cluster must converge. */
import { majorityOf } from '../../../../src/consensus/raft/core/quorum.js';
import type { Command } from '../../../../src/throttle/commands.js';
import { SeededRandom } from '../../../support/random.js';
import { Checker, type Violation } from './checker.js';
import { SimulatedDisk } from './disk.js';
import {
  calm,
  drawFaultProfile,
  type FaultProfile,
  type LeaderCrashPoint,
} from './fault-profile.js';
import { Journal } from './journal.js';
import { Liveness, type LivenessBounds } from './liveness.js';
import type { Mutant } from './mutant.js';
import { type Letter, Network, type PartitionKind } from './network.js';
import { type Moment, type SimulatedGreeting, SimulatedNode, unixAt, type World } from './node.js';
import { Schedule } from './schedule.js';
import { describe } from './transcript.js';

export interface Options {
  readonly seed: number;
  readonly mutant?: Mutant;
  /** In place of what is drawn, and of what the mutant asks for. */
  readonly faults?: Partial<FaultProfile>;
  /** What must hold during the storm, too. */
  readonly bounds?: LivenessBounds;
  /** Keeps lines for a person to read. */
  readonly trace?: boolean;
}

export interface SimulationOutcome {
  readonly seed: number;
  readonly violation: Violation | null;
  /** Equal for equal runs. */
  readonly digest: string;
  readonly trace: readonly string[];
  readonly virtualMs: number;
  readonly nodes: number;
  readonly elections: number;
  /** Commands acknowledged to clients. */
  readonly acknowledged: number;
}

/** Virtual time in which a healed cluster must have come to rest. */
const CONVERGENCE_MS = 30_000;

const LOOK_MS = 200;
const LIVENESS_CHECK_MS = 50;

/**
 * Checks in a row: a leader that has heard all nodes reports the right time with its next lease,
 * long before the last of them.
 */
const MISJUDGEMENTS_MAX = 5;

const APPS = 12;
const TTL_MAX_MS = 60_000;

export function simulate(options: Options): SimulationOutcome {
  return new Simulation(options).run();
}

class Simulation {
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #schedule = new Schedule();
  readonly #journal: Journal;
  readonly #checker: Checker;
  readonly #network: Network;
  readonly #nodes: readonly SimulatedNode[];
  #faults: FaultProfile;
  #isStorm = true;
  #isConverged = false;
  /** Checks in a row in which only the time of the leader was wrong. */
  #misjudgements = 0;
  /** Nodes that have completed a command since all healed. */
  readonly #responsive = new Set<SimulatedNode>();
  #commands = 0;
  #elections = 0;
  #leaderCrashPoint: LeaderCrashPoint = 'later';
  readonly #greetings = new Map<string, SimulatedGreeting>();
  /** Directions in which a connection is broken and its sender does not know yet. */
  readonly #broken = new Set<string>();
  /** The only node that may lose its disk: more than one would be a majority of three. */
  readonly #unlucky: SimulatedNode;
  readonly #liveness: Liveness | null;

  constructor({ seed, mutant, faults: given, bounds, trace }: Options) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    this.#faults = { ...drawFaultProfile(this.#random), ...mutant?.faults, ...given };
    this.#liveness = bounds === undefined ? null : new Liveness(bounds);
    this.#journal = new Journal(trace ?? false);
    const ids = [...'abcde'].slice(0, this.#faults.nodes);
    const faults = () => this.#faults;
    const disks = new Map(
      ids.map((id) => [id, new SimulatedDisk(this.#random, this.#schedule, faults, mutant?.disk)]),
    );
    this.#checker = new Checker(disks);
    this.#network = new Network(
      this.#random,
      this.#schedule,
      faults,
      { left: (letter) => this.#left(letter), arrives: (letter) => this.#arrives(letter) },
      mutant?.duplicatesForwards ?? false,
    );
    const world: World = {
      ids,
      random: this.#random,
      schedule: this.#schedule,
      checker: this.#checker,
      network: this.#network,
      faults,
      mutant: mutant ?? null,
      moment: (node, what) => this.#moment(node, what),
      note: (node, number, text) => this.#note(node, number, text),
    };
    this.#nodes = ids.map((id) => new SimulatedNode(id, disks.get(id)!, world));
    this.#unlucky = this.#random.pick(this.#nodes);
  }

  run(): SimulationOutcome {
    for (const node of this.#nodes) this.#protected(() => node.start());
    this.#planFaults();
    this.#planClients();
    if (this.#liveness !== null) this.#watchLiveness(this.#liveness);
    this.#schedule.after(this.#faults.stormMs, () => this.#heal());
    while (this.#checker.violation === null && !this.#isConverged) {
      this.#protected(() => {
        this.#schedule.step();
        for (const node of this.#nodes) node.assertInvariants();
      });
    }
    return {
      seed: this.#seed,
      violation: this.#checker.violation,
      digest: this.#journal.digest,
      trace: this.#journal.lines,
      virtualMs: this.#schedule.nowMs,
      nodes: this.#nodes.length,
      elections: this.#elections,
      acknowledged: this.#checker.acknowledged,
    };
  }

  #protected(run: () => void): void {
    try {
      run();
    } catch (error) {
      const detail = error instanceof Error ? error.stack : String(error);
      this.#checker.violate('nothing is thrown', detail ?? '');
    }
  }

  #note(node: string, number: number, text: () => string): void {
    this.#journal.note(this.#schedule.nowMs, node, number, text);
  }

  #left({ from, to, message }: Letter): void {
    if ('from' in message) this.#checker.sent(message);
    this.#note(from, message.kind.length, () => `    to ${to}: ${describe(message)}`);
  }

  #arrives({ from, to, message, body }: Letter): void {
    this.#note(to, message.kind.length, () => `    from ${from}: ${describe(message)}`);
    // A connection ends with the process at its other end.
    if (this.#broken.has(`${from}>${to}`)) return;
    this.#node(to).receive(from, body, this.#greeting(from, to));
  }

  /** As of the connection: what the sender holds later is not said again. */
  #greeting(from: string, to: string): SimulatedGreeting {
    const connection = `${from}:${this.#node(from).life}>${to}:${this.#node(to).life}`;
    let greeting = this.#greetings.get(connection);
    if (greeting === undefined) {
      greeting = { holdsData: this.#node(from).driver?.holdsData ?? false };
      this.#greetings.set(connection, greeting);
    }
    return greeting;
  }

  #node(id: string): SimulatedNode {
    return this.#nodes.find((node) => node.id === id)!;
  }

  // ---- faults ----

  #planFaults(): void {
    const random = this.#random;
    this.#every('crashEveryMs', () => this.#crash(this.#victim()));
    this.#every('pauseEveryMs', () => this.#victim().standStill(random.wait(this.#faults.pauseMs)));
    this.#every('stallEveryMs', () => this.#victim().standStill(random.wait(this.#faults.stallMs)));
    this.#every('transferEveryMs', () => this.#transfer());
    this.#every('diskHangEveryMs', () => this.#hangDisk());
    if (this.#nodes.length === 1) return;
    this.#every('partitionEveryMs', () => this.#partition(this.#victim().id));
    this.#every('crisisEveryMs', () => this.#crisis());
    this.#every('brokenConnectionEveryMs', () => this.#breakConnection());
  }

  #every(interval: Extract<keyof FaultProfile, `${string}EveryMs`>, happen: () => void): void {
    const meanMs = this.#faults[interval];
    if (meanMs === Number.POSITIVE_INFINITY) return;
    this.#schedule.after(this.#random.wait(meanMs), () => {
      if (!this.#isStorm) return;
      happen();
      this.#every(interval, happen);
    });
  }

  /** Mostly a node that matters now: a leader, or a node with writes pending. */
  #victim(): SimulatedNode {
    const up = this.#nodes.filter(({ isUp }) => isUp);
    const aim = this.#random.next();
    const hurt = up.filter((node) =>
      aim < 0.4 ? node.isLeader : aim < 0.7 && node.disk.hasPendingWrites,
    );
    return this.#random.pick(hurt.length > 0 ? hurt : this.#nodes);
  }

  #maybeLoseDisk(node: SimulatedNode): void {
    const isSpared = this.#nodes.length === 1 || node !== this.#unlucky;
    if (isSpared || !this.#random.chance(this.#faults.diskLossRate)) return;
    // A cluster in which others have not joined either has not enough nodes left that know all.
    if (this.#nodes.some(({ disk }) => disk.joining)) return;
    node.disk.lose();
    // It takes longer to replace a disk than to read what the node had sent.
    this.#network.loseFrom(node.id);
    this.#checker.diskLost(node.id);
    this.#note(node.id, 10, () => 'LOSES ITS DISK');
    for (const other of this.#nodes) this.#breakConnectionOf(other, node);
  }

  /** Nothing that was sent before the break arrives: it may state what the disk held. */
  #breakConnectionOf(node: SimulatedNode, lost: SimulatedNode): void {
    if (node === lost) return;
    this.#broken.add(`${node.id}>${lost.id}`);
    node.loseConnection(lost.id, () => this.#connectAgain(node, lost));
  }

  #connectAgain(from: SimulatedNode, to: SimulatedNode): void {
    if (this.#broken.delete(`${from.id}>${to.id}`)) this.#network.loseBetween(from.id, to.id);
  }

  #crash(node: SimulatedNode): void {
    if (!node.isUp) return;
    node.crash();
    for (const other of this.#nodes) this.#connectAgain(node, other);
    this.#maybeLoseDisk(node);
    if (this.#random.chance(0.5)) this.#network.loseFrom(node.id);
    if (this.#random.chance(this.#faults.doubleTroubleRate)) {
      this.#victim().standStill(this.#random.wait(this.#faults.pauseMs));
    }
    const { downMs, quickRestartRate } = this.#faults;
    const isQuick = this.#random.chance(quickRestartRate);
    this.#schedule.after(isQuick ? this.#random.between(0, 20) : this.#random.wait(downMs), () => {
      if (!node.isUp) node.start();
    });
  }

  /**
   * Something has just happened to a node: for a leader these are the moments after which it
   * matters most what others know of it.
   */
  #moment(node: SimulatedNode, what: Moment): void {
    if (what === 'elected') this.#elections++;
    if (!this.#isStorm || !node.isLeader) return;
    const { leaderCrashPoints } = this.#faults;
    if (what === 'elected')
      this.#leaderCrashPoint =
        leaderCrashPoints[this.#elections % leaderCrashPoints.length] ?? 'later';
    if (what !== this.#leaderCrashPoint) return;
    this.#leaderCrashPoint = 'later';
    this.#schedule.after(0, () => {
      if (this.#random.chance(0.5)) this.#crash(node);
      else this.#partition(node.id, 'alone');
    });
  }

  #transfer(): void {
    const node = this.#random.chance(0.8)
      ? this.#nodes.find(({ isLeader }) => isLeader)
      : undefined;
    const from = node ?? this.#random.pick(this.#nodes);
    if (from.driver?.transferLeadership()) this.#note(from.id, 5, () => 'hands leadership over');
  }

  #partition(target: string, kind?: PartitionKind): void {
    if (this.#nodes.length === 1) return;
    if (this.#random.chance(0.7)) this.#network.heal();
    const ids = this.#nodes.map(({ id }) => id);
    const done = this.#network.partition(ids, target, kind);
    this.#note(target, 6, () => `NETWORK ${done}`);
    this.#schedule.after(this.#random.wait(this.#faults.partitionMs), () => {
      this.#network.heal();
      this.#note(target, 7, () => 'NETWORK heals');
    });
  }

  #crisis(): void {
    const leader = this.#nodes.find(({ isLeader }) => isLeader);
    if (leader === undefined) return;
    this.#partition(leader.id, 'pair');
    const follower = this.#random.pick(this.#nodes.filter((node) => node !== leader));
    this.#schedule.after(this.#random.between(200, 700), () => {
      if (!this.#isStorm) return;
      leader.standStill(this.#random.between(50, 400));
      this.#crash(follower);
    });
  }

  #hangDisk(): void {
    const { id, disk } = this.#victim();
    const hanging = this.#nodes.filter((node) => node.disk.isHanging).length;
    if (disk.isHanging || majorityOf(this.#nodes.length) > this.#nodes.length - hanging - 1) return;
    const forMs = this.#random.wait(this.#faults.diskHangMs);
    this.#note(id, 10, () => `its disk hangs for ${forMs.toFixed(0)} ms`);
    disk.hang(forMs);
    this.#schedule.after(forMs, () => disk.recover());
  }

  #breakConnection(): void {
    const [from, to] = this.#random.shuffled(this.#nodes);
    from!.driver?.unreachable(to!.id);
    this.#note(from!.id, 8, () => `loses its connection to ${to!.id}`);
  }

  // ---- clients ----

  #planClients(): void {
    this.#every('commandEveryMs', () => {
      const node = this.#random.pick(this.#nodes);
      if (this.#random.chance(this.#faults.readShare)) this.#read(node);
      else this.#submit(node);
    });
  }

  #submit(node: SimulatedNode, done: () => void = () => undefined): void {
    if (!node.isUp) return;
    const number = ++this.#commands;
    const ttlMs = this.#random.below(TTL_MAX_MS);
    this.#checker.clientSends(number, unixAt(this.#schedule.nowMs) + ttlMs);
    this.#note(node.id, number, () => `is sent command ${number}`);
    node.driver?.submit(this.#command(number, node.unixMs(), ttlMs), ({ kind }) => {
      this.#note(node.id, number, () => `completes command ${number}: ${kind}`);
      if (kind === 'refused') this.#checker.clientIsRefused(number);
      if (kind !== 'done') return;
      this.#checker.clientLearns(number, this.#schedule.nowMs);
      done();
    });
  }

  /** With its members as the log gives them back: states are compared as JSON. */
  #command(number: number, atMs: number, ttlMs: number): Command {
    const origin = { atMs, client: String(number) };
    const key = `app${this.#random.below(APPS)}`;
    const expireAtMs = atMs + ttlMs;
    switch (number % 6) {
      case 0:
        return { kind: 'exemptApp', ...origin, key, expireAtMs };
      case 1:
        return { kind: 'setThreshold', ...origin, key, value: number, expireAtMs };
      case 2:
        return { kind: 'throttleApp', ...origin, reason: `command ${number}`, key, expireAtMs };
      case 3:
        return { kind: 'unexemptApp', ...origin, key, everyStore: true };
      case 4:
        return { kind: 'resetThreshold', ...origin, key };
      default:
        return { kind: 'throttleApp', ...origin, key, expireAtMs, ratio: 1 / number };
    }
  }

  #read(node: SimulatedNode): void {
    const atLeast = this.#checker.acknowledgedIndex;
    node.driver?.read(({ kind }) => {
      if (kind === 'done') this.#checker.clientReads(node.id, node.appliedIndex, atLeast);
    });
  }

  // ---- liveness ----

  #watchLiveness(liveness: Liveness): void {
    this.#schedule.after(LIVENESS_CHECK_MS, () => {
      if (!this.#isStorm) return;
      const { nowMs } = this.#schedule;
      const violation = liveness.check(nowMs, {
        hasLease: this.#nodes.some(({ id }) => this.#checker.holdsLease(id, nowMs)),
        hasLeader: this.#nodes.some(({ isLeader }) => isLeader),
        acknowledged: this.#checker.acknowledged,
      });
      if (violation !== null) this.#checker.violate(violation.invariant, violation.detail);
      this.#watchLiveness(liveness);
    });
  }

  // ---- convergence ----

  #heal(): void {
    this.#note('-', 9, () => 'ALL HEALS');
    this.#isStorm = false;
    this.#faults = calm(this.#faults);
    this.#network.heal();
    for (const node of this.#nodes) {
      node.disk.recover();
      if (node.isUp) node.wake();
      else node.start();
    }
    this.#converge(this.#schedule.nowMs + CONVERGENCE_MS);
  }

  /**
   * Each node must complete a command of its own; then all must be at the same place, under one
   * leader that holds a lease and knows the time.
   */
  #converge(deadlineMs: number): void {
    this.#schedule.after(LOOK_MS, () => {
      this.#network.heal();
      const unresponsive = this.#nodes.filter((node) => !this.#responsive.has(node));
      const agrees = unresponsive.length === 0 && this.#agree();
      this.#isConverged = agrees && this.#leaderJudgesRightly();
      this.#misjudgements = agrees ? this.#misjudgements + 1 : 0;
      if (!this.#isConverged && this.#misjudgements > MISJUDGEMENTS_MAX) {
        const invariant = 'a leader that hears all goes by the time of a majority';
        this.#checker.violate(invariant, this.#positions());
      }
      if (this.#schedule.nowMs > deadlineMs) {
        this.#checker.violate('a healed cluster converges', this.#positions());
      }
      for (const node of unresponsive) this.#submit(node, () => this.#responsive.add(node));
      if (!this.#isConverged) this.#converge(deadlineMs);
    });
  }

  #agree(): boolean {
    const leaders = this.#nodes.filter(({ isLeader }) => isLeader);
    const places = new Set(this.#nodes.map(({ appliedIndex }) => appliedIndex));
    const [leader] = leaders;
    if (leader === undefined || leaders.length > 1 || places.size > 1) return false;
    return this.#checker.holdsLease(leader.id, this.#schedule.nowMs);
  }

  #leaderJudgesRightly(): boolean {
    const leader = this.#nodes.find(({ isLeader }) => isLeader);
    return leader !== undefined && this.#checker.judgesRightly(leader.id);
  }

  #positions(): string {
    return this.#nodes
      .map(
        ({ id, driver, appliedIndex }) => `${id} ${JSON.stringify(driver?.soft)} @${appliedIndex}`,
      )
      .join('; ');
  }
}
