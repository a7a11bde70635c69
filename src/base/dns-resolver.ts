/**
 * Looks names up by the system's resolver (hosts file, search domains), a bounded number at a
 * time: look-ups occupy libuv's threads, which the whole process shares with its files and its log.
 *
 * A name whose server does not respond holds its look-up for seconds, so the order decides which
 * names wait. Names that failed last time come after all others. Among the other names, the client
 * that has used the least look-up time is next (fair queueing). The last free look-up is reserved
 * for clients that have none in progress. So the dead names of one cluster do not delay another.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { monotonicMs } from './clock.js';

export interface ResolverLimits {
  /** Look-ups in progress at a time: at least 2, since the last free one is reserved. */
  readonly lookupsMax: number;
  /**
   * How long addresses are cached. Hosts that refuse connections would otherwise be looked up at
   * each attempt.
   */
  readonly foundMs: number;
  /** How long a failure is cached. */
  readonly notFoundMs: number;
}

/** For the probes of one thread. */
const PROBE_LIMITS: ResolverLimits = { lookupsMax: 4, foundMs: 5_000, notFoundMs: 1_000 };

const NAMES_MAX = 10_000;

/** Connections time out sooner: a caller that has waited this long is gone. */
const WAIT_MAX_MS = 5_000;

type Resolution =
  | { readonly addresses: readonly LookupAddress[]; readonly untilMs: number }
  | { readonly error: NodeJS.ErrnoException; readonly untilMs: number };

interface LookupWaiter {
  readonly sinceMs: number;
  readonly resolve: (resolution: Resolution) => void;
}

