/**
 * Names to addresses by the system's resolver (hosts file, search domains), a bounded number at a
 * time: look-ups occupy threads that the whole process shares with its files and its log.
 *
 * A name whose server does not answer keeps its look-up for seconds, so it matters who is next.
 * Names that failed last time come after all others; of those who ask for others, whoever took the
 * least time is next; and the last free look-up is left to those who have none under way. So the
 * dead names of one cluster do not hold up another.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { monotonicMs } from './clock.js';

export interface ResolverLimits {
  /** Look-ups under way at a time: at least 2, since the last free one is kept. */
  readonly lookupsMax: number;
  /**
   * For how long an address is used again. Hosts that refuse connections would otherwise be looked
   * up at each attempt.
   */
  readonly foundMs: number;
  /** For how long a name that was not found is not looked up again. */
  readonly notFoundMs: number;
}

/** For the probes of one thread. */
const PROBE_LIMITS: ResolverLimits = { lookupsMax: 4, foundMs: 5_000, notFoundMs: 1_000 };

const NAMES_MAX = 10_000;

/** Connections are given up sooner: whoever asked this long ago waits no more. */
const ABANDONED_MS = 5_000;

type Resolution =
  | { readonly addresses: readonly LookupAddress[]; readonly untilMs: number }
  | { readonly error: NodeJS.ErrnoException; readonly untilMs: number };

interface LookupWaiter {
  readonly askedAtMs: number;
  readonly tell: (answer: Resolution) => void;
}

