/** Raft nodes over real TCP and SQLite in one process, observable by tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAddress } from '../../../../src/base/address.js';
import { monotonicMs } from '../../../../src/base/clock.js';
import type { RaftSettings } from '../../../../src/config/settings.js';
import { RaftConsensus } from '../../../../src/consensus/raft/consensus.js';
import type { ConsensusObserver, StateMachine } from '../../../../src/contracts/consensus.js';
import { freePorts } from '../../../../src/demo/temporary.js';
import type { Command, CommandOutcome } from '../../../../src/throttle/commands.js';
import { type StateImage, ThrottleState } from '../../../../src/throttle/state.js';
import { until } from '../../../support/until.js';
import { LogRecorder } from './log-recorder.js';

/** A state machine whose acknowledgements can be held back. */
export class TestMachine implements StateMachine {
  readonly state: ThrottleState;
  applied = 0;
  restores = 0;
  /** Resolve to let `apply` acknowledge. */
  gate: Promise<void> = Promise.resolve();

  /** Resolve to let `settled` acknowledge. */
  settling: Promise<void> = Promise.resolve();

  /** The next `apply` rejects. */
  breaks = false;

  constructor(entriesMax?: number) {
    this.state = new ThrottleState(entriesMax);
  }

  async apply(commands: readonly Command[]): Promise<readonly CommandOutcome[]> {
    if (this.breaks) {
      this.breaks = false;
      throw new Error('a thread is gone');
    }
    const outcomes = commands.map((command) => this.state.apply(command));
    this.applied += commands.length;
    await this.gate;
    return outcomes;
  }

  isFullFor(command: Command, atMs: number): boolean {
    return this.state.isFullFor(command, atMs);
  }

  settled(): Promise<void> {
    return this.settling;
  }

  image(): StateImage {
    return this.state.image();
  }

  async restore(image: StateImage): Promise<void> {
    this.restores += 1;
    this.state.restore(image);
  }

  has(key: string): boolean {
    return this.state.throttledApp(key, Date.now()) !== undefined;
  }
}

/** Records the reports of a node; tests can wait for the next one. */
class TestObserver implements ConsensusObserver {
  readonly changes: Array<{ readonly leading: boolean; readonly term: number }> = [];
  leaseUntilMs = 0;
  clockOffsetMs: number | null = null;
  #waiters: Array<() => void> = [];

  leadershipChanged(leading: boolean, term: number): void {
    this.changes.push({ leading, term });
    if (!leading) this.leaseUntilMs = 0;
    for (const wake of this.#waiters.splice(0)) wake();
  }

  leaseExtended(leaseUntilMs: number, clockOffsetMs: number | null): void {
    this.leaseUntilMs = leaseUntilMs;
    this.clockOffsetMs = clockOffsetMs;
    for (const wake of this.#waiters.splice(0)) wake();
  }

  clockHeard(clockOffsetMs: number): void {
    this.clockOffsetMs = clockOffsetMs;
  }

  get leading(): boolean {
    return this.changes.at(-1)?.leading ?? false;
  }

  /** Whether the node may act as leader now. */
  get hasLease(): boolean {
    return this.leading && monotonicMs() < this.leaseUntilMs;
  }

  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }
}

export class RaftTestNode {
  readonly machine: TestMachine;
  readonly observer = new TestObserver();
  readonly log = new LogRecorder();
  readonly consensus: RaftConsensus;

  /** The error of the node's wall clock. */
  clockErrorMs = 0;

  /** What it says of itself to the others. */
  description = { version: '1.2.3', configHash: 7, listenPort: 8087 };

  constructor(
    readonly settings: RaftSettings,
    entriesMax?: number,
  ) {
    this.machine = new TestMachine(entriesMax);
    const { machine, observer, log } = this;
    const unixMs = (): number => this.unixMs();
    this.consensus = new RaftConsensus(settings, machine, observer, log.logger, {
      unixMs,
      description: () => this.description,
    });
  }

  unixMs(): number {
    return Date.now() + this.clockErrorMs;
  }

  get name(): string {
    return this.settings.advertise;
  }
}

export interface RaftClusterOptions {
  readonly size: number;
  readonly snapshotEntries?: number;
  /** Of each table of the state machines. */
  readonly entriesMax?: number;
}

/** Nodes that can be stopped and started again with what their disks hold. */
export class RaftTestCluster {
  readonly nodes: RaftTestNode[] = [];

  private constructor(
    readonly directory: string,
    private readonly options: RaftClusterOptions,
    private readonly names: readonly string[],
  ) {}

  static async create(options: RaftClusterOptions): Promise<RaftTestCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'freno-raft-'));
    const names: string[] = [];
    for (const port of await freePorts(options.size)) names.push(`127.0.0.1:${port}`);
    const cluster = new RaftTestCluster(directory, options, names);
    for (let at = 0; at < options.size; at++) cluster.nodes.push(cluster.freshNode(at));
    return cluster;
  }

  static async started(options: RaftClusterOptions): Promise<RaftTestCluster> {
    const cluster = await RaftTestCluster.create(options);
    await Promise.all(cluster.nodes.map(({ consensus }) => consensus.start()));
    return cluster;
  }

  settingsOf(at: number): RaftSettings {
    const advertise = this.names[at]!;
    return {
      kind: 'raft',
      dataDir: join(this.directory, String(at)),
      bind: parseAddress(advertise, 0)!,
      advertise,
      nodes: this.names.length > 1 ? this.names : [],
      clusterName: 'test',
      heartbeatMs: 40,
      electionMs: 240,
      snapshotEntries: this.options.snapshotEntries ?? 8192,
    };
  }

  /** A new node with the settings of that index and an empty state machine, not started. */
  freshNode(at: number, overrides: Partial<RaftSettings> = {}): RaftTestNode {
    return new RaftTestNode({ ...this.settingsOf(at), ...overrides }, this.options.entriesMax);
  }

  /** Starts a new node with the settings, and so the disk, of that index. */
  async restart(at: number, overrides: Partial<RaftSettings> = {}): Promise<RaftTestNode> {
    const node = this.freshNode(at, overrides);
    this.nodes[at] = node;
    await node.consensus.start();
    return node;
  }

  /** The node that leads with a lease, when there is one. */
  async leader(): Promise<RaftTestNode> {
    for (;;) {
      const leader = this.nodes.find(({ observer }) => observer.hasLease);
      if (leader !== undefined) return leader;
      await Promise.race(this.nodes.map(({ observer }) => observer.changed()));
    }
  }

  /** Two nodes, the leader last, that know each other's roles. */
  async followers(): Promise<RaftTestNode[]> {
    const leader = await this.leader();
    const followers = this.nodes.filter((node) => node !== leader);
    await until(() =>
      followers.every(({ consensus }) => consensus.status().Leader === leader.name),
    );
    return followers;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(({ consensus }) => consensus.stop()));
    await rm(this.directory, { recursive: true });
  }
}

export function throttle(key: string): Command {
  return { kind: 'throttleApp', atMs: Date.now(), key, ratio: 1 };
}
