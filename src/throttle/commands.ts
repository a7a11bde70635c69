/**
 * The commands of operators, as they are replicated. Each carries the time of its proposer and
 * absolute expiries, so that applying a log again, on any node at any time, gives the same state.
 */

/** `expireAtMs` of an entry that never expires. */
export const NO_EXPIRY = 0;

/** Minutes for which an app is throttled or a host skipped if the operator gives no time. */
export const DEFAULT_TTL_MINUTES = 60;

/**
 * Name of a throttled entry: an app everywhere (`archive`), or on one store (`archive/main1`). Apps
 * have no slash in their names.
 */
export type AppKey = string;

/**
 * Throttles an app. A missing `expireAtMs` or `ratio` keeps what the entry has; a new entry gets 60
 * minutes and ratio 1.
 */
export interface ThrottleApp {
  readonly kind: 'throttleApp';
  /**
   * Unix time of the command in milliseconds: by the clock of the node that received it, or by the
   * clocks of a majority.
   */
  readonly atMs: number;
  readonly key: AppKey;
  /** Unix time in milliseconds, or `NO_EXPIRY`. */
  readonly expireAtMs?: number;
  /** Share of checks denied, 0 to 1. */
  readonly ratio?: number;
}

/** Lifts one entry, or with `everyStore` the app's entry and those of all its stores. */
export interface UnthrottleApp {
  readonly kind: 'unthrottleApp';
  readonly atMs: number;
  readonly key: AppKey;
  readonly everyStore: boolean;
}

/**
 * Leaves a host out of all probes until `expireAtMs` (Unix time in milliseconds): its name stands
 * for all its ports, `host:port` for that port alone.
 */
export interface SkipHost {
  readonly kind: 'skipHost';
  readonly atMs: number;
  readonly host: string;
  readonly expireAtMs: number;
}

/** Ends the skip of a host: by its name, also those of its ports. */
export interface RecoverHost {
  readonly kind: 'recoverHost';
  readonly atMs: number;
  readonly host: string;
}

/**
 * Gives the cluster its identity, once and for good: a leader proposes it at the birth of the
 * cluster, and a cluster that has one ignores it.
 */
export interface IdentifyCluster {
  readonly kind: 'identifyCluster';
  readonly atMs: number;
  readonly clusterId: string;
}

/** What an operator can ask for. */
export type OperatorCommand = ThrottleApp | UnthrottleApp | SkipHost | RecoverHost;

export type Command = OperatorCommand | IdentifyCluster;

/** The same command as of `atMs`: it expires as long after that as it would have before. */
export function asOf(command: Command, atMs: number): Command {
  const hasEnd = 'expireAtMs' in command && command.expireAtMs !== NO_EXPIRY;
  if (!hasEnd || command.expireAtMs === undefined) return { ...command, atMs };
  const expireAtMs = command.expireAtMs + atMs - command.atMs;
  return {
    ...command,
    atMs,
    expireAtMs: Math.min(Math.max(1, expireAtMs), Number.MAX_SAFE_INTEGER),
  };
}

/** Outcome of a command. `full`: the table has no room for another entry; nothing was changed. */
export type CommandOutcome = 'applied' | 'full';
