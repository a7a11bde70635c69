/**
 * The log of the operators' commands: who sent which, why, and what came of it. It is the record
 * that explains, after the fact, why an app was denied or a host was not probed. Each node logs the
 * commands that it received from clients, not those that it applies for other nodes.
 */
import { monotonicMs } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import { LogBudget } from '../../base/log-budget.js';
import type { RefusedCommand } from '../../contracts/http.js';
import {
  type AppKey,
  type CommandOrigin,
  NO_EXPIRY,
  type OperatorCommand,
} from '../../throttle/commands.js';
import type { ThrottledApp } from '../../throttle/state.js';

/** A script may send some hundreds; a client in a loop must not fill the disk. */
const LINES_MAX = 1_000;
const PERIOD_MS = 60_000;

/** The entry of an app that is in force at `nowMs` (Unix time). */
export type EntryReader = (key: AppKey, nowMs: number) => ThrottledApp | undefined;

export class CommandLog {
  readonly #log: Logger;
  readonly #entryOf: EntryReader;
  readonly #budget = new LogBudget(LINES_MAX, PERIOD_MS);

  constructor(log: Logger, entryOf: EntryReader) {
    this.#log = log;
    this.#entryOf = entryOf;
  }

  applied(command: OperatorCommand): void {
    if (!this.#budget.take(monotonicMs())) return;
    const { reason } = command;
    const fields = { ...originOf(command), ...this.#effectOf(command) };
    const said = { ...(reason !== undefined && { reason }), ...this.#budget.fields() };
    this.#log.notice({ ...fields, ...said }, EFFECTS[command.kind]);
  }

  /**
   * Consensus did not apply the command, or did not report the outcome in time: `reason` is that of
   * the failure.
   */
  failed(command: OperatorCommand, status: number, reason: string): void {
    if (!this.#budget.take(monotonicMs())) return;
    const asked = { ...originOf(command), command: command.kind, ...requestOf(command) };
    this.#log.warn({ ...asked, status, reason, ...this.#budget.fields() }, 'command failed');
  }

  /** This node has handed leadership over, as a client asked. */
  yielded(origin: CommandOrigin, leader: string): void {
    if (!this.#budget.take(monotonicMs())) return;
    const { reason } = origin;
    const fields = { ...originOf(origin), leader, ...(reason !== undefined && { reason }) };
    this.#log.notice({ ...fields, ...this.#budget.fields() }, 'leadership handed over');
  }

  /** As `failed`, for a hand-over. */
  notYielded(origin: CommandOrigin, status: number, reason: string): void {
    if (!this.#budget.take(monotonicMs())) return;
    const asked = { ...originOf(origin), command: 'yieldLeadership' };
    this.#log.warn({ ...asked, status, reason, ...this.#budget.fields() }, 'command failed');
  }

  /** An HTTP worker refused the request, within a bound of its own. */
  refused(refusal: RefusedCommand): void {
    this.#log.warn({ ...refusal }, 'command refused');
  }

  /** The entry that is in force after the command: it may keep the time or the ratio it had. */
  #effectOf(command: OperatorCommand): object {
    if (command.kind !== 'throttleApp') return requestOf(command);
    const entry = this.#entryOf(command.key, Date.now());
    return { ...requestOf({ ...command, ...entry }) };
  }
}

const EFFECTS: Readonly<Record<OperatorCommand['kind'], string>> = {
  throttleApp: 'app throttled',
  unthrottleApp: 'app no longer throttled',
  skipHost: 'host skipped',
  recoverHost: 'host no longer skipped',
  exemptApp: 'app exempted',
  unexemptApp: 'app no longer exempted',
  setThreshold: 'threshold set',
  resetThreshold: 'threshold reset',
};

function originOf({ client, owner }: CommandOrigin): object {
  return { ...(client !== undefined && { client }), ...(owner !== undefined && { owner }) };
}

/** What the command asks for, and until when. */
function requestOf(command: OperatorCommand): object {
  switch (command.kind) {
    case 'throttleApp': {
      const { key, ratio, expireAtMs } = command;
      return {
        app: key,
        ...(ratio !== undefined && { ratio }),
        ...(expireAtMs !== undefined && until(expireAtMs)),
      };
    }
    case 'unthrottleApp':
    case 'unexemptApp':
      return { app: command.key };
    case 'skipHost':
      return { host: command.host, ...until(command.expireAtMs) };
    case 'recoverHost':
      return { host: command.host };
    case 'exemptApp':
      return { app: command.key, ...until(command.expireAtMs) };
    case 'setThreshold':
      return { metric: command.key, threshold: command.value, ...until(command.expireAtMs) };
    case 'resetThreshold':
      return { metric: command.key };
  }
}

function until(expireAtMs: number): { readonly until: string } {
  return { until: expireAtMs === NO_EXPIRY ? 'removed' : new Date(expireAtMs).toISOString() };
}
