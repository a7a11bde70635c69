/**
 * Names to addresses by the system's resolver (hosts file, search domains), a bounded number at a time: look-ups occupy
 * threads that the whole process shares with its files and its log.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { monotonicMs } from '../base/clock.js';

export interface NamesLimits {
  /** Look-ups under way at a time. */
  readonly lookupsMax: number;
  /** Of those that wait for one name only the last so many are answered. */
  readonly waitingMax: number;
}

/** For the probes of one thread: of the attempts that wait for one name all but the last few have been given up. */
const PROBE_LIMITS: NamesLimits = { lookupsMax: 2, waitingMax: 8 };

/** For how long an answer is used again. Hosts that refuse connections would otherwise be looked up at each attempt. */
const FOUND_MS = 5_000;
const NOT_FOUND_MS = 1_000;
const NAMES_MAX = 10_000;

type Answer =
  | { readonly addresses: readonly LookupAddress[]; readonly untilMs: number }
  | { readonly error: NodeJS.ErrnoException; readonly untilMs: number };

type Waiting = (answer: Answer) => void;

/** Asks the system for all addresses of a name. */
export type Resolver = (
  name: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const systemResolver: Resolver = (name, callback) => systemLookup(name, { all: true }, callback);

export class Names {
  readonly #resolver: Resolver;
  readonly #limits: NamesLimits;
  readonly #answers = new Map<string, Answer>();
  /** By name: look-ups under way or in the queue. */
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #queue: string[] = [];
  #underWay = 0;

  constructor(resolver: Resolver = systemResolver, limits: NamesLimits = PROBE_LIMITS) {
    this.#resolver = resolver;
    this.#limits = limits;
  }

  /** To be passed to `net.connect`. A look-up goes on, and is used again, when the connection has been given up meanwhile. */
  readonly lookup: LookupFunction = (name, options, callback) => {
    this.#answer(name, (answer) => {
      if ('error' in answer) callback(answer.error, '');
      else if (options.all === true) callback(null, [...answer.addresses]);
      else callback(null, answer.addresses[0]!.address, answer.addresses[0]!.family);
    });
  };

  #answer(name: string, callback: Waiting): void {
    const known = this.#answers.get(name);
    if (known !== undefined && monotonicMs() < known.untilMs) {
      // As late as any other answer: `net.connect` expects none before it has returned.
      process.nextTick(callback, known);
      return;
    }
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) {
      this.#waiting.set(name, [callback]);
      this.#queue.push(name);
      this.#lookUpNext();
    } else {
      if (waiting.length >= this.#limits.waitingMax) waiting.shift();
      waiting.push(callback);
    }
  }

  #lookUpNext(): void {
    if (this.#underWay >= this.#limits.lookupsMax) return;
    const name = this.#queue.shift();
    if (name === undefined) return;
    this.#underWay++;
    this.#resolver(name, (error, addresses) => {
      this.#underWay--;
      this.#found(name, error, addresses);
      this.#lookUpNext();
    });
  }

  #found(name: string, error: NodeJS.ErrnoException | null, addresses: LookupAddress[]): void {
    const nowMs = monotonicMs();
    const answer: Answer =
      error === null
        ? { addresses, untilMs: nowMs + FOUND_MS }
        : { error, untilMs: nowMs + NOT_FOUND_MS };
    if (this.#answers.size >= NAMES_MAX) this.#answers.clear();
    this.#answers.set(name, answer);
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    for (const callback of waiting) callback(answer);
  }
}
