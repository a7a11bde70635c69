/**
 * Whether this leader does its work, and whether another node would do it better. Pure: no clock,
 * no I/O.
 *
 * A leader that reads nothing of a store cannot know whose fault that is: the store's, or its own
 * (a thread that hangs, a name server, a route, descriptors). So it asks the others, who try a
 * login to the same stores, and hands over only to a node that reaches more of them than itself:
 * where a server is down for all, none does. Whether that node goes on reaching them is not known
 * in advance. So the pauses between two hand-overs grow, on each node, and leadership does not go
 * round in circles.
 */
import { Backoff } from '../base/backoff.js';
import { ASKED_STORES_MAX } from '../contracts/consensus.js';
import type { StoreReach } from '../contracts/reports.js';

type StoreReaches = ReadonlyMap<string, StoreReach>;

/** How often the leader looks at its work. */
export const LOOK_INTERVAL_MS = 500;

/** A store fails when it does so in so many looks in a row: 2 s, of time in which this node ran. */
const LOOKS_TO_FAIL = 4;

/** Of the stores asked about, those that fail here at most: the rest shows what would be lost. */
const ASKED_FAILING_MAX = 15;

/** Between two questions, while the same stores fail. */
const QUESTION_PAUSES = { firstMs: 5_000, maxMs: 300_000, jitter: 0.1 };

/** Between two hand-overs by this node. */
const HANDOVER_PAUSES = { firstMs: 10_000, maxMs: 600_000, jitter: 0.1 };

/** After so long without a hand-over the pauses are the first again. */
const CALM_MS = 1_800_000;

/** What to ask the other nodes. */
export interface FitnessQuestion {
  /** That fail here, all of them. */
  readonly failing: readonly string[];
  /** To ask about: failing ones first, and some that do not. */
  readonly asked: readonly string[];
}

export class Fitness {
  /** Looks in a row in which the store was not reached, by name. */
  #failedLooks = new Map<string, number>();
  /** The stores that failed at the last question. */
  #askedFor: ReadonlySet<string> = new Set();
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #askAgainAtMs = Number.NEGATIVE_INFINITY;
  #handedOverAtMs = Number.NEGATIVE_INFINITY;
  #handOverAgainAtMs = Number.NEGATIVE_INFINITY;
  readonly #questionPauses = new Backoff(QUESTION_PAUSES);
  readonly #handoverPauses = new Backoff(HANDOVER_PAUSES);

  /** The stores that fail now. */
  get failing(): string[] {
    return [...this.#failedLooks]
      .filter(([, looks]) => looks >= LOOKS_TO_FAIL)
      .map(([name]) => name);
  }

  /** This node does not lead: nothing fails. */
  rest(): void {
    this.#failedLooks.clear();
  }

  /** One look at the work of this leader. Returns the question that is due; null: none is. */
  look(reaches: StoreReaches, nowMs: number): FitnessQuestion | null {
    const before = this.#failedLooks;
    this.#failedLooks = new Map();
    for (const [store, reach] of reaches) {
      if (reach !== 'reached') this.#failedLooks.set(store, (before.get(store) ?? 0) + 1);
    }
    const { failing } = this;
    if (failing.length === 0 || nowMs < this.#handOverAgainAtMs) return null;
    const isNew = failing.some((store) => !this.#askedFor.has(store));
    if (isNew) {
      if (nowMs < this.#askedAtMs + QUESTION_PAUSES.firstMs) return null;
      this.#questionPauses.succeeded();
    } else if (nowMs < this.#askAgainAtMs) return null;
    this.#askedFor = new Set(failing);
    this.#askedAtMs = nowMs;
    this.#askAgainAtMs = nowMs + this.#questionPauses.failed();
    return { failing, asked: askedAbout(failing, reaches) };
  }

  /** This node hands over. */
  handsOver(nowMs: number): void {
    if (nowMs - this.#handedOverAtMs >= CALM_MS) this.#handoverPauses.succeeded();
    this.#handedOverAtMs = nowMs;
    this.#handOverAgainAtMs = nowMs + this.#handoverPauses.failed();
    this.#askedFor = new Set();
  }
}

function askedAbout(failing: readonly string[], reaches: StoreReaches): string[] {
  const asked = failing.slice(0, ASKED_FAILING_MAX);
  for (const [store, reach] of reaches) {
    if (asked.length >= ASKED_STORES_MAX) break;
    if (reach === 'reached') asked.push(store);
  }
  return asked;
}

/**
 * The node that reaches the most of the stores asked about, if those are more than this one
 * reaches; null: no node does. `answers`: by node, the stores that it reaches.
 */
export function betterNode(
  asked: readonly string[],
  reaches: StoreReaches,
  answers: ReadonlyMap<string, readonly string[]>,
): string | null {
  let most = asked.filter((store) => reaches.get(store) === 'reached').length;
  let better: string | null = null;
  for (const [node, stores] of answers) {
    const count = asked.filter((store) => stores.includes(store)).length;
    if (count <= most) continue;
    most = count;
    better = node;
  }
  return better;
}

/**
 * Without answers: whether any other node is at least as good, because this one reaches nothing.
 */
export function reachesNothing(reaches: StoreReaches, failing: readonly string[]): boolean {
  return failing.length > 0 && failing.length === reaches.size;
}

/** Of the stores that fail, in words for the log: why, with a few names of each kind. */
export function failureText(failing: readonly string[], reaches: StoreReaches): string {
  const kinds: ReadonlyArray<readonly [StoreReach, string]> = [
    ['silent', 'the probe thread does not respond that reads'],
    ['cutOff', 'this node cannot log in to any host of'],
    ['unlisted', 'this node cannot read the list of hosts of'],
  ];
  const texts = kinds.flatMap(([kind, text]) => {
    const stores = failing.filter((store) => reaches.get(store) === kind);
    return stores.length === 0 ? [] : [`${text} ${storesText(stores)}`];
  });
  return texts.join('; ');
}

const NAMED_STORES_MAX = 3;

function storesText(stores: readonly string[]): string {
  const named = stores.slice(0, NAMED_STORES_MAX).map((store) => `mysql/${store}`);
  const more = stores.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}
