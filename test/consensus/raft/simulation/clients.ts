/** The clients of a simulation: they send commands, and read. */
import type { Command } from '../../../../src/throttle/commands.js';
import type { FaultStorm, Stage } from './fault-storm.js';
import { type SimulatedNode, unixAt } from './node.js';

const APPS = 12;
const TTL_MAX_MS = 60_000;

export class SimulatedClients {
  readonly #stage: Stage;
  readonly #storm: FaultStorm;
  #commands = 0;

  constructor(stage: Stage, storm: FaultStorm) {
    this.#stage = stage;
    this.#storm = storm;
  }

  begin(): void {
    this.#storm.every('commandEveryMs', () => {
      const node = this.#stage.random.pick(this.#stage.nodes);
      if (this.#stage.random.chance(this.#stage.faults().readShare)) this.#read(node);
      else this.submit(node);
    });
  }

  /** `done`: the command is acknowledged. */
  submit(node: SimulatedNode, done: () => void = () => undefined): void {
    if (!node.isUp) return;
    const number = ++this.#commands;
    const ttlMs = this.#stage.random.below(TTL_MAX_MS);
    this.#stage.checker.clientSends(number, unixAt(this.#stage.schedule.nowMs) + ttlMs);
    this.#stage.note(node.id, number, () => `is sent command ${number}`);
    node.driver?.submit(this.#command(number, node.unixMs(), ttlMs), ({ kind }) => {
      this.#stage.note(node.id, number, () => `completes command ${number}: ${kind}`);
      if (kind === 'refused') this.#stage.checker.clientIsRefused(number);
      if (kind !== 'done') return;
      this.#stage.checker.clientLearns(number, this.#stage.schedule.nowMs);
      done();
    });
  }

  /** With its members as the log gives them back: states are compared as JSON. */
  #command(number: number, atMs: number, ttlMs: number): Command {
    const origin = { atMs, client: String(number) };
    const key = `app${this.#stage.random.below(APPS)}`;
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
    const atLeast = this.#stage.checker.acknowledgedIndex;
    node.driver?.read(({ kind }) => {
      if (kind === 'done') this.#stage.checker.clientReads(node.id, node.appliedIndex, atLeast);
    });
  }
}
