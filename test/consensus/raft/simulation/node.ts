/**
 * One simulated node: the production core and driver on a simulated disk, clock and network. It can
 * crash, start again, and stand still.
 */

import { decodeMessage, encodeMessage } from '../../../../src/consensus/raft/codec/messages.js';
import { Raft } from '../../../../src/consensus/raft/core/raft.js';
import { type Rules, raftRules } from '../../../../src/consensus/raft/core/rules.js';
import type { NodeId, Ready, SoftState, Write } from '../../../../src/consensus/raft/core/types.js';
import { RaftDriver } from '../../../../src/consensus/raft/driver/driver.js';
import type { RaftStorage } from '../../../../src/consensus/raft/driver-types.js';
import {
  electionTicksOf,
  heartbeatTicksOf,
  LEASE_SHARE,
  lockoutMsOf,
  type RaftTimes,
  startTicksOf,
  tickMsOf,
} from '../../../../src/consensus/raft/options.js';
import type { SeededRandom } from '../../../support/random.js';
import type { Checker } from './checker.js';
import type { SimulatedDisk } from './disk.js';
import type { FaultProfile } from './fault-profile.js';
import { SimulatedMachine } from './machine.js';
import type { Mutant } from './mutant.js';
import { MutantCore } from './mutant-core.js';
import type { Network } from './network.js';
import { ObservedCore } from './observed-core.js';
import type { Schedule } from './schedule.js';

type DrawnTimes = Omit<RaftTimes, 'nodes'>;

const EQUAL_TIMES: DrawnTimes = { heartbeatMs: 60, electionMs: 300 };

/** The true Unix time at that virtual time. */
export function unixAt(nowMs: number): number {
  return 1_800_000_000_000 + nowMs;
}

function withoutTime(body: Uint8Array, from: NodeId, to: NodeId): Uint8Array {
  const message = decodeMessage(body, from, to);
  return message.kind === 'heartbeatResponse' ? encodeMessage({ ...message, unixMs: 0 }) : body;
}

/**
 * The longest heartbeat interval is a third of the shortest election time-out, so that an elected
 * leader can stay.
 */
function drawTimes(random: SeededRandom): DrawnTimes {
  return { heartbeatMs: random.pick([25, 40, 50]), electionMs: random.pick([150, 250, 400, 900]) };
}

/** What a leader can be hit at. */
export type Moment = 'elected' | 'written' | 'committed';

/** What a node says of itself to a peer that it connects to. */
export interface SimulatedGreeting {
  readonly holdsData: boolean;
}

/** What nodes share. */
export interface World {
  readonly ids: readonly NodeId[];
  readonly random: SeededRandom;
  readonly schedule: Schedule;
  readonly checker: Checker;
  readonly network: Network;
  readonly faults: () => FaultProfile;
  readonly mutant: Mutant | null;
  readonly moment: (node: SimulatedNode, what: Moment) => void;
  readonly note: (node: NodeId, number: number, text: () => string) => void;
}

export class SimulatedNode {
  driver: RaftDriver | null = null;
  /** Grows with each start and crash: whatever was planned in an earlier life does not happen. */
  #life = 0;
  #standsStillUntilMs = 0;
  /** What arrived while the node stood still, in order. */
  #missed: Array<() => void> = [];
  /** Of this life. */
  #machine!: SimulatedMachine;
  #times: RaftTimes;
  /** How many of its milliseconds pass in a true one. */
  readonly #clockRate: number;
  readonly #rules: Rules;

  constructor(
    readonly id: NodeId,
    readonly disk: SimulatedDisk,
    private readonly world: World,
  ) {
    const { clockDrift } = world.faults();
    this.#clockRate = 1 + world.random.between(-clockDrift, clockDrift);
    this.#times = { ...EQUAL_TIMES, nodes: world.ids };
    this.#rules = { ...raftRules, ...world.mutant?.rules };
  }

  get isUp(): boolean {
    return this.driver !== null;
  }

  get isLeader(): boolean {
    return this.driver?.soft.role === 'leader';
  }

  get appliedIndex(): number {
    return this.driver?.appliedIndex ?? 0;
  }

  start(): void {
    const { world, id } = this;
    this.#life++;
    this.#missed = [];
    this.#standsStillUntilMs = 0;
    if (world.mutant?.forgetsVote) this.disk.hardState = { ...this.disk.hardState, vote: null };
    world.checker.started(id);
    world.note(id, 1, () => `starts: term ${this.disk.hardState.term}, log ${this.disk.lastIndex}`);
    this.#machine = this.#buildMachine();
    const times = world.faults().timesDiffer ? drawTimes(world.random) : EQUAL_TIMES;
    this.#times = { ...times, nodes: world.ids };
    this.driver = this.#buildDriver();
    this.#recordLockout();
    this.#planTick(world.random.next() * tickMsOf(this.#times));
  }

