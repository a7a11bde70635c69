/** One cluster, one seed: a storm of faults, then calm, in which the cluster must converge. */
import { SeededRandom } from '../../../support/random.js';
import { Checker, type Violation } from './checker.js';
import { SimulatedClients } from './clients.js';
import { SimulatedDisk } from './disk.js';
import { calm, drawFaultProfile, type FaultProfile } from './fault-profile.js';
import { FaultStorm, type Stage } from './fault-storm.js';
import { Journal } from './journal.js';
import { Liveness, type LivenessBounds } from './liveness.js';
import type { Mutant } from './mutant.js';
import { type Letter, Network } from './network.js';
import { type SimulatedGreeting, SimulatedNode, type World } from './node.js';
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
  #isConverged = false;
  /** Checks in a row in which only the time of the leader was wrong. */
  #misjudgements = 0;
  /** Nodes that have completed a command since all healed. */
  readonly #responsive = new Set<SimulatedNode>();
  readonly #greetings = new Map<string, SimulatedGreeting>();
  readonly #storm: FaultStorm;
  readonly #clients: SimulatedClients;
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
      moment: (node, what) => this.#storm.moment(node, what),
      note: (node, number, text) => this.#note(node, number, text),
    };
    this.#nodes = ids.map((id) => new SimulatedNode(id, disks.get(id)!, world));
    const stage: Stage = { ...world, nodes: this.#nodes };
    this.#storm = new FaultStorm(stage);
    this.#clients = new SimulatedClients(stage, this.#storm);
  }

  run(): SimulationOutcome {
    for (const node of this.#nodes) this.#protected(() => node.start());
    this.#storm.begin();
    this.#clients.begin();
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
      elections: this.#storm.elections,
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
    if (this.#storm.isBroken(from, to)) return;
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

  // ---- liveness ----

  #watchLiveness(liveness: Liveness): void {
    this.#schedule.after(LIVENESS_CHECK_MS, () => {
      if (this.#storm.isOver) return;
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
    this.#storm.end();
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
      for (const node of unresponsive) this.#clients.submit(node, () => this.#responsive.add(node));
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
