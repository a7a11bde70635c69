/**
 * Watches whether this leader does its work, and hands over to a node that does it better
 * (fitness.ts decides).
 */
import { monotonicMs } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import { sharedInterval } from '../base/shared-interval.js';
import type { Consensus } from '../contracts/consensus.js';
import type {
  EventRecorder,
  FitnessReport,
  FitnessReporter,
  StoreReach,
  StoreReachSource,
} from '../contracts/reports.js';
import {
  betterNode,
  Fitness,
  type FitnessQuestion,
  failureText,
  LOOK_INTERVAL_MS,
  reachesNothing,
} from './fitness.js';

export interface FitnessWatchOptions {
  readonly consensus: Pick<Consensus, 'isLeading' | 'cluster' | 'askLogins' | 'yieldLeadership'>;
  readonly probes: StoreReachSource;
  readonly inventory: { unlistedStores(): readonly string[] };
  readonly events: EventRecorder;
  readonly log: Logger;
  /** `monotonicMs` unless given. */
  readonly nowMs?: () => number;
}

export class FitnessWatch implements FitnessReporter {
  readonly #options: FitnessWatchOptions;
  readonly #nowMs: () => number;
  readonly #fitness = new Fitness();
  #questions = 0;
  #handovers = 0;
  #isLooking = false;
  /** Why it leads on although stores fail, as it was said last; empty: none fails. */
  #stayedBecause = '';
  #cancel: (() => void) | undefined;

  constructor(options: FitnessWatchOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? monotonicMs;
  }

  start(): void {
    this.#cancel = sharedInterval(LOOK_INTERVAL_MS, () => void this.look());
  }

  stop(): void {
    this.#cancel?.();
  }

  report(): FitnessReport {
    return {
      failingStores: this.#isLeading ? this.#fitness.failing.length : 0,
      questions: this.#questions,
      handovers: this.#handovers,
    };
  }

  /** One look at a time: the next ones are left out while the other nodes are asked. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#lookOnce();
    } catch (thrown) {
      this.#options.log.error(
        { error: messageOf(thrown) },
        'cannot look at the work of the leader',
      );
    } finally {
      this.#isLooking = false;
    }
  }

  async #lookOnce(): Promise<void> {
    if (!this.#isLeading) {
      this.#fitness.rest();
      return;
    }
    const reaches = await this.#reaches();
    const question = this.#fitness.look(reaches, this.#nowMs());
    if (this.#fitness.failing.length === 0) this.#stayedBecause = '';
    if (question !== null && this.#hasOthers) await this.#ask(question, reaches);
  }

  async #ask(
    { failing, asked }: FitnessQuestion,
    before: ReadonlyMap<string, StoreReach>,
  ): Promise<void> {
    const { consensus } = this.#options;
    this.#questions++;
    const reason = failureText(failing, before);
    if (consensus.askLogins === undefined) {
      if (reachesNothing(before, failing)) await this.#handOver(reason);
      else this.#stay(reason, 'it reads other stores');
      return;
    }
    const answers = await consensus.askLogins(asked);
    if (!this.#isLeading) return;
    // What this node reaches may have changed meanwhile.
    const to = betterNode(asked, await this.#reaches(), answers);
    if (to !== null) await this.#handOver(reason, to);
    else if (answers.size === 0) this.#stay(reason, 'no other node answers whether it can');
    else this.#stay(reason, 'no other node does better');
  }

  async #handOver(reason: string, to?: string): Promise<void> {
    const { consensus, log } = this.#options;
    log.warn({ reason, ...(to !== undefined && { to }) }, 'handing over leadership');
    this.#fitness.handsOver(this.#nowMs());
    try {
      const leader = await consensus.yieldLeadership(to);
      this.#handovers++;
      this.#record(`leadership was handed over to ${leader}: ${reason}`);
    } catch (thrown) {
      this.#stay(reason, `leadership was not handed over: ${messageOf(thrown)}`);
    }
  }

  /** Said again only when it is something else: a server may be down for days. */
  #stay(reason: string, why: string): void {
    const because = `${reason}; ${why}`;
    if (because === this.#stayedBecause) return;
    this.#stayedBecause = because;
    this.#options.log.warn({ reason, why }, 'this leader cannot do its work, and leads on');
    this.#record(`this leader cannot do its work, and leads on: ${because}`);
  }

  #record(text: string): void {
    this.#options.events.record('leader', text);
  }

  async #reaches(): Promise<ReadonlyMap<string, StoreReach>> {
    const { probes, inventory } = this.#options;
    const reaches = new Map(await probes.reach());
    for (const store of inventory.unlistedStores()) reaches.set(store, 'unlisted');
    return reaches;
  }

  get #isLeading(): boolean {
    return this.#options.consensus.isLeading;
  }

  get #hasOthers(): boolean {
    return this.#options.consensus.cluster().Nodes.length > 1;
  }
}