/** Looks up all addresses of a name. */
export type SystemLookup = (
  name: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const lookUpAll: SystemLookup = (name, callback) => systemLookup(name, { all: true }, callback);

/** Resolves names that belong together, like the hosts of one cluster. */
export interface ResolverClient {
  /**
   * To be passed to `net.connect`. A look-up continues, and its result is cached, when the
   * connection has timed out meanwhile.
   */
  readonly lookup: LookupFunction;
  /**
   * Whether the name is still queued, and did not fail last time: a time-out then is no evidence
   * about the host.
   */
  isQueued(name: string): boolean;
}

/** The names that a client waits for, except those that failed last time. */
interface ClientQueue {
  readonly names: Set<string>;
  inProgress: number;
  /** Time of its look-ups since it was last idle. */
  usedMs: number;
}

/** A name that is queued or being looked up. */
interface PendingLookup {
  /** Null: it failed last time, and is charged to no client. */
  readonly client: ClientQueue | null;
  /** The longest waiting first. */
  readonly waiters: LookupWaiter[];
  isInProgress: boolean;
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
  readonly #systemLookup: SystemLookup;
  readonly #nowMs: () => number;
  /** Expired ones too: they show whether the last look-up failed. */
  readonly #resolutions = new Map<string, Resolution>();
  readonly #pending = new Map<string, PendingLookup>();
  /** The clients whose queue is not empty. */
  readonly #clients = new Set<ClientQueue>();
  readonly #failedBefore = new Set<string>();
  #inProgress = 0;

  constructor(options: ResolverOptions = {}) {
    this.#limits = options.limits ?? PROBE_LIMITS;
    if (this.#limits.lookupsMax < 2)
      throw new RangeError('one look-up is reserved: lookupsMax must be at least 2');
    this.#systemLookup = options.systemLookup ?? lookUpAll;
    this.#nowMs = options.nowMs ?? monotonicMs;
  }

  client(): ResolverClient {
    const client: ClientQueue = { names: new Set(), inProgress: 0, usedMs: 0 };
    return {
      lookup: (name, options, callback) => {
        this.#resolve(name, client, (resolution) => {
          if ('error' in resolution) callback(resolution.error, '');
          else if (options.all === true) callback(null, [...resolution.addresses]);
          else callback(null, resolution.addresses[0]!.address, resolution.addresses[0]!.family);
        });
      },
      isQueued: (name) => this.#isQueued(name),
    };
  }

  #isQueued(name: string): boolean {
    const pending = this.#pending.get(name);
    return pending !== undefined && pending.client !== null && !pending.isInProgress;
  }

  #resolve(name: string, client: ClientQueue, resolve: LookupWaiter['resolve']): void {
    const nowMs = this.#nowMs();
    const known = this.#resolutions.get(name);
    if (known !== undefined && nowMs < known.untilMs) {
      // Never before the caller returns: `net.connect` does not expect that.
      process.nextTick(resolve, known);
      return;
    }
    const hasFailed = known !== undefined && 'error' in known;
    const pending = this.#pending.get(name) ?? this.#enqueue(name, hasFailed ? null : client);
    dropExpired(pending.waiters, nowMs);
    pending.waiters.push({ sinceMs: nowMs, resolve });
    this.#startLookups();
  }

  #enqueue(name: string, client: ClientQueue | null): PendingLookup {
    const pending = { client, waiters: [], isInProgress: false };
    this.#pending.set(name, pending);
    if (client === null) {
      this.#failedBefore.add(name);
    } else {
      client.names.add(name);
      this.#clients.add(client);
    }
    return pending;
  }

  #startLookups(): void {
    for (let name = this.#dequeue(); name !== undefined; name = this.#dequeue()) {
      const pending = this.#pending.get(name)!;
      dropExpired(pending.waiters, this.#nowMs());
      if (pending.waiters.length === 0) this.#pending.delete(name);
      else this.#lookUp(name, pending);
    }
  }

  /** Takes the next name from its queue. Undefined: none is queued, or no look-up is free. */
  #dequeue(): string | undefined {
    const free = this.#limits.lookupsMax - this.#inProgress;
    if (free === 0) return undefined;
    let next: ClientQueue | undefined;
    for (const client of this.#clients) {
      if (free === 1 && client.inProgress > 0) continue;
      if (next === undefined || client.usedMs < next.usedMs) next = client;
    }
    if (next === undefined) return free === 1 ? undefined : takeFirst(this.#failedBefore);
    const name = takeFirst(next.names);
    if (next.names.size === 0) this.#clients.delete(next);
    return name;
  }

  #lookUp(name: string, pending: PendingLookup): void {
    const { client } = pending;
    const startedAtMs = this.#nowMs();
    pending.isInProgress = true;
    this.#inProgress++;
    if (client !== null) client.inProgress++;
    this.#systemLookup(name, (error, addresses) => {
      this.#inProgress--;
      if (client !== null) charge(client, this.#nowMs() - startedAtMs);
      this.#finish(name, error, addresses);
      this.#startLookups();
    });
  }

  #finish(name: string, error: NodeJS.ErrnoException | null, addresses: LookupAddress[]): void {
    const nowMs = this.#nowMs();
    const resolution: Resolution =
      error === null
        ? { addresses, untilMs: nowMs + this.#limits.foundMs }
        : { error, untilMs: nowMs + this.#limits.notFoundMs };
    if (this.#resolutions.size >= NAMES_MAX) this.#resolutions.clear();
    this.#resolutions.set(name, resolution);
    const { waiters } = this.#pending.get(name)!;
    this.#pending.delete(name);
    for (const { resolve } of waiters) resolve(resolution);
  }
}

function charge(client: ClientQueue, tookMs: number): void {
  client.inProgress--;
  const isIdle = client.inProgress === 0 && client.names.size === 0;
  client.usedMs = isIdle ? 0 : client.usedMs + tookMs;
}

function dropExpired(waiters: LookupWaiter[], nowMs: number): void {
  while (waiters.length > 0 && nowMs - waiters[0]!.sinceMs > WAIT_MAX_MS) waiters.shift();
}

function takeFirst(names: Set<string>): string | undefined {
  const [name] = names;
  if (name !== undefined) names.delete(name);
  return name;
}