/** Asks the system for all addresses of a name. */
export type SystemLookup = (
  name: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const systemResolver: SystemLookup = (name, callback) =>
  systemLookup(name, { all: true }, callback);

/** Who asks for names that belong together, like the hosts of one cluster. */
export interface ResolverClient {
  /**
   * To be passed to `net.connect`. A look-up goes on, and is used again, when the connection has
   * been given up meanwhile.
   */
  readonly lookup: LookupFunction;
  /**
   * Whether the name only waits for its turn, and did not fail last time: that there is no answer
   * then says nothing of the host.
   */
  isQueued(name: string): boolean;
}

/** A party's names that are to be looked up, but for those that failed last time. */
interface ClientQueue {
  readonly queue: Set<string>;
  underWay: number;
  /** Spent on look-ups since there was last nothing to do. */
  usedMs: number;
}

/** A name in a queue or under way. */
interface PendingLookup {
  /** Null: it failed last time, and counts for nobody. */
  readonly asker: ClientQueue | null;
  /** The longest waiting first. */
  readonly waiting: LookupWaiter[];
  isUnderWay: boolean;
}

export interface ResolverOptions {
  readonly limits?: ResolverLimits;
  /** The system's, unless given. */
  readonly systemLookup?: SystemLookup;
  /** `monotonicMs`, unless given. */
  readonly nowMs?: () => number;
}

export class FairResolver {
  readonly #limits: ResolverLimits;
  readonly #resolver: SystemLookup;
  readonly #nowMs: () => number;
  /** Old answers tell how the last look-up went. */
  readonly #resolutions = new Map<string, Resolution>();
  readonly #pending = new Map<string, PendingLookup>();
  /** Those with a queue that is not empty. */
  readonly #clients = new Set<ClientQueue>();
  readonly #failedBefore = new Set<string>();
  #underWay = 0;

  constructor(options: ResolverOptions = {}) {
    this.#limits = options.limits ?? PROBE_LIMITS;
    if (this.#limits.lookupsMax < 2) throw new RangeError('one look-up is kept free: two at least');
    this.#resolver = options.systemLookup ?? systemResolver;
    this.#nowMs = options.nowMs ?? monotonicMs;
  }

  client(): ResolverClient {
    const asker: ClientQueue = { queue: new Set(), underWay: 0, usedMs: 0 };
    return {
      lookup: (name, options, callback) => {
        this.#answer(name, asker, (answer) => {
          if ('error' in answer) callback(answer.error, '');
          else if (options.all === true) callback(null, [...answer.addresses]);
          else callback(null, answer.addresses[0]!.address, answer.addresses[0]!.family);
        });
      },
      isQueued: (name) => this.#isQueued(name),
    };
  }

  #isQueued(name: string): boolean {
    const question = this.#pending.get(name);
    return question !== undefined && question.asker !== null && !question.isUnderWay;
  }

  #answer(name: string, asker: ClientQueue, tell: LookupWaiter['tell']): void {
    const nowMs = this.#nowMs();
    const known = this.#resolutions.get(name);
    if (known !== undefined && nowMs < known.untilMs) {
      // As late as any other answer: `net.connect` expects none before it has returned.
      process.nextTick(tell, known);
      return;
    }
    const hasFailed = known !== undefined && 'error' in known;
    const question = this.#pending.get(name) ?? this.#ask(name, hasFailed ? null : asker);
    dropAbandoned(question.waiting, nowMs);
    question.waiting.push({ askedAtMs: nowMs, tell });
    this.#lookUpNext();
  }

  #ask(name: string, asker: ClientQueue | null): PendingLookup {
    const question = { asker, waiting: [], isUnderWay: false };
    this.#pending.set(name, question);
    if (asker === null) {
      this.#failedBefore.add(name);
    } else {
      asker.queue.add(name);
      this.#clients.add(asker);
    }
    return question;
  }

  #lookUpNext(): void {
    for (let name = this.#next(); name !== undefined; name = this.#next()) {
      const question = this.#pending.get(name)!;
      dropAbandoned(question.waiting, this.#nowMs());
      if (question.waiting.length === 0) this.#pending.delete(name);
      else this.#lookUp(name, question);
    }
  }

  /**
   * Takes the next name out of its queue. Undefined: there is none, or no look-up is free for it.
   */
  #next(): string | undefined {
    const free = this.#limits.lookupsMax - this.#underWay;
    if (free === 0) return undefined;
    let next: ClientQueue | undefined;
    for (const asker of this.#clients) {
      if (free === 1 && asker.underWay > 0) continue;
      if (next === undefined || asker.usedMs < next.usedMs) next = asker;
    }
    if (next === undefined) return free === 1 ? undefined : takeFirst(this.#failedBefore);
    const name = takeFirst(next.queue);
    if (next.queue.size === 0) this.#clients.delete(next);
    return name;
  }

  #lookUp(name: string, question: PendingLookup): void {
    const { asker } = question;
    const startedAtMs = this.#nowMs();
    question.isUnderWay = true;
    this.#underWay++;
    if (asker !== null) asker.underWay++;
    this.#resolver(name, (error, addresses) => {
      this.#underWay--;
      if (asker !== null) this.#charge(asker, this.#nowMs() - startedAtMs);
      this.#found(name, error, addresses);
      this.#lookUpNext();
    });
  }

  #charge(asker: ClientQueue, tookMs: number): void {
    asker.underWay--;
    asker.usedMs = asker.underWay === 0 && asker.queue.size === 0 ? 0 : asker.usedMs + tookMs;
  }

  #found(name: string, error: NodeJS.ErrnoException | null, addresses: LookupAddress[]): void {
    const nowMs = this.#nowMs();
    const answer: Resolution =
      error === null
        ? { addresses, untilMs: nowMs + this.#limits.foundMs }
        : { error, untilMs: nowMs + this.#limits.notFoundMs };
    if (this.#resolutions.size >= NAMES_MAX) this.#resolutions.clear();
    this.#resolutions.set(name, answer);
    const { waiting } = this.#pending.get(name)!;
    this.#pending.delete(name);
    for (const { tell } of waiting) tell(answer);
  }
}

function dropAbandoned(waiting: LookupWaiter[], nowMs: number): void {
  while (waiting.length > 0 && nowMs - waiting[0]!.askedAtMs > ABANDONED_MS) waiting.shift();
}

function takeFirst(names: Set<string>): string | undefined {
  const [name] = names;
  if (name !== undefined) names.delete(name);
  return name;
}
