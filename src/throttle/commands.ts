/**
 * The commands of operators, as they are replicated. Each carries the time of its proposer and
 * absolute expiries, so that applying a log again, on any node at any time, gives the same state.
 */

/** `expireAtMs` of an entry that never expires. */
export const NO_EXPIRY = 0;

/**
 * Minutes for which an app is throttled or exempted, a host skipped or a threshold set if the
 * operator gives no time.
 */
export const DEFAULT_TTL_MINUTES = 60;

/** In the place of an app: every app that is not exempted. */
export const EVERY_APP = '*';

/**
 * Name of a throttled or exempted entry: an app everywhere (`archive`), or on one store
 * (`archive/main1`). Apps have no slash in their names.
 */
export type AppKey = string;

/** Name of a set threshold: of a store's own metric (`mysql/main1`), or of one by its name. */
export type ThresholdKey = string;

/** `metric`: empty for the store's own. */
export function thresholdKey(storeType: string, storeName: string, metric: string): ThresholdKey {
  return metric === '' ? `${storeType}/${storeName}` : `${storeType}/${storeName}/${metric}`;
}

/** What an operator may say about a command: kept with the entry, and shown with it. */
export interface CommandNote {
  readonly reason?: string;
  /** Who answers for it: a person or a team. */
  readonly owner?: string;
}

/** When a command was given, by which client, and why. */
export interface CommandOrigin extends CommandNote {
  /**
   * Unix time of the command in milliseconds: by the clock of the node that received it, or by the
   * clocks of a majority.
   */
  readonly atMs: number;
  /** Address of the operator's client. */
  readonly client?: string;
  /** `token NAME` or `certificate NAME`, as the node that was asked has verified it. */
  readonly caller?: string;
  /** The node that was asked, as its peers name it. */
  readonly node?: string;
}

/**
 * Throttles an app. A missing `expireAtMs` or `ratio` keeps what the entry has; a new entry gets 60
 * minutes and ratio 1.
 */
export interface ThrottleApp extends CommandOrigin {
  readonly kind: 'throttleApp';
  readonly key: AppKey;
  /** Unix time in milliseconds, or `NO_EXPIRY`. */
  readonly expireAtMs?: number;
  /** Share of checks denied, 0 to 1. */
  readonly ratio?: number;
}

/** Lifts one entry, or with `everyStore` the app's entry and those of all its stores. */
export interface UnthrottleApp extends CommandOrigin {
  readonly kind: 'unthrottleApp';
  readonly key: AppKey;
  readonly everyStore: boolean;
}

/**
 * Leaves a host out of all probes until `expireAtMs` (Unix time in milliseconds): its name stands
 * for all its ports, `host:port` for that port alone.
 */
export interface SkipHost extends CommandOrigin {
  readonly kind: 'skipHost';
  readonly host: string;
  readonly expireAtMs: number;
}

/** Ends the skip of a host: by its name, also those of its ports. */
export interface RecoverHost extends CommandOrigin {
  readonly kind: 'recoverHost';
  readonly host: string;
}

/** Lets an app pass whatever the metrics say, until `expireAtMs` (Unix time in milliseconds). */
export interface ExemptApp extends CommandOrigin {
  readonly kind: 'exemptApp';
  readonly key: AppKey;
  readonly expireAtMs: number;
}

/** As `UnthrottleApp`, for exemptions. */
export interface UnexemptApp extends CommandOrigin {
  readonly kind: 'unexemptApp';
  readonly key: AppKey;
  readonly everyStore: boolean;
}

/** Puts a threshold in the place of the configured one, until `expireAtMs` as above. */
export interface SetThreshold extends CommandOrigin {
  readonly kind: 'setThreshold';
  readonly key: ThresholdKey;
  /** Finite, at least 0. */
  readonly value: number;
  readonly expireAtMs: number;
}

/** The configured threshold counts again. */
export interface ResetThreshold extends CommandOrigin {
  readonly kind: 'resetThreshold';
  readonly key: ThresholdKey;
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
export type OperatorCommand =
  | ThrottleApp
  | UnthrottleApp
  | SkipHost
  | RecoverHost
  | ExemptApp
  | UnexemptApp
  | SetThreshold
  | ResetThreshold;

export type Command = OperatorCommand | IdentifyCluster;

/** Whether the command removes entries, of which there may be none. */
export function isLifting({ kind }: OperatorCommand): boolean {
  return (
    kind === 'unthrottleApp' ||
    kind === 'recoverHost' ||
    kind === 'unexemptApp' ||
    kind === 'resetThreshold'
  );
}

/** Not of a command that found no room, or nothing to lift. */
export function hasEffect(command: OperatorCommand, outcome: CommandOutcome): boolean {
  return outcome !== 'full' && (!isLifting(command) || outcome.lifted > 0);
}

/** Whether its operator said anything of it. */
export function hasNote({ reason, owner }: CommandNote): boolean {
  return reason !== undefined || owner !== undefined;
}

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

/** What a command did beside making its own entry. */
export interface CommandEffect {
  /** How many entries in force it ended. */
  readonly lifted: number;
}

export const NO_EFFECT: CommandEffect = { lifted: 0 };

/** `full`: the table has no room for another entry; nothing was changed. */
export type CommandOutcome = 'full' | CommandEffect;