  /** As `LockoutStore` does. */
  #recordLockout(): void {
    const { disk } = this;
    const lockoutMs = lockoutMsOf(this.#times);
    const earlierMs = disk.storedLockoutMs;
    disk.storedLockoutMs = Math.max(earlierMs, lockoutMs);
    if (lockoutMs >= earlierMs) return;
    this.#after(2 * earlierMs, () => {
      disk.storedLockoutMs = lockoutMs;
    });
  }

  /** With the state of the disk. */
  #buildMachine(): SimulatedMachine {
    const { world, id, disk } = this;
    const machine = new SimulatedMachine(id, disk.snapshotIndex, {
      random: world.random,
      checker: world.checker,
      faults: world.faults,
      confirmsBeforeReaders: world.mutant?.confirmsBeforeReaders ?? false,
      after: (delayMs, run) => this.#after(delayMs, run),
    });
    if (disk.snapshot !== null) machine.load(disk.snapshot.chunks);
    return machine;
  }

  #buildDriver(): RaftDriver {
    const { world, id, disk } = this;
    const { limits, snapshotEntries, keepEntries, overlappingWrites } = world.faults();
    const times = this.#times;
    const config = {
      ...limits,
      id,
      nodes: world.ids,
      electionTicks: electionTicksOf(times),
      heartbeatTicks: heartbeatTicksOf(times),
      lockoutMs: lockoutMsOf(times),
      startTicks: startTicksOf(times, world.mutant?.forgetsLockout ? 0 : disk.storedLockoutMs),
    };
    const { hardState, entries } = disk;
    const snapshot = disk.snapshot?.meta ?? { index: 0, term: 0 };
    const random = () => world.random.next();
    const { joining } = disk;
    const initial = { hardState, joining, snapshot, entries };
    const raft = new Raft(config, initial, random, this.#rules);
    const peers = world.ids.filter((peer) => peer !== id);
    const bug = world.mutant?.core;
    const core = bug === undefined ? raft : new MutantCore(raft, id, peers, disk, bug);
    const observed = new ObservedCore(core, {
      nodes: world.ids.length,
      electionTicks: config.electionTicks,
      saw: (ready) => this.#saw(ready),
      writeOverlapping: overlappingWrites
        ? (write, done) => this.#writeOverlapping(write, done)
        : null,
      notesRoundsLate: world.mutant?.notesRoundsLate ?? false,
      leadsWithoutQuorum: () =>
        world.checker.violate('a leader that hears no majority steps down', id),
    });
    const options = {
      id,
      nodes: world.ids.length,
      leaseShare: LEASE_SHARE,
      requestTimeoutTicks: 40,
      snapshotEntries,
      keepEntries,
      snapshotRetryTicks: 5,
    };
    return new RaftDriver(options, {
      core: observed,
      storage: this.#storage(),
      transport: { send: (to, body) => world.network.send(id, to, body) },
      machine: this.#machine,
      members: { canAllRead: () => true, readsFull: () => true },
      environment: {
        nowMs: () => this.#nowMs(),
        unixMs: () => this.unixMs(),
        random,
        soon: (run) => this.#after(0, run),
      },
      observer: {
        softStateChanged: (soft) => this.#softStateChanged(soft),
        leaseExtended: (untilMs, clockOffsetMs) => this.#leaseExtended(untilMs, clockOffsetMs),
        clockHeard: (clockOffsetMs) => this.#clockHeard(clockOffsetMs),
        failed: (error) => world.checker.violate('a node does not fail', `${id}: ${error.stack}`),
      },
    });
  }

  #nowMs(): number {
    return this.world.schedule.nowMs * this.#clockRate;
  }

  /** What its wall clock shows: of a minority it may be wrong, at any moment by another amount. */
  unixMs(): number {
    const { ids, schedule, faults } = this.world;
    const isRight = ids.indexOf(this.id) * 2 > ids.length - 2;
    const { nowMs } = schedule;
    const wrongByMs = isRight ? 0 : Math.sin(Math.floor(nowMs / 700)) * faults().wrongClockMs;
    return Math.round(unixAt(nowMs) + wrongByMs);
  }

  /** Runs later in this life, and not while the node stands still. */
  #after(delayMs: number, run: () => void): void {
    const life = this.#life;
    this.world.schedule.after(delayMs, () => {
      if (life === this.#life) this.#whenAwake(run);
    });
  }

  #whenAwake(run: () => void): void {
    if (this.world.schedule.nowMs < this.#standsStillUntilMs) this.#missed.push(run);
    else run();
  }

  /** After a pause the ticks missed are not made up for, and come after all that has arrived. */
  #planTick(delayMs: number): void {
    this.#after(delayMs / this.#clockRate, () => {
      this.driver?.tick();
      this.#planTick(tickMsOf(this.#times));
    });
  }

  /** The life of the process: another one makes new connections. */
  get life(): number {
    return this.#life;
  }

  /** Calls back when this node, or its next life, knows that the connection is gone. */
  loseConnection(to: NodeId, known: () => void): void {
    if (!this.isUp) {
      known();
      return;
    }
    this.world.schedule.after(this.world.faults().delayMaxMs, () =>
      this.#whenAwake(() => {
        this.driver?.unreachable(to);
        known();
      }),
    );
  }

  assertInvariants(): void {
    this.driver?.assertInvariants();
  }

  /** The process is stopped, or its event loop held, for that long. */
  standStill(forMs: number): void {
    const { schedule, note } = this.world;
    if (!this.isUp || schedule.nowMs < this.#standsStillUntilMs) return;
    note(this.id, 2, () => `stands still for ${forMs.toFixed(0)} ms`);
    this.#standsStillUntilMs = schedule.nowMs + forMs;
    const life = this.#life;
    schedule.after(forMs, () => {
      if (life === this.#life) this.wake();
    });
  }

  wake(): void {
    this.#standsStillUntilMs = 0;
    const missed = this.#missed;
    this.#missed = [];
    for (const run of missed) run();
  }

  crash(): void {
    if (!this.isUp) return;
    this.world.note(this.id, 3, () => 'crashes');
    this.#life++;
    this.driver = null;
    this.disk.crash();
    this.world.checker.crashed(this.id);
  }

  /** `greeting` is what the sender said of itself when it connected. */
  receive(from: NodeId, body: Uint8Array, greeting: SimulatedGreeting): void {
    const heard = this.world.mutant?.ignoresClocks ? withoutTime(body, from, this.id) : body;
    if (!this.isUp) return;
    this.#whenAwake(() => {
      if (greeting.holdsData) this.driver?.clusterHoldsData();
      this.driver?.receive(from, heard);
    });
  }

  #storage(): RaftStorage {
    const { disk } = this;
    return {
      write: (write, done) => disk.write(write, (error) => this.#written(() => done(error))),
      saveSnapshot: (snapshot, done) =>
        disk.saveSnapshot(snapshot, (error) => this.#after(0, () => done(error))),
      newestSnapshot: () => disk.newestSnapshot(),
      readChunk: (index, sequence, done) =>
        disk.readChunk(index, sequence, (error, chunk) => this.#after(0, () => done(error, chunk))),
    };
  }

  /**
   * The driver has no call that makes it look at its core. A lost connection to itself changes
   * nothing, and makes it look.
   */
  #writeOverlapping({ hardState, joined, entries }: Write, done: () => void): void {
    const write = { hardState, snapshot: null, entries, ...(joined ? { joined } : {}) } as const;
    this.disk.writeOverlapping(write, () =>
      this.#written(() => {
        done();
        this.driver?.unreachable(this.id);
      }),
    );
  }

  #written(done: () => void): void {
    this.#after(0, done);
    this.world.moment(this, 'written');
  }

  #saw(ready: Ready): void {
    const { checker, note } = this.world;
    if (ready.restore !== null) {
      const { restore } = ready;
      note(this.id, 4, () => `restores snapshot ${restore.index}@${restore.term}`);
      checker.restored(this.id, restore);
      this.#machine.appliedIndex = restore.index;
    }
    if (ready.write !== null) checker.wrote(this.id, ready.write.entries);
    const last = ready.committed.at(-1);
    if (last === undefined) return;
    note(this.id, last.index, () => `applies up to ${last.index}@${last.term}`);
    checker.applied(this.id, ready.soft.term, ready.committed);
    this.#machine.appliedIndex = last.index;
    this.world.moment(this, 'committed');
  }

  #softStateChanged({ role, term, leader }: SoftState): void {
    const { checker, note, schedule } = this.world;
    note(this.id, term, () => `is ${role} in term ${term}, leader ${leader ?? 'unknown'}`);
    if (role !== 'leader') {
      checker.leaseLost(this.id);
      return;
    }
    checker.elected(this.id, term, schedule.nowMs);
    this.world.moment(this, 'elected');
  }

  #leaseExtended(untilMs: number, clockOffsetMs: number | null): void {
    const { checker, schedule } = this.world;
    checker.leaseExtended(this.id, untilMs / this.#clockRate, schedule.nowMs);
    if (untilMs === 0) return;
    const unixMs = clockOffsetMs === null ? this.unixMs() : this.#nowMs() + clockOffsetMs;
    checker.judgesBy(this.id, unixMs, unixAt(schedule.nowMs));
  }

  #clockHeard(clockOffsetMs: number): void {
    const { checker, schedule } = this.world;
    checker.judgesBy(this.id, this.#nowMs() + clockOffsetMs, unixAt(schedule.nowMs));
  }
}
