/**
 * Looks names up by the system's resolver (hosts file, search domains), a bounded number at a
 * time: look-ups occupy libuv's threads, which the whole process shares with its files and its log.
 *
 * A name whose server does not respond holds its look-up for seconds, so the order decides which
 * names wait. Names that were found before come first; names that failed last time come after all
 * others. Among the other names, the client that has used the least look-up time is next (fair
 * queueing). The last free look-up is reserved for clients that have none in progress. So the dead
 * names of one cluster do not delay another.
 *
 * A name that was found before keeps its last addresses while its look-up is not over, and while no
 * name server answers: only the answer that there is no such name replaces them.
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

/** A look-up that takes longer is not waited for where the last addresses are known. */
const KNOWN_AFTER_MS = 100;

/** Connections time out sooner: a caller that has waited this long is gone. */
const WAIT_MAX_MS = 5_000;

/** What a look-up has found: the last addresses, or why there are none. */
type Finding =
  | { readonly addresses: readonly LookupAddress[] }
  | { readonly error: NodeJS.ErrnoException };

interface Resolution {
  readonly finding: Finding;
  /** The last look-up has failed, whether there are addresses or not. */
  readonly hasFailed: boolean;
  readonly untilMs: number;
}

interface LookupWaiter {
  readonly sinceMs: number;
  /** Called once or twice: only the first time counts. */
  readonly resolve: (finding: Finding) => void;
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
  /** Whether the look-up is not over: a time-out then is no evidence about the host. */
  isPending(name: string): boolean;
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
  /** Null: it was found before, or failed last time, and is charged to no client. */
  readonly client: ClientQueue | null;
  /** It was found the last time. */
  readonly isKnown: boolean;
  /** The longest waiting first. */
  readonly waiters: LookupWaiter[];
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
  readonly #foundBefore = new Set<string>();
  readonly #failedBefore = new Set<string>();
  #inProgress = 0;
  /** Of names that were found before. */
  #knownInProgress = 0;

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
        this.#resolve(name, client, (finding) => {
          if ('error' in finding) callback(finding.error, '');
          else if (options.all === true) callback(null, [...finding.addresses]);
          else callback(null, finding.addresses[0]!.address, finding.addresses[0]!.family);
        });
      },
      isPending: (name) => this.#pending.has(name),
    };
  }

  #resolve(name: string, client: ClientQueue, resolve: LookupWaiter['resolve']): void {
    const nowMs = this.#nowMs();
    const known = this.#resolutions.get(name);
    if (known !== undefined && nowMs < known.untilMs) {
      // Never before the caller returns: `net.connect` does not expect that.
      process.nextTick(resolve, known.finding);
      return;
    }
    const pending = this.#pending.get(name) ?? this.#enqueue(name, client, known);
    dropExpired(pending.waiters, nowMs);
    pending.waiters.push({ sinceMs: nowMs, resolve: onceOrKnown(resolve, known?.finding) });
    this.#startLookups();
  }

  #enqueue(name: string, client: ClientQueue, known: Resolution | undefined): PendingLookup {
    const isKnown = known !== undefined && !known.hasFailed;
    const pending = { client: known === undefined ? client : null, isKnown, waiters: [] };
    this.#pending.set(name, pending);
    if (known === undefined) {
      client.names.add(name);
      this.#clients.add(client);
    } else {
      (isKnown ? this.#foundBefore : this.#failedBefore).add(name);
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
    // Open connections look theirs up all the time: one look-up is left to those that wait.
    const mayTake = this.#knownInProgress < this.#limits.lookupsMax - 1 || this.#clients.size === 0;
    const found = mayTake ? takeFirst(this.#foundBefore) : undefined;
    if (found !== undefined) return found;
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
    const { client, isKnown } = pending;
    const startedAtMs = this.#nowMs();
    this.#inProgress++;
    if (isKnown) this.#knownInProgress++;
    if (client !== null) client.inProgress++;
    this.#systemLookup(name, (error, addresses) => {
      this.#inProgress--;
      if (isKnown) this.#knownInProgress--;
      if (client !== null) charge(client, this.#nowMs() - startedAtMs);
      this.#finish(name, error, addresses);
      this.#startLookups();
    });
  }

  #finish(name: string, error: NodeJS.ErrnoException | null, addresses: LookupAddress[]): void {
    const nowMs = this.#nowMs();
    const before = this.#resolutions.get(name)?.finding;
    const finding = findingOf(error, addresses, before);
    const { foundMs, notFoundMs } = this.#limits;
    const untilMs = nowMs + (error === null ? foundMs : notFoundMs);
    if (this.#resolutions.size >= NAMES_MAX) this.#resolutions.clear();
    this.#resolutions.set(name, { finding, hasFailed: error !== null, untilMs });
    const { waiters } = this.#pending.get(name)!;
    this.#pending.delete(name);
    for (const { resolve } of waiters) resolve(finding);
  }
}

function findingOf(
  error: NodeJS.ErrnoException | null,
  addresses: readonly LookupAddress[],
  before: Finding | undefined,
): Finding {
  if (error === null) return { addresses };
  const isKnown = before !== undefined && 'addresses' in before && error.code !== 'ENOTFOUND';
  return isKnown ? before : { error };
}

/** With the last addresses, if there are any, when the look-up takes long. */
function onceOrKnown(
  resolve: LookupWaiter['resolve'],
  known: Finding | undefined,
): LookupWaiter['resolve'] {
  if (known === undefined || 'error' in known) return resolve;
  let isResolved = false;
  const once = (finding: Finding): void => {
    if (isResolved) return;
    isResolved = true;
    clearTimeout(timer);
    resolve(finding);
  };
  const timer = setTimeout(once, KNOWN_AFTER_MS, known).unref();
  return once;
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
